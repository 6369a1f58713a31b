/*
 * catalog/catalog.h - what the server holds of one relation: asked, never remembered.
 */
#pragma once

#include "pg/conn.h"

typedef struct {
    char *name;
    char *type; /* format_type */
    int number; /* attnum */
    bool not_null;
    bool has_default;
    bool generated;
} CatalogColumn;

typedef struct {
    guint32 oid;
    char *schema;
    char *name;
    char *quoted;       /* schema-qualified and quoted where needed */
    char kind;          /* pg_class.relkind: r p v m f i S .. */
    gint64 pages;       /* pg_relation_size / block size, now */
    gint64 rows;        /* reltuples; -1: never analysed */
    GPtrArray *columns; /* CatalogColumn * */
} CatalogTable;

/* @schema NULL: search_path. *@ret_table NULL if there is none of that name (no error). */
bool catalog_find_table(PgConn *conn, const char *schema, const char *name,
                        CatalogTable **ret_table, GError **error);
/* The same, but ERROR_STATE that names the relation if missing. Caller owns. */
CatalogTable *catalog_require_table(PgConn *conn, const char *schema, const char *name,
                                    GError **error);
void catalog_table_free(CatalogTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CatalogTable, catalog_table_free)
/* NULL if there is none. Borrowed. */
const CatalogColumn *catalog_column(const CatalogTable *table, const char *name);
/* For a plan that adds a nullable column, without default, before it uses @table. */
void catalog_expect_column(CatalogTable *table, const char *name, const char *type);

/* Is the column proven NOT NULL: attnotnull or a validated CHECK (col IS NOT NULL)? */
bool catalog_is_not_null(PgConn *conn, const CatalogTable *table, const char *column,
                         bool *ret_proven, GError **error);

typedef enum { INDEX_ABSENT, INDEX_VALID, INDEX_INVALID } IndexState;
bool catalog_index_state(PgConn *conn, const char *schema, const char *name, IndexState *ret_state,
                         GError **error);

/* BEFORE ROW triggers on the table that sort after @name; NULL-free array of names. Caller owns. */
GPtrArray *catalog_triggers_after(PgConn *conn, guint32 table, const char *name, GError **error);
/* 'O' 'D' 'R' 'A' of pg_trigger.tgenabled, or 0 if there is no such trigger. */
bool catalog_trigger_enabled(PgConn *conn, guint32 table, const char *name, char *ret_enabled,
                             GError **error);

/* What depends on a column (or on the whole table where @column is NULL) and would stop or be taken
 * along by a DROP: views, functions with SQL bodies, triggers that name it, generated columns,
 * foreign keys from elsewhere; "view public.v". Indexes and constraints of the column alone are
 * left out, and sluice's own triggers. Element-type char *. Caller owns. */
GPtrArray *catalog_dependents(PgConn *conn, guint32 table, const char *column, GError **error);

/* Does the table hold no row? (LIMIT 1) */
bool catalog_is_empty(PgConn *conn, const CatalogTable *table, bool *ret_empty, GError **error);
/* The schema as a canonical text (tables, columns by name, constraints, indexes, functions,
 * triggers), for comparing two databases; sluice's own schema left out. Caller owns. */
char *catalog_describe(PgConn *conn, GError **error);
