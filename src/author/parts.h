/*
 * author/parts.h - what is built on a partitioned table without a lock that an app waits for.
 * Private to the room.
 *
 * No server takes CONCURRENTLY, or USING INDEX, or NOT VALID of a foreign key, on a partitioned
 * table. So each partition gets its own, by those means, and the parents take them over.
 */
#pragma once

#include "pg/conn.h"

/* A table of the tree, and its index or constraint. */
typedef struct {
    char *table;  /* qualified and quoted */
    char *schema; /* quoted */
    char *name;   /* quoted */
    char *fresh;  /* quoted: with "_new" */
    char *past;   /* quoted: with "_old" */
    guint parent; /* its place in the list; 0 of the root itself */
    bool is_leaf;
} Part;

typedef enum { PART_NAME, PART_FRESH, PART_PAST } PartName;

/* Quoted: "events_key", "_new" -> "events_key_new". Caller owns. */
char *parts_name(const char *name, const char *ending);
/* ERROR_STATE if there is no room for an ending behind @name. @what: "column", "index". */
bool parts_check_name(const char *what, const char *name, GError **error);

/* All of these: element-type Part *, the root first, each behind its parent. NULL on an error.
 * Caller owns. */

/* Where each node of @table is to have an index like the root's @name (unquoted), or a foreign key
 * of that name. ERROR_STATE: the name is taken, or a partition cannot have one. */
GPtrArray *parts_for_index(PgConn *conn, guint32 table, const char *name, GError **error);
GPtrArray *parts_for_foreign_key(PgConn *conn, guint32 table, const char *name, GError **error);
/* The tree of an index that is there, or of a foreign key; @oid as text. */
GPtrArray *parts_of_index(PgConn *conn, const char *oid, GError **error);
GPtrArray *parts_of_foreign_key(PgConn *conn, const char *oid, GError **error);

/* ERROR_STATE if @column cannot go from @table (quoted): it is of the key that its rows are
 * partitioned by, a partition has an index, a constraint or a view of its own on it, or the table
 * is itself a partition, or a child, of another one. */
bool parts_check_column(PgConn *conn, guint32 table, const char *quoted, const char *column,
                        GError **error);
/* The columns by which @table is partitioned, at all levels (char *; none: it is not). */
bool parts_load_key(PgConn *conn, guint32 table, GPtrArray **ret_columns, bool *ret_is_expression,
                    GError **error);

/* An index, from USING on. */
void parts_build_index(GString *sql, const GPtrArray *parts, PartName name, bool is_unique,
                       const char *definition);
/* A unique constraint; @columns: "(a, b)", @suffix: " DEFERRABLE", or "". */
void parts_build_unique(GString *sql, const GPtrArray *parts, PartName name, const char *columns,
                        const char *suffix);
/* Their end, however far they came: the root takes along what it has got. */
void parts_drop_index(GString *sql, const GPtrArray *parts);
void parts_drop_constraint(GString *sql, const GPtrArray *parts, PartName name);
/* Indexes of the partitions alone, for parts_add_key. */
void parts_build_leaves(GString *sql, const GPtrArray *parts, PartName name,
                        const char *definition);
void parts_drop_leaves(GString *sql, const GPtrArray *parts, PartName name);
/* The primary key of the name PART_NAME, in one transaction, from those indexes. */
void parts_add_key(GString *sql, const GPtrArray *parts, PartName index, const char *columns,
                   const char *suffix);
/* A foreign key. Its end is one DROP CONSTRAINT of the root's. */
void parts_build_foreign_key(GString *sql, const GPtrArray *parts, PartName name,
                             const char *definition);
/* The same in a transaction that has no time to look at rows: on the partitions, not valid; and
 * what makes it whole behind it, which does nothing where it is. */
void parts_add_foreign_key(GString *sql, const GPtrArray *parts, const char *definition);
void parts_complete_foreign_key(GString *sql, const GPtrArray *parts, const char *definition);

void parts_rename_index(GString *sql, const GPtrArray *parts, PartName from, PartName to);
void parts_rename_foreign_key(GString *sql, const GPtrArray *parts, PartName from, PartName to);
