#include "backfill/row.h"

char *
row_describe(PgConn *conn, const CatalogTable *table, const char *tid)
{
    g_autofree char *oid = g_strdup_printf("%u", table->oid);
    g_autoptr(PgRows) key = pg_query(
        conn, NULL,
        "SELECT string_agg(quote_literal(a.attname || ' = ') || ' || ' || quote_ident(a.attname), "
        "                  ' || '', '' || ' ORDER BY k.n) "
        "FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(attnum, n) "
        "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum "
        "WHERE i.indrelid = $1::oid AND i.indisprimary",
        oid);
    g_autofree char *sql = NULL;
    g_autoptr(PgRows) row = NULL;

    if (key && !pg_is_null(key, 0, 0)) {
        sql = g_strdup_printf("SELECT %s FROM ONLY %s WHERE ctid = $1::tid", pg_text(key, 0, 0),
                              table->quoted);
        row = pg_query(conn, NULL, sql, tid);
    }
    return row && pg_rows_count(row) == 1 ? g_strdup(pg_text(row, 0, 0))
                                          : g_strdup_printf("ctid = %s", tid);
}

char *
row_excluding(const char *alias, const GPtrArray *quarantine)
{
    GString *text = NULL;

    if (quarantine->len == 0)
        return NULL;
    text = g_string_new(NULL);
    for (guint i = 0; i < quarantine->len; i++) {
        const LedgerQuarantined *row = quarantine->pdata[i];

        g_string_append_printf(text, "%sNOT (%s.ctid = '%s'::tid AND %s.xmin = '%s'::xid)",
                               i > 0 ? " AND " : "", alias, row->tid, alias, row->xmin);
    }
    return g_string_free(text, FALSE);
}

char *
row_source(const CatalogTable *table, const char *within)
{
    /* OFFSET 0 is a fence: a condition from outside, which may be what fails, stays outside. */
    return g_strdup_printf("(SELECT t.ctid, t.tableoid, t.* FROM ONLY %s t WHERE %s OFFSET 0)",
                           table->quoted, within);
}

bool
row_is_unchanged(PgConn *conn, const CatalogTable *table, const LedgerQuarantined *row,
                 bool *ret_unchanged, GError **error)
{
    g_autofree char *sql = g_strdup_printf(
        "SELECT EXISTS (SELECT 1 FROM ONLY %s WHERE ctid = $1::tid AND xmin = $2::xid)",
        table->quoted);
    g_autoptr(PgRows) rows = pg_query(conn, error, sql, row->tid, row->xmin);

    if (rows == NULL)
        return false;
    *ret_unchanged = pg_bool(rows, 0, 0);
    return true;
}
