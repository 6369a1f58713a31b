/*
 * ddl/expression.h - what can be told of an expression by its form.
 */
#pragma once

#include "ddl/change.h"

/* What somebody knows of a function that is not the server's own; false: not known. */
typedef bool (*DdlFunctionLookup)(DdlName name, int n_arguments, DdlVolatility *ret_volatility,
                                  const void *data);

typedef enum { KNOWN_NO, KNOWN_YES, KNOWN_MAYBE } Known;

/* Does @expression call something volatile, at any depth? The server's own functions are known by a
 * table (`now()` is stable, `random()` volatile); KNOWN_MAYBE where a function is unknown to both,
 * or is a SQL function that might be inlined to a constant; *@ret_function (may be NULL) is then,
 * and for KNOWN_YES, its name. @lookup may be NULL. */
Known ddl_is_volatile(const PgQuery__Node *expression, DdlFunctionLookup lookup, const void *data,
                      const char **ret_function);

/* Does a row that passes the CHECK @expression have @column not NULL? True only for what the server
 * itself accepts as a proof for SET NOT NULL: `column IS NOT NULL` among operands of AND, in each
 * operand of an OR, or the same by way of NOT. */
bool ddl_proves_not_null(const PgQuery__Node *expression, const char *column);

/* Is it the constant NULL, or a cast of it? */
bool ddl_is_null_constant(const PgQuery__Node *expression);

/* Appends to @columns (element-type const char *, no doubles) the columns that it reads. */
void ddl_columns_read(const PgQuery__Node *expression, GPtrArray *columns);
/* Does a query mention @relation in a FROM? A name without a schema matches any schema. */
bool ddl_mentions_relation(const PgQuery__Node *query, DdlName relation);

/* Is the function (by its name without a schema, or pg_catalog's) called in it, at any depth? */
bool ddl_calls(const PgQuery__Node *expression, const char *function);

/* The sequence that it calls nextval() for, as the name is written in its literal ("s.t_id_seq");
 * NULL: none, or not a literal. Borrowed. */
const char *ddl_sequence_of(const PgQuery__Node *expression);

/* Do both say the same, wherever they stand? Either may be NULL. */
bool ddl_expression_equal(const PgQuery__Node *a, const PgQuery__Node *b);
/* As SQL. Caller owns. */
char *ddl_expression_text(const PgQuery__Node *expression);
/* The same of a whole statement. Caller owns. */
char *ddl_statement_text(const PgQuery__Node *statement);
