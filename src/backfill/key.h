/*
 * backfill/key.h - a walk along a unique key: where its ranges begin and end.
 *
 * Values travel as SQL ("'17'::bigint, 'a'::text"), quoted by the server, so any type that can be
 * written and read does.
 */
#pragma once

#include "catalog/catalog.h"

typedef struct {
    char *alias;    /* the table's in the statement */
    char *index;    /* its name, qualified and quoted */
    char *columns;  /* "u.id, u.kind" */
    char *literals; /* SQL expressions that yield the values' own SQL */
} BackfillKey;

/* A unique, valid, immediate btree over columns that are all NOT NULL, without condition: the one
 * of @name (its own, or of the partitioned index that it belongs to), or, where that is NULL, the
 * primary key before all others. *@ret_key NULL if there is none. @alias: the table's in the
 * statement. */
bool key_find(PgConn *conn, const CatalogTable *table, const char *alias, const char *name,
              BackfillKey **ret_key, GError **error);
void key_free(BackfillKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BackfillKey, key_free)

/* Condition on the rows behind @low, up to @high; either may be NULL. Caller owns. */
char *key_condition(const BackfillKey *key, const char *low, const char *high);

/* The @rows-th row behind @low: *@ret_high as an array literal, and *@ret_next as SQL; NULL if
 * there are fewer. Inside a transaction, for it allows no other plan than one along the index. */
bool key_step(PgConn *conn, const CatalogTable *table, const BackfillKey *key, const char *low,
              int rows, char **ret_high, char **ret_next, GError **error);
