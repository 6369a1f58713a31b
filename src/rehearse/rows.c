#include "rehearse/rows.h"

/* At least one row where there are any. A partitioned table has a figure of its own only where
 * somebody analysed it: its parts have. */
static const char sizes_sql[] =
    "SELECT n.nspname || '.' || c.relname, ceil(s.rows * $1::numeric / 100)::bigint"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,"
    " LATERAL (SELECT sum(l.reltuples::numeric) FROM pg_partition_tree(c.oid) p"
    "   JOIN pg_class l ON l.oid = p.relid WHERE c.relkind = 'p' AND p.isleaf AND l.reltuples >= 0"
    "  UNION ALL SELECT c.reltuples::numeric WHERE c.relkind = 'r') s(rows)"
    " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND s.rows >= 0"
    "   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sluice')";

/* A value for row g of each column that wants one. All keys count up, so a foreign key finds its
 * row: round and round where the other table has fewer. What repeats a key is left out. */
static const char fill_sql[] =
    "WITH tables AS (SELECT c.oid, coalesce(($1::jsonb ->> (n.nspname || '.' ||"
    "    c.relname))::bigint, $2::bigint) AS size"
    "   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    "   WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
    "     AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sluice')),"
    " columns AS (SELECT c.oid AS relation, c.size, a.attname, a.atttypmod, t.oid AS type_oid,"
    "   t.typtype, t.typname, t.typcategory, t.oid::regtype::text AS type,"
    "   coalesce((SELECT format('((g - 1) %% %s + 1)', greatest(min(r.size), 1))"
    "     FROM pg_constraint k JOIN tables r ON r.oid = k.confrelid"
    "     WHERE k.contype = 'f' AND k.conrelid = c.oid AND a.attnum = ANY (k.conkey)"
    "     HAVING min(r.size) < c.size), 'g') AS g"
    "   FROM tables c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
    "     AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a'"
    "   JOIN pg_type t ON t.oid = a.atttypid)"
    " SELECT relation::regclass::text, format('INSERT INTO %s (%s) SELECT %s FROM"
    "       generate_series(1, %s) g ON CONFLICT DO NOTHING', relation::regclass,"
    "   string_agg(quote_ident(attname), ', '), string_agg(CASE"
    "     WHEN typtype = 'e' THEN (SELECT quote_literal(e.enumlabel) || '::' || type"
    "          FROM pg_enum e WHERE e.enumtypid = type_oid ORDER BY enumsortorder LIMIT 1)"
    "     WHEN typname = 'int2' THEN format('(%s %% 32768)::int2', g)"
    "     WHEN typname = 'numeric' AND atttypmod > 0 THEN format('(%s %% 10)', g)"
    "     WHEN typcategory = 'N' THEN g || '::' || type"
    "     WHEN typcategory = 'B' THEN format('(%s %% 2 = 0)', g)"
    "     WHEN typcategory = 'D' THEN format('(now() - %s * interval ''1 minute'')::%s', g, type)"
    "     WHEN typname = 'uuid' THEN format('(lpad(to_hex(%s), 32, ''0''))::uuid', g)"
    "     WHEN typname IN ('json', 'jsonb') THEN '''{}''::' || type"
    "     WHEN typname IN ('varchar', 'bpchar') AND atttypmod > 4"
    "          THEN format('right((%s)::text, %s)', g, atttypmod - 4)"
    "     WHEN typcategory = 'S' THEN format('(%s)::text', g)"
    "     ELSE 'NULL::' || type END, ', '), size)"
    " FROM columns WHERE size > 0 GROUP BY relation, size";

json_t *
rehearse_ask_sizes(PgConn *conn, gint64 percent, GError **error)
{
    g_autofree char *share = g_strdup_printf("%" G_GINT64_FORMAT, percent);
    g_autoptr(PgRows) rows = pg_query(conn, error, sizes_sql, share);
    json_t *sizes = rows != NULL ? json_object() : NULL;

    for (int i = 0; rows != NULL && i < pg_rows_count(rows); i++)
        json_object_set_new(sizes, pg_text(rows, i, 0), json_integer(pg_integer(rows, i, 1)));
    return sizes;
}

/* Tables that others reference may come later: what fails is tried again as long as one succeeds.
 */
static void
fill_in_turn(PgConn *conn, const PgRows *tables, GPtrArray *notes)
{
    g_autofree bool *filled = g_new0(bool, (gsize) pg_rows_count(tables) + 1);
    bool progress = true;

    while (progress) {
        progress = false;
        for (int i = 0; i < pg_rows_count(tables); i++) {
            if (!filled[i] && pg_exec_script(conn, pg_text(tables, i, 1), NULL))
                progress = filled[i] = true;
        }
    }
    for (int i = 0; i < pg_rows_count(tables); i++) {
        g_autoptr(GError) cause = NULL;
        if (!filled[i] && !pg_exec_script(conn, pg_text(tables, i, 1), &cause))
            g_ptr_array_add(notes, g_strdup_printf("table %s has no rows: %s",
                                                   pg_text(tables, i, 0), cause->message));
    }
}

bool
rows_fill(PgConn *conn, const RehearseOptions *options, GPtrArray *notes, GError **error)
{
    g_autofree char *count = g_strdup_printf("%" G_GINT64_FORMAT, options->rows_per_table);
    g_autofree char *sizes =
        options->rows_of_tables != NULL ? json_dumps(options->rows_of_tables, 0) : NULL;
    g_autoptr(PgRows) tables = NULL;

    if (sizes == NULL && options->rows_per_table == 0)
        return true;
    tables = pg_query(conn, error, fill_sql, sizes != NULL ? sizes : "{}", count);
    if (tables == NULL)
        return false;
    fill_in_turn(conn, tables, notes);
    return pg_exec_script(conn, "ANALYZE", error);
}
