/*
 * sync/sync.h - mappings in flight on a table -> its trigger function and triggers, the derived
 * backfill and verify.
 *
 * One function and two BEFORE ROW triggers a table, made from all mappings in flight on it, oldest
 * first; rules: docs/sync.md (DESIGN section 7). Everything here makes SQL text; apply/ runs it.
 */
#pragma once

#include "catalog/catalog.h"
#include "conf/settings.h"
#include "ledger/ledger.h"
#include "revision/revision.h"

/* One mapping in flight, ready to be made SQL of. */
typedef struct {
    char *revision;
    SqlMapping *forward; /* old -> new */
    SqlMapping *reverse; /* new -> old */
} SyncMapping;

/* SQL statements (one text) that install function and triggers for @mappings (SyncMapping *, oldest
 * first) on @table; for an empty list, the ones that drop them. @versions tells which names in
 * application_name are old and new to each mapping. Caller owns. */
char *sync_install_sql(const CatalogTable *table, GPtrArray *mappings, const Settings *settings,
                       GHashTable *new_versions_of_revision);

/* Checks what only the server knows, before anything is touched: the old columns exist, the new
 * ones do not yet (or are nullable and without default), types fit, no other BEFORE trigger sorts
 * after ours, no generated source column. ERROR_STATE with the object and the next step. */
bool sync_check(PgConn *conn, const CatalogTable *table, const RevisionSync *sync, GError **error);

/* "ALTER TABLE .. ADD CONSTRAINT .. CHECK (new IS NOT NULL) NOT VALID" statements for the new
 * columns whose forward cannot be NULL; "" if none. */
char *sync_not_null_checks_sql(PgConn *conn, const CatalogTable *table, const RevisionSync *sync,
                               const char *revision, GError **error);
/* VALIDATE CONSTRAINT for them (finish), and SET NOT NULL + DROP CONSTRAINT (contract). "" if none.
 */
char *sync_validate_sql(PgConn *conn, const CatalogTable *table, const char *revision,
                        GError **error);
char *sync_set_not_null_sql(PgConn *conn, const CatalogTable *table, const char *revision,
                            GError **error);

/* The derived statements, as an author would have written them. Caller owns. */
char *sync_backfill_sql(const CatalogTable *table, const RevisionSync *sync);
/* A boolean SQL expression over the row: true if old and new shape are NOT in parity. */
char *sync_mismatch_condition(const RevisionSync *sync);
