/*
 * sync/sync.h - mappings in flight on a table -> its trigger function and triggers, the derived
 * backfill and the parity condition.
 *
 * One function and two BEFORE ROW triggers a table, made from all mappings in flight on it, oldest
 * first; the rules are in docs/sync.md. Everything here makes SQL text, which apply/ runs in the
 * transaction that changes the columns; what only the server can tell is in sync/check.h.
 */
#pragma once

#include "catalog/catalog.h"
#include "conf/settings.h"
#include "ledger/mappings.h"
#include "revision/graph.h"

/* They sort after every other BEFORE trigger of the table (sync_check refuses a later one). */
#define SYNC_INSERT_TRIGGER "zzzz_sluice_insert"
#define SYNC_UPDATE_TRIGGER "zzzz_sluice_update"
/* A transaction that sets this to a revision's id keeps that revision's mapping silent. */
#define SYNC_SILENCE_SETTING "sluice.backfill"

/* One mapping in flight, ready to be made SQL of. */
typedef struct {
    char *revision;
    SqlMapping *forward;  /* old -> new */
    SqlMapping *reverse;  /* new -> old */
    GPtrArray *new_names; /* char *: application names known to be new to it ("notes-api/2.0") */
    bool swaps; /* the revision's cutover renames its columns: both shapes are written by the same
                   name, so no application name tells which one is meant */
} SyncMapping;

/* From a revision's own sync section; the mapping's text is parsed again, @sync is only read. */
SyncMapping *sync_mapping_new(const char *revision, const RevisionSync *sync,
                              GPtrArray *take_new_names, GError **error);
/* The same from @revision with its sections, whose cutover is looked at; @graph and @settings tell
 * the new names. */
SyncMapping *sync_mapping_of(const Revision *revision, const RevisionSync *sync,
                             const Settings *settings, const Graph *graph, GError **error);
void sync_mapping_free(SyncMapping *mapping);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SyncMapping, sync_mapping_free)

/* The mappings that the ledger has in flight on @schema.@table, oldest first, with the names that
 * @settings and @graph know to be new to each. Element-type SyncMapping *. Caller owns. */
GPtrArray *sync_load_mappings(PgConn *conn, const Graph *graph, const Settings *settings,
                              const char *schema, const char *table, GError **error);

/* The mappings of @revision as they are installed: with the names that columns have now. None where
 * nothing is. Element-type RevisionSync *. Caller owns. */
GPtrArray *sync_load_installed(PgConn *conn, const char *revision, GError **error);

/* "<app.name>/<version>" of each version whose built_on is @revision or comes after it: sessions of
 * that name know the new columns. Element-type char *. Caller owns. */
GPtrArray *sync_new_names(const Settings *settings, const Graph *graph, const char *revision);

/* "SELECT full_name AS display_name": what the ledger keeps, and sql_mapping_parse reads. */
char *sync_mapping_text(const SqlMapping *mapping);

/* SQL statements (one text, for pg_exec_script) that install function and triggers for @mappings
 * (SyncMapping *, oldest first) on @table, and let the server check every expression; for an empty
 * list, the ones that drop them. The mappings' columns must exist when it runs. Caller owns. */
char *sync_install_sql(const CatalogTable *table, GPtrArray *mappings);
/* Does @installed (a text of sync_install_sql) make the triggers that @mappings need? */
bool sync_has_triggers(const CatalogTable *table, GPtrArray *mappings, const char *installed);
/* Where it does, and nothing but the columns' names has changed since: a trigger's condition
 * follows them by itself. So this is the function alone, and nothing is said of each partition.
 * Caller owns.
 */
char *sync_function_sql(const CatalogTable *table, GPtrArray *mappings);

/* The derived backfill: as text, as an author would have written it; and taken apart, which needs
 * no parsing, for its WHERE is known to exclude what is filled. Caller owns. */
char *sync_backfill_sql(const CatalogTable *table, const RevisionSync *sync);
SqlBackfill *sync_backfill(const CatalogTable *table, const RevisionSync *sync);
/* A boolean SQL expression over the row, its columns unqualified: true if old and new shape are NOT
 * in parity, or the row is not filled. Never NULL. */
char *sync_mismatch_condition(const CatalogTable *table, const RevisionSync *sync);
