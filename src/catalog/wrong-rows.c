#include "catalog/wrong-rows.h"

bool
catalog_wrong_rows(PgConn *conn, const char *query, int most, gint64 *ret_count,
                   char **ret_examples, GError **error)
{
    g_autofree char *sql = g_strdup_printf(
        "WITH differs AS MATERIALIZED (%s) SELECT (SELECT count(*) FROM differs), "
        "(SELECT string_agg(d::text, '; ') FROM (SELECT * FROM differs LIMIT %d) AS d)",
        query, most);
    g_autoptr(PgRows) rows = pg_query(conn, error, sql);

    if (rows == NULL)
        return false;
    *ret_count = pg_integer(rows, 0, 0);
    *ret_examples = pg_is_null(rows, 0, 1) ? NULL : g_strdup(pg_text(rows, 0, 1));
    return true;
}
