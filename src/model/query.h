/*
 * model/query.h - what a query reads, and which columns it gives. Private to the room.
 */
#pragma once

#include "model/state.h"

/* Tells @view which columns @query reads. A name without a qualifier is taken for a column of each
 * table of the query that has one. Tables that are not known are made up. */
void model_read_query(Model *model, ModelTable *view, const PgQuery__Node *query);
/* The columns that it gives: their types only where they are those of a column. @names (const char
 * *; may be NULL) are the first ones' names instead. Element-type ModelColumn *. Caller owns. */
GPtrArray *model_query_columns(Model *model, const PgQuery__Node *query, const GPtrArray *names);
/* The name that the server gives an expression's column; NULL: none. Borrowed. */
const char *model_expression_name(const PgQuery__Node *node);
