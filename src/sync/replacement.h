/*
 * sync/replacement.h - what the ledger says once the triggers of a table are replaced: each mapping
 * in flight with the text that is installed now.
 */
#pragma once

#include "sync/sync.h"

typedef struct SyncReplacement SyncReplacement;

/* @mappings (SyncMapping *) are in flight on @table from now on, as @installed; @removed is the
 * revision whose mapping goes, or NULL. Caller owns. */
SyncReplacement *sync_replacement_new(const CatalogTable *table, const GPtrArray *mappings,
                                      const char *installed, const char *removed);
void sync_replacement_free(SyncReplacement *replacement);

/* Inside the transaction that replaces them; @data is the SyncReplacement. */
bool sync_replacement_record(PgConn *conn, gconstpointer data, GError **error);
