/*
 * sql/tree.h - the parser's tree and tokens of one text; for rooms that read the tree.
 *
 * The tree is libpg_query's, of protobuf-c's structs (sql/handover.h). Its locations are bytes from
 * 0 of the text; they become places of the file here. Trees deeper than TREE_DEPTH_LIMIT are
 * refused, so that whoever walks one needs no large stack of his own.
 */
#pragma once

#include <glib.h>
#include <pg_query/pg_query.pb-c.h>
#include <stdbool.h>

#include "base/error.h"
#include "sql/blocks.h"

typedef struct {
    int start, end; /* bytes [start,end) of the text */
    PgQuery__Token token;
    PgQuery__KeywordKind keyword;
} SqlToken;

typedef struct {
    char *text;
    Place origin; /* of the first character; the file's name is a copy */
    char *file;
    PgQuery__ParseResult *result; /* lives in the blocks */
    SqlBlock *blocks;
    GArray *tokens; /* SqlToken, without comments; NULL: nobody has asked yet */
} SqlTree;

/* ERROR_SQL with the place of a syntax error. Caller owns. */
SqlTree *tree_parse(const char *text, Place origin, GError **error);
void tree_free(SqlTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqlTree, tree_free)

/* Element-type SqlToken, without comments; NULL if the text cannot be scanned. Caller owns. */
GArray *tree_scan(const char *text);
/* Is the tree that this text makes so flat that any stack will do? */
bool tree_is_shallow(const char *text);

/* The file's place of byte @offset; a negative one (unknown to the parser) is the origin. */
Place tree_place(const SqlTree *tree, int offset);

/* The tokens are scanned when first asked for, which costs as much again as to parse. */
guint tree_token_count(const SqlTree *tree);
/* The first token that begins at or behind @offset: its index, or the number of tokens. */
guint tree_token_at(const SqlTree *tree, int offset);
const SqlToken *tree_token(const SqlTree *tree, guint index);
/* The text of the tokens [from,to): comments gone, blanks between them one. Caller owns. */
char *tree_fold(const SqlTree *tree, guint from, guint to);

/* Visits @message and everything below it, parents first. A visitor that returns false keeps the
 * walk from what lies below that message. */
typedef bool (*TreeVisitor)(ProtobufCMessage *message, void *data);
void tree_walk(ProtobufCMessage *message, TreeVisitor visit, void *data);
#define TREE_WALK(message, visit, data)                                                            \
    ((message) ? tree_walk(&(message)->base, (visit), (data)) : (void) 0)

/* @message as a PgQuery__ColumnRef, .., or NULL if it is none: TREE_AS(message, ColumnRef,
 * column_ref). */
#define TREE_AS(message, type, name)                                                               \
    ((message)->descriptor == &pg_query__##name##__descriptor ? (PgQuery__##type *) (message)      \
                                                              : NULL)

/* Do both say the same, wherever they stand in the text? Either may be NULL. */
bool tree_equal(const ProtobufCMessage *a, const ProtobufCMessage *b);

/* A copy of @message and all below it, which lives as long as @blocks; NULL of NULL. */
void *tree_copy(const void *message, SqlBlock **blocks);

/* The text of a String node; NULL for any other. Borrowed. */
const char *tree_string(const PgQuery__Node *node);
/* The name of an unqualified column, or NULL. Borrowed. */
const char *tree_bare_column(const PgQuery__Node *node);

/* @name as SQL: quoted unless it is a plain lower-case identifier and no reserved word. Caller
 * owns. */
char *tree_quote(const char *name);
