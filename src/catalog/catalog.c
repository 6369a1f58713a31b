#include "catalog/catalog.h"

#include "base/error.h"
#include "catalog/embedded.h"

static void
column_free(CatalogColumn *column)
{
    g_free(column->name);
    g_free(column->type);
    g_free(column);
}

void
catalog_table_free(CatalogTable *table)
{
    if (table == NULL)
        return;
    g_free(table->schema);
    g_free(table->name);
    g_free(table->quoted);
    g_ptr_array_unref(table->columns);
    g_free(table);
}

/* As to_regclass reads it: without a schema, by the search_path. */
static char *
quoted_name(const char *schema, const char *name)
{
    return schema != NULL ? pg_quote_qualified(schema, name) : pg_quote_identifier(name);
}

static bool
read_columns(PgConn *conn, CatalogTable *table, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", table->oid);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT attname, format_type(atttypid, atttypmod), attnum, attnotnull, "
                 "atthasdef AND attgenerated = '', attgenerated <> '' FROM pg_attribute "
                 "WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                 oid);

    if (rows == NULL)
        return false;
    for (int i = 0; i < pg_rows_count(rows); i++) {
        CatalogColumn *column = g_new0(CatalogColumn, 1);

        column->name = g_strdup(pg_text(rows, i, 0));
        column->type = g_strdup(pg_text(rows, i, 1));
        column->number = (int) pg_integer(rows, i, 2);
        column->not_null = pg_bool(rows, i, 3);
        column->has_default = pg_bool(rows, i, 4);
        column->generated = pg_bool(rows, i, 5);
        g_ptr_array_add(table->columns, column);
    }
    return true;
}

bool
catalog_find_table(PgConn *conn, const char *schema, const char *name, CatalogTable **ret_table,
                   GError **error)
{
    g_autofree char *wanted = quoted_name(schema, name);
    g_autoptr(PgRows) rows = pg_query(conn, error, sql_find_table, wanted);
    g_autoptr(CatalogTable) table = NULL;

    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0) {
        *ret_table = NULL;
        return true;
    }
    table = g_new0(CatalogTable, 1);
    table->oid = (guint32) pg_integer(rows, 0, 0);
    table->schema = g_strdup(pg_text(rows, 0, 1));
    table->name = g_strdup(pg_text(rows, 0, 2));
    table->quoted = g_strdup(pg_text(rows, 0, 3));
    table->kind = pg_text(rows, 0, 4)[0];
    table->pages = pg_integer(rows, 0, 5);
    table->rows = pg_integer(rows, 0, 6);
    table->columns = g_ptr_array_new_with_free_func((GDestroyNotify) column_free);
    if (!read_columns(conn, table, error))
        return false;
    *ret_table = g_steal_pointer(&table);
    return true;
}

CatalogTable *
catalog_require_table(PgConn *conn, const char *schema, const char *name, GError **error)
{
    CatalogTable *table = NULL;

    if (!catalog_find_table(conn, schema, name, &table, error))
        return NULL;
    if (table == NULL) {
        g_autofree char *wanted = quoted_name(schema, name);
        error_set(error, ERROR_STATE, "there is no table %s in %s", wanted, pg_target(conn));
        error_hint(error, schema != NULL
                              ? "Check its name, and that this is the right database."
                              : "Check its name, and that the role's search_path leads to it.");
    }
    return table;
}

const CatalogColumn *
catalog_column(const CatalogTable *table, const char *name)
{
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = table->columns->pdata[i];
        if (g_str_equal(column->name, name))
            return column;
    }
    return NULL;
}

void
catalog_expect_column(CatalogTable *table, const char *name, const char *type)
{
    CatalogColumn *column;

    if (catalog_column(table, name))
        return;
    column = g_new0(CatalogColumn, 1);
    column->name = g_strdup(name);
    column->type = g_strdup(type);
    g_ptr_array_add(table->columns, column);
}

bool
catalog_is_not_null(PgConn *conn, const CatalogTable *table, const char *column, bool *ret_proven,
                    GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", table->oid);
    /* Newer servers know a NOT NULL that is not validated; it is a constraint of type n. */
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT (a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k "
                 "WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated "
                 "AND k.conkey = ARRAY[a.attnum])) OR EXISTS (SELECT FROM pg_constraint k "
                 "WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND k.convalidated "
                 "AND pg_get_expr(k.conbin, k.conrelid) = '(' || quote_ident(a.attname) || "
                 "' IS NOT NULL)') "
                 "FROM pg_attribute a WHERE a.attrelid = $1::oid AND a.attname = $2 "
                 "AND NOT a.attisdropped",
                 oid, column);

    if (rows == NULL)
        return false;
    *ret_proven = pg_rows_count(rows) > 0 && pg_bool(rows, 0, 0);
    return true;
}

bool
catalog_index_state(PgConn *conn, const char *schema, const char *name, IndexState *ret_state,
                    GError **error)
{
    g_autofree char *wanted = quoted_name(schema, name);
    g_autoptr(PgRows) rows = pg_query(conn, error,
                                      "SELECT indisvalid AND indisready AND indislive "
                                      "FROM pg_index WHERE indexrelid = to_regclass($1)",
                                      wanted);

    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0)
        *ret_state = INDEX_ABSENT;
    else
        *ret_state = pg_bool(rows, 0, 0) ? INDEX_VALID : INDEX_INVALID;
    return true;
}

/* The first column of each row. Takes over @take_rows. */
static GPtrArray *
names_of(PgRows *take_rows)
{
    g_autoptr(PgRows) rows = take_rows;
    GPtrArray *names;

    if (rows == NULL)
        return NULL;
    names = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < pg_rows_count(rows); i++)
        g_ptr_array_add(names, g_strdup(pg_text(rows, i, 0)));
    return names;
}

GPtrArray *
catalog_triggers_after(PgConn *conn, guint32 table, const char *name, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", table);

    /* tgtype: 1 is ROW, 2 is BEFORE. The server fires them by name, byte by byte. */
    return names_of(pg_query(conn, error,
                             "SELECT tgname FROM pg_trigger WHERE tgrelid = $1::oid "
                             "AND NOT tgisinternal AND tgtype & 3 = 3 "
                             "AND tgname::text COLLATE \"C\" > $2 ORDER BY tgname",
                             oid, name));
}

bool
catalog_trigger_enabled(PgConn *conn, guint32 table, const char *name, char *ret_enabled,
                        GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", table);
    g_autoptr(PgRows) rows = pg_query(
        conn, error, "SELECT tgenabled FROM pg_trigger WHERE tgrelid = $1::oid AND tgname = $2",
        oid, name);

    if (rows == NULL)
        return false;
    *ret_enabled = pg_rows_count(rows) > 0 ? pg_text(rows, 0, 0)[0] : '\0';
    return true;
}

GPtrArray *
catalog_dependents(PgConn *conn, guint32 table, const char *column, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", table);

    return names_of(pg_query(conn, error, sql_dependents, oid, column));
}

bool
catalog_is_empty(PgConn *conn, const CatalogTable *table, bool *ret_empty, GError **error)
{
    g_autofree char *sql = g_strdup_printf("SELECT 1 FROM %s LIMIT 1", table->quoted);
    g_autoptr(PgRows) rows = pg_query(conn, error, sql);

    if (rows == NULL)
        return false;
    *ret_empty = pg_rows_count(rows) == 0;
    return true;
}
