/*
 * author/moved.h - what hangs on a column that gets another type or name: asked of the database.
 * Private to the room.
 *
 * With a type a column takes along those that reference it through foreign keys; each takes along
 * its keys, checks and indexes. What cannot be taken along by statements that block nobody (a view,
 * a generated column, a policy) is named, and nothing is written.
 */
#pragma once

#include "author/parts.h"

typedef struct {
    guint32 oid; /* of its table */
    int number;
    char *table; /* qualified and quoted */
    char *name;
    char *type;
    bool not_null;
    char identity;                /* 'a' always, 'd' by default, 0 none */
    char *default_sql, *sequence; /* or NULL; the sequence is the column's own */
    char *fresh_name;             /* "id_new", or the name it gets */
    char *fresh, *past;           /* quoted: that one, "id_old" */
    char *quoted;
} MovedColumn;

typedef struct {
    char kind; /* p primary key, u unique, f foreign key, c check, i index */
    char *table;
    char *schema;              /* quoted */
    char *name, *fresh, *past; /* quoted */
    char *definition; /* p, u, i: of its index, from USING on; f, c: of the constraint; all with
                         the new columns */
    char *past_definition; /* the same with the old ones */
    char *suffix;          /* p, u: " DEFERRABLE .." */
    bool is_unique;
    bool comes_late;  /* f: to a partitioned table, whose new key is not there before the old one
                         goes */
    GPtrArray *parts; /* Part *, of its index or foreign key; NULL: its table is not partitioned, or
                         the server does all (c) */
} MovedObject;

typedef struct {
    GPtrArray *columns; /* MovedColumn *; the first is the one that was asked for */
    GPtrArray *objects; /* MovedObject *; each once */
} Moved;

/* @fresh_name is the name that the column gets; NULL: another type, and others follow. ERROR_STATE:
 * something hangs on it that cannot be taken along, or a name that is needed is taken or too long;
 * the object and the next step are named. Caller owns. */
Moved *moved_load(PgConn *conn, guint32 table, const char *column, const char *fresh_name,
                  GError **error);
void moved_free(Moved *moved);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Moved, moved_free)
