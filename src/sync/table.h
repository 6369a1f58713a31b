/*
 * sync/table.h - a mapping between two tables -> its triggers, backfill and parity.
 *
 * Of the two tables one is canonical: AFTER ROW triggers on it bring the other one in order, row
 * for row, by what the canonical row is now. They run as the owner of the tables, so an app needs
 * no right on the other table. A write of the other table that does not agree with the canonical
 * one when its transaction ends is refused then. Nothing fires both ways, so nothing loops; locks
 * are taken in the order canonical row, other row.
 */
#pragma once

#include "ledger/table-mappings.h"
#include "revision/table-sync.h"
#include "sql/bound.h"

/* A transaction that sets this to a revision's id writes what the triggers would. */
#define TABLE_SYNC_SETTING "sluice.sync"

/* One direction, its tables found. Nothing is owned. */
typedef struct {
    const char *revision;
    const TableDirection *direction;
    const char *from_schema, *to_schema; /* resolved */
    bool is_cut_over;                    /* for messages: it is the way back, from new to old */
} TableRoute;

/* The direction of @row's mapping that is there before the cutover, or from then on. */
TableRoute table_route_of(const LedgerTableMapping *row, const TableSync *sync, bool is_cut_over);

/* SQL (one text, for pg_exec_script) that makes @route's source canonical: a function and the
 * triggers on each of the tables; and that undoes it. Caller owns. */
char *table_install_sql(const TableRoute *route);
char *table_remove_sql(const TableRoute *route);

/* Lets the server check all that the triggers of @route will run, with no search_path: columns,
 * types, keys that are unique on both sides, columns that an insert would lack, row level security.
 * Fails with the next step as its hint. Caller owns. */
char *table_proof_sql(const TableRoute *route);

/* Appends to @problems (element-type char *) which triggers of @row's mapping are not as they were
 * installed: then the two tables part in silence. */
bool table_find_problems(PgConn *conn, const LedgerTableMapping *row, GPtrArray *problems,
                         GError **error);

/* The backfill: as text, as an author would have written it, or (@locks) with the rows that it
 * reads locked, as it must be where apps write; and taken apart. Caller owns. */
char *table_backfill_sql(const TableRoute *route, bool locks);
SqlBackfill *table_backfill(const TableRoute *route);

/* Conditions on one row under the alias t, never NULL: the row of the target differs from what the
 * source says; the row of the source has none in the target, and should. Caller owns. */
char *table_target_mismatch(const TableRoute *route);
char *table_source_mismatch(const TableRoute *route);
