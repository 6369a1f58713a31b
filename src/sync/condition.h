/*
 * sync/condition.h - boolean SQL over one row, made from a mapping: changed, filled, in parity.
 *
 * @row is "NEW" or "OLD", or NULL for columns without a qualifier. Every result can stand as an
 * operand of AND and OR, is never NULL, and belongs to the caller. A @table that was not asked for
 * has no columns: then each pair of values is compared by their type's equality.
 */
#pragma once

#include "catalog/catalog.h"
#include "sql/mapping.h"

/* The pair's expression over @row, in parentheses unless it is a bare column. */
char *condition_expression(const SqlPair *pair, const char *row);
/* "NEW.display_name", quoted where needed. */
char *condition_column(const char *column, const char *row);

/* The columns that @forward reads and does not set: the old side. Element-type char *, borrowed
 * strings. */
GPtrArray *condition_old_columns(const SqlMapping *forward);

/* Some new column is not NULL. */
char *condition_given(const SqlMapping *forward, const char *row);
/* The same, or @marker (quoted; NULL: there is none) says that a NULL is meant. */
char *condition_filled(const SqlMapping *forward, const char *marker, const char *row);
/* No new column is filled, nor @marker set, and forward would fill one. */
char *condition_unfilled(const SqlMapping *forward, const char *marker, const char *row);
/* What @mapping computes stands in the columns that it sets. */
char *condition_holds(const CatalogTable *table, const SqlMapping *mapping, const char *row);
/* Forward gives the new columns, or reverse the old ones. */
char *condition_parity(const CatalogTable *table, const SqlMapping *forward,
                       const SqlMapping *reverse, const char *row);
/* NEW differs from OLD in one of @columns (char *), byte for byte. */
char *condition_columns_changed(const GPtrArray *columns);
/* NEW differs from OLD in some column that @mapping sets. Here and below the bytes are compared: a
 * type's own equality may call "bob" and "Bob" equal, or not exist. */
char *condition_targets_changed(const SqlMapping *mapping);
/* NEW differs from OLD in some column of either side: one comparison, for the WHEN. */
char *condition_changed(const SqlMapping *forward);
/* NEW differs from OLD in some column of the old side. */
char *condition_old_changed(const SqlMapping *forward);
