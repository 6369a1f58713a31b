/*
 * sync/parts.h - the parts of a mapping that share no column, each of which stands for itself.
 *
 * `SELECT name AS title, price * 100 AS cents` are two: who writes the title of a row leaves its
 * price alone, whatever the way from cents to price and back would lose.
 */
#pragma once

#include "catalog/catalog.h"
#include "sql/mapping.h"

/* Pairs are borrowed from the mapping that was split. */
typedef struct {
    SqlMapping *forward;
    SqlMapping *reverse;
    char *marker; /* its marker column, quoted where needed; NULL: @table has none */
} SyncPart;

/* Of the mapping of @revision on @table (whose columns tell the markers; it may have none yet).
 * Element-type SyncPart *, in the order of @forward. One that is the whole mapping, where some
 * pairs would be left without any of the other direction. Caller owns. */
GPtrArray *sync_parts(const CatalogTable *table, const char *revision, const SqlMapping *forward,
                      const SqlMapping *reverse);
