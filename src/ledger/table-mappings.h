/*
 * ledger/table-mappings.h - the mappings in flight between two tables: which side is canonical, and
 * what is installed.
 */
#pragma once

#include "ledger/ledger.h"

typedef struct {
    char *revision;
    char *old_schema, *old_table; /* resolved: never NULL */
    char *new_schema, *new_table;
    char *sections;   /* both directions, as a file has them */
    bool is_cut_over; /* the new table is canonical */
    char *installed_sql;
} LedgerTableMapping;

/* Of @revision, or of all where it is NULL; oldest first. Needs a ledger. Element-type
 * LedgerTableMapping *; caller owns. */
GPtrArray *ledger_load_table_mappings(PgConn *conn, const char *revision, GError **error);
void ledger_table_mapping_free(LedgerTableMapping *mapping);
/* Inside the caller's transaction. Writes over the one that the revision has between the tables. */
bool ledger_put_table_mapping(PgConn *conn, const LedgerTableMapping *mapping, GError **error);
bool ledger_remove_table_mapping(PgConn *conn, const LedgerTableMapping *mapping, GError **error);
