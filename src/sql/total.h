/*
 * sql/total.h - can an expression be NULL although none of its columns is? Private to the room.
 */
#pragma once

#include <pg_query/pg_query.pb-c.h>
#include <stdbool.h>

/* True only if it cannot: made of columns, constants, casts, and of those operators, functions and
 * constructs of PostgreSQL that give NULL for NULL alone. False may mean "who knows". */
bool tree_is_total(const PgQuery__Node *node);
