/*
 * sync/marker.h - the marker column of a part of a mapping: true where the row is filled.
 *
 * Only where reverse and forward make another value of NULL: then a NULL in the new columns does
 * not tell a row that is not filled from one where an app wrote NULL.
 */
#pragma once

#include "catalog/catalog.h"
#include "ledger/mappings.h"
#include "revision/revision.h"

/* Whether it is there tells whether the part has one. @part counts from 0. Caller owns. */
char *marker_name(const char *revision, guint part);

/* The markers that @sync needs, as the server says. @types has those of the new columns that @table
 * lacks yet (char * -> char *). None where the backfill is the author's, which would not set them,
 * and where the server cannot tell yet: sync_not_null_checks_sql then refuses what it must.
 * Element-type char *: names. Caller owns. */
GPtrArray *sync_needed_markers(PgConn *conn, const CatalogTable *table, const Revision *revision,
                               const RevisionSync *sync, GHashTable *types, GError **error);

/* ALTER TABLE: metadata only. "" if @names is empty. Caller owns. */
char *sync_add_markers_sql(const CatalogTable *table, const GPtrArray *names);
/* The markers that @table has for the mapping of @revision, of two directions. Element-type char *:
 * names. Caller owns. */
GPtrArray *sync_find_markers(const CatalogTable *table, const char *revision,
                             const SqlMapping *forward, const SqlMapping *reverse);
/* The same of a mapping in flight; empty where its table is gone. */
bool sync_load_markers(PgConn *conn, const LedgerMapping *mapping, GPtrArray **ret_names,
                       GError **error);
char *sync_drop_markers_sql(const CatalogTable *table, const GPtrArray *names);
