#include "catalog/catalog.h"
#include "catalog/embedded.h"

static char *
lines_of(PgConn *conn, GError **error)
{
    g_autoptr(PgRows) rows = NULL;
    g_autoptr(GString) text = g_string_new(NULL);

    /* Without a search_path the server qualifies every name that it prints. */
    if (!pg_exec(conn, error, "SET LOCAL search_path TO ''"))
        return NULL;
    rows = pg_query(conn, error, sql_describe_schema);
    if (rows == NULL)
        return NULL;
    for (int i = 0; i < pg_rows_count(rows); i++)
        g_string_append_printf(text, "%s\n", pg_text(rows, i, 0));
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *
catalog_describe(PgConn *conn, GError **error)
{
    char *text;

    g_assert(!pg_in_transaction(conn));
    if (!pg_begin(conn, error))
        return NULL;
    text = lines_of(conn, error);
    pg_rollback(conn);
    return text;
}
