/*
 * sql/mapping.h - `SELECT expr AS column, ..`: one direction of a sync, as pairs.
 *
 * The only FROM is the table itself, implied. Expressions may name columns of the row, and call
 * functions; subqueries, aggregates and parameters are refused, for a trigger and an UPDATE must
 * both be able to inline them. Between two tables it is a query of its own: there it may have a
 * WHERE, and with GROUP BY aggregates.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"

typedef struct {
    char *column;       /* the column that is set */
    char *expression;   /* as written, columns unqualified: deparsed */
    GPtrArray *sources; /* char *: columns it reads, in order of appearance, once each */
    bool is_column;     /* it is one bare column */
    bool is_total;      /* it is not NULL where none of its columns is */
    Place place;
} SqlPair;

typedef struct {
    GPtrArray *pairs; /* SqlPair * */
    SqlPair *where;   /* its expression: the rows that count; NULL: all of them */
    GPtrArray *group; /* char *: GROUP BY these columns; NULL: each row stands for itself */
} SqlMapping;

/* ERROR_SQL with a place: syntax, a target without AS, FROM, subquery, aggregate, parameter, the
 * same target twice. Caller owns. */
SqlMapping *sql_mapping_parse(const char *text, Place origin, GError **error);
/* The same for a mapping between two tables: with WHERE and GROUP BY (bare columns), and with the
 * latter aggregates. */
SqlMapping *sql_mapping_parse_query(const char *text, Place origin, GError **error);
void sql_mapping_free(SqlMapping *mapping);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqlMapping, sql_mapping_free)

/* The expression with each of its columns qualified: qualify(pair, "NEW") gives
 * `lower(NEW.full_name)`, NULL leaves them alone; a column that is a key of @replace (may be NULL;
 * name -> SQL text) is replaced by that text instead. Caller owns. */
char *sql_pair_qualify(const SqlPair *pair, const char *qualifier, GHashTable *replace);

/* The mapping once columns have other names: @names (name -> new name) holds those that change, on
 * either side. Caller owns. */
SqlMapping *sql_mapping_rename(const SqlMapping *mapping, GHashTable *names);

/* The mapping that a mapping of bare columns implies the other way round, or NULL if any pair is
 * not a bare column. Caller owns. */
SqlMapping *sql_mapping_reverse(const SqlMapping *mapping);
