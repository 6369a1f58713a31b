/* What would fail in an app's write is asked of the server before the triggers are there. */
#include "sync/table-parts.h"

static void
append_check(GString *sql, const char *wrong, const char *message, const char *hint)
{
    g_autofree char *message_literal = pg_quote_literal(message);
    g_autofree char *hint_literal = pg_quote_literal(hint);

    g_string_append_printf(sql,
                           "    IF %s THEN\n"
                           "        RAISE EXCEPTION USING MESSAGE = %s, HINT = %s;\n"
                           "    END IF;\n",
                           wrong, message_literal, hint_literal);
}

/* "ARRAY['id', 'kind']" */
static char *
name_array(const GPtrArray *names)
{
    GString *sql = g_string_new("ARRAY[");

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *literal = pg_quote_literal(names->pdata[i]);

        g_string_append_printf(sql, "%s%s", i ? ", " : "", literal);
    }
    g_string_append(sql, "]::text[]");
    return g_string_free(sql, FALSE);
}

/* Columns of the source that stand bare in the key. */
static GPtrArray *
key_sources(const TableRoute *route)
{
    g_autoptr(GPtrArray) keys = table_keys(route);
    GPtrArray *names = g_ptr_array_new();

    for (guint i = 0; i < keys->len; i++) {
        const SqlPair *pair = keys->pdata[i];

        if (pair->is_column)
            g_ptr_array_add(names, pair->sources->pdata[0]);
    }
    return names;
}

/* Two rows of one key would write over each other; of groups, an index must find the rows. */
static void
append_key_check(GString *sql, const TableRoute *route)
{
    const bool is_grouped = route->direction->mapping->group != NULL;
    g_autoptr(GPtrArray) names = key_sources(route);
    g_autofree char *array = name_array(names);
    g_autofree char *from = table_from(route);
    g_autofree char *literal = pg_quote_literal(from);
    g_autofree char *wrong = g_strdup_printf(
        "NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = "
        "%s::pg_catalog.regclass\n"
        "            AND i.indisvalid AND i.indpred IS NULL AND %s (SELECT FROM "
        "pg_catalog.generate_series(0, %s) n\n"
        "                LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND "
        "a.attnum = i.indkey[n]\n"
        "                WHERE a.attnum IS NULL OR a.attname <> ALL (%s)))",
        literal, is_grouped ? "NOT EXISTS" : "i.indisunique AND i.indimmediate AND NOT EXISTS",
        is_grouped ? "0" : "i.indnkeyatts - 1", array);
    g_autofree char *message =
        g_strdup_printf(is_grouped ? "no index of %s begins with the key of the mapping onto %s"
                                   : "several rows of %s could have the same key in %s",
                        from, route->direction->to);

    append_check(sql, wrong, message,
                 is_grouped ? "Create the index first: each write of an app looks for its group."
                            : "Take the columns of a unique key of the source into the key of the "
                              "mapping; on the way back, GROUP BY makes one row of several.");
}

/* A column that only an app can fill keeps us from making a row. */
static void
append_insert_check(GString *sql, const TableRoute *route)
{
    const GPtrArray *pairs = route->direction->mapping->pairs;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *to = table_to(route);
    g_autofree char *literal = pg_quote_literal(to);
    g_autofree char *array = NULL, *wrong = NULL, *message = NULL;

    for (guint i = 0; i < pairs->len; i++)
        g_ptr_array_add(names, ((SqlPair *) pairs->pdata[i])->column);
    array = name_array(names);
    wrong = g_strdup_printf("EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = "
                            "%s::pg_catalog.regclass\n"
                            "            AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull "
                            "AND NOT a.atthasdef AND a.attidentity = ''\n"
                            "            AND a.attname <> ALL (%s))",
                            literal, array);
    message = g_strdup_printf("a column of %s is NOT NULL without a default, and the mapping does "
                              "not set it",
                              to);
    append_check(sql, wrong, message,
                 "Add it to the SELECT, give it a default, or make it NOT NULL in contract.");
}

static void
append_security_check(GString *sql, const char *table)
{
    g_autofree char *literal = pg_quote_literal(table);
    g_autofree char *wrong =
        g_strdup_printf("pg_catalog.row_security_active(%s::pg_catalog.regclass)", literal);
    g_autofree char *message = g_strdup_printf(
        "row level security of %s applies to the role that keeps the tables equal", table);

    append_check(sql, wrong, message,
                 "Run it as a role with BYPASSRLS, or as the owner without FORCE ROW LEVEL "
                 "SECURITY.");
}

static void
append_explain(GString *sql, const char *statement)
{
    g_string_append_printf(sql, "    EXECUTE $proof$EXPLAIN %s$proof$;\n", statement);
}

/* The statements that the triggers are made of, but for the key that they look for. */
static void
append_plans(GString *sql, const TableRoute *route)
{
    g_autofree char *backfill = table_backfill_sql(route, false);
    g_autofree char *target = table_target_mismatch(route);
    g_autofree char *source = table_source_mismatch(route);
    g_autofree char *from = table_from(route);
    g_autofree char *to = table_to(route);
    g_autofree char *on_target = g_strdup_printf("SELECT FROM %s AS t WHERE %s", to, target);
    g_autofree char *on_source = g_strdup_printf("SELECT FROM %s AS t WHERE %s", from, source);

    if (route->direction->mapping->group == NULL)
        append_explain(sql, backfill);
    append_explain(sql, on_target);
    append_explain(sql, on_source);
}

char *
table_proof_sql(const TableRoute *route)
{
    g_autofree char *from = table_from(route);
    g_autofree char *to = table_to(route);
    GString *sql = g_string_new("DO $sluice$\n"
                                "DECLARE path text := pg_catalog.current_setting('search_path');\n"
                                "BEGIN\n"
                                "    PERFORM pg_catalog.set_config('search_path', '', true);\n");

    append_plans(sql, route);
    append_key_check(sql, route);
    if (!route->direction->rows_stay)
        append_insert_check(sql, route);
    append_security_check(sql, from);
    append_security_check(sql, to);
    g_string_append(sql, "    PERFORM pg_catalog.set_config('search_path', path, true);\n"
                         "END\n$sluice$;\n");
    return g_string_free(sql, FALSE);
}
