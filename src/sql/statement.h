/*
 * sql/statement.h - what a statement is made of; for rooms that read the parser's tree (ddl,
 * locks).
 */
#pragma once

#include "sql/script.h"
#include "sql/tree.h"

struct SqlStatement {
    const SqlTree *tree;
    PgQuery__Node *node;
    gsize start, end; /* its bytes of the tree's text, without blanks and comments around it */
    const char *text, *verb;
};

struct SqlScript {
    int users;
    SqlTree *tree;
    GPtrArray *statements; /* SqlStatement *, in the tree's blocks */
};

/* Zeroed memory that goes when the statement's script does. */
void *statement_alloc(const SqlStatement *statement, gsize size);

/* Where the pieces between its outer commas begin, in bytes of the tree's text: the subcommands of
 * an ALTER TABLE. Element-type int. Caller owns. */
GArray *statement_parts(const SqlStatement *statement);

/* "users" or "public.users", as a message names it. Caller owns. */
char *relation_label(const PgQuery__RangeVar *relation);
/* A list of String nodes (a List node, or one String) joined with dots. Caller owns. */
char *names_label(const PgQuery__Node *node);
/* The same list as schema (NULL if it has one part) and name. Borrowed. */
void names_split(const PgQuery__Node *node, const char **ret_schema, const char **ret_name);
