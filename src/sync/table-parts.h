/*
 * sync/table-parts.h - the pieces that all SQL of a mapping between two tables is made of. Private
 * to the room.
 *
 * Rows of the source have the alias s, those of the target t. Every string belongs to the caller.
 */
#pragma once

#include "sync/table.h"

char *table_from(const TableRoute *route); /* public.users, quoted */
char *table_to(const TableRoute *route);

/* Element-type const SqlPair *: the pairs of the key, in its order; the others. */
GPtrArray *table_keys(const TableRoute *route);
GPtrArray *table_values(const TableRoute *route);

/* The pair's expression over @row: "s.user_id"; in parentheses unless it is a bare column. */
char *table_expression(const SqlPair *pair, const char *row);

/* "t.street, t.city": each of @pairs' columns between @before and @after. */
char *table_columns(const GPtrArray *pairs, const char *before, const char *after,
                    const char *separator);
/* "s.street, lower(s.city)": each expression over @row. */
char *table_expressions(const GPtrArray *pairs, const char *row, const char *separator);

/* "s.street AS value_0, lower(s.city) AS value_1" */
char *table_numbered(const GPtrArray *pairs, const char *row);

/* The row of the source counts: its key has no NULL, and the WHERE holds. */
char *table_counts(const TableRoute *route, const char *row);

/* "FROM users AS s WHERE s.id = NEW.user_id .. GROUP BY ..": the source row, or the group, of a
 * key, given as SQL for each part of it: its column, quoted, between @before and @after. */
char *table_source(const TableRoute *route, const char *before, const char *after);
/* "t.user_id = NEW.user_id AND ..": the target's row of the same key. */
char *table_target(const TableRoute *route, const char *before, const char *after);
