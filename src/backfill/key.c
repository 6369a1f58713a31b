#include "backfill/key.h"

void
key_free(BackfillKey *key)
{
    if (key == NULL)
        return;
    g_free(key->alias);
    g_free(key->index);
    g_free(key->columns);
    g_free(key->literals);
    g_free(key);
}

bool
key_find(PgConn *conn, const CatalogTable *table, const char *alias, const char *name,
         BackfillKey **ret_key, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", table->oid);
    g_autoptr(PgRows) rows = pg_query(
        conn, error,
        "SELECT format('%I.%I', n.nspname, c.relname), k.columns, k.literals "
        "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am m ON m.oid = c.relam "
        "LEFT JOIN pg_inherits h ON h.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = h.inhparent "
        "CROSS JOIN LATERAL (SELECT "
        "    string_agg(format('%s.%I', $2::text, a.attname), ', ' ORDER BY o.nth) AS columns, "
        "    string_agg(format('quote_literal(%s.%I::text) || %L', $2::text, a.attname, "
        "                      '::' || format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY o.nth) "
        "        AS literals, "
        "    bool_and(a.attnotnull AND o.opt = 0 AND o.coll = a.attcollation AND d.opcdefault) "
        "        AS fits "
        "  FROM unnest(i.indkey::int2[], i.indoption::int2[], i.indcollation::oid[], "
        "              i.indclass::oid[]) WITH ORDINALITY o(att, opt, coll, class, nth) "
        "  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = o.att "
        "  JOIN pg_opclass d ON d.oid = o.class "
        "  WHERE o.nth <= i.indnkeyatts) k "
        "WHERE i.indrelid = $1::oid AND m.amname = 'btree' AND i.indisunique AND i.indimmediate "
        "  AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND k.fits "
        "  AND ($3::text IS NULL OR $3 IN (c.relname, quote_ident(c.relname), p.relname, "
        "       format('%I.%I', n.nspname, c.relname))) "
        "ORDER BY i.indisprimary DESC, i.indnkeyatts, c.relname LIMIT 1",
        oid, alias, name);

    if (rows == NULL)
        return false;
    *ret_key = NULL;
    if (pg_rows_count(rows) == 0)
        return true;
    *ret_key = g_new0(BackfillKey, 1);
    (*ret_key)->alias = g_strdup(alias);
    (*ret_key)->index = g_strdup(pg_text(rows, 0, 0));
    (*ret_key)->columns = g_strdup(pg_text(rows, 0, 1));
    (*ret_key)->literals = g_strdup(pg_text(rows, 0, 2));
    return true;
}

char *
key_condition(const BackfillKey *key, const char *low, const char *high)
{
    g_autofree char *behind = low ? g_strdup_printf("(%s) > (%s)", key->columns, low) : NULL;
    g_autofree char *up_to = high ? g_strdup_printf("(%s) <= (%s)", key->columns, high) : NULL;

    if (behind && up_to)
        return g_strdup_printf("%s AND %s", behind, up_to);
    return g_strdup(behind ? behind : up_to ? up_to : "true");
}

bool
key_step(PgConn *conn, const CatalogTable *table, const BackfillKey *key, const char *low, int rows,
         char **ret_high, char **ret_next, GError **error)
{
    g_autofree char *condition = key_condition(key, low, NULL);
    g_autofree char *sql = g_strdup_printf(
        "SELECT ARRAY[%s], array_to_string(ARRAY[%s], ', ') FROM ONLY %s AS %s WHERE %s "
        "ORDER BY %s LIMIT 1 OFFSET %d",
        key->literals, key->literals, table->quoted, key->alias, condition, key->columns, rows - 1);
    g_autoptr(PgRows) found = NULL;

    g_assert(pg_in_transaction(conn));
    if (!pg_exec_script(conn, "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off", error))
        return false;
    found = pg_query(conn, error, sql);
    if (found == NULL)
        return false;
    *ret_high = *ret_next = NULL;
    if (pg_rows_count(found) == 1) {
        *ret_high = g_strdup(pg_text(found, 0, 0));
        *ret_next = g_strdup(pg_text(found, 0, 1));
    }
    return true;
}
