/* The rows that were there before the triggers: how they are filled, and which of them differ. */
#include "sync/table-parts.h"

/* Some column of t is not what s says. */
static char *
differs(const GPtrArray *values)
{
    GString *sql = g_string_new(NULL);

    for (guint i = 0; i < values->len; i++) {
        const SqlPair *pair = values->pdata[i];
        g_autofree char *column = pg_quote_identifier(pair->column);
        g_autofree char *value = table_expression(pair, "s");

        g_string_append_printf(sql, "%st.%s IS DISTINCT FROM %s", i ? " OR " : "", column, value);
    }
    return g_string_free(sql, FALSE);
}

/* The rows of s that the backfill still has to do. */
static char *
unfilled_condition(const TableRoute *route)
{
    g_autoptr(GPtrArray) keys = table_keys(route);
    g_autoptr(GPtrArray) values = table_values(route);
    g_autofree char *counts = table_counts(route, "s");
    g_autofree char *to = table_to(route);
    g_autofree char *here = table_columns(keys, "t.", "", ", ");
    g_autofree char *key = table_expressions(keys, "s", ", ");
    g_autofree char *different = differs(values);

    if (route->direction->rows_stay)
        return g_strdup_printf("(%s) = (%s) AND %s AND (%s)", here, key, counts, different);
    return g_strdup_printf("%s AND NOT EXISTS (SELECT FROM %s AS t WHERE (%s) = (%s))", counts, to,
                           here, key);
}

static char *
set_list(const GPtrArray *values)
{
    GString *sql = g_string_new(NULL);

    for (guint i = 0; i < values->len; i++) {
        const SqlPair *pair = values->pdata[i];
        g_autofree char *column = pg_quote_identifier(pair->column);
        g_autofree char *value = table_expression(pair, "s");

        g_string_append_printf(sql, "%s%s = %s", i ? ", " : "", column, value);
    }
    return g_string_free(sql, FALSE);
}

char *
table_backfill_sql(const TableRoute *route, bool locks)
{
    const GPtrArray *pairs = route->direction->mapping->pairs;
    g_autoptr(GPtrArray) keys = table_keys(route);
    g_autoptr(GPtrArray) values = table_values(route);
    g_autofree char *table = table_from(route);
    g_autofree char *from =
        locks ? g_strdup_printf("(SELECT * FROM %s FOR SHARE)", table) : g_strdup(table);
    g_autofree char *to = table_to(route);
    g_autofree char *where = unfilled_condition(route);
    g_autofree char *columns = table_columns(pairs, "", "", ", ");
    g_autofree char *computed = table_expressions(pairs, "s", ", ");
    g_autofree char *key = table_columns(keys, "", "", ", ");
    g_autofree char *set = set_list(values);

    if (route->direction->rows_stay)
        return g_strdup_printf("UPDATE %s AS t SET %s\nFROM %s AS s\nWHERE %s", to, set, from,
                               where);
    return g_strdup_printf("INSERT INTO %s (%s)\nSELECT %s FROM %s AS s\nWHERE %s\n"
                           "ON CONFLICT (%s) DO NOTHING",
                           to, columns, computed, from, where, key);
}

static void
add_column(gpointer pair, gpointer columns)
{
    g_ptr_array_add(columns, g_strdup(((const SqlPair *) pair)->column));
}

SqlBackfill *
table_backfill(const TableRoute *route)
{
    const TableDirection *direction = route->direction;
    const GPtrArray *pairs = direction->mapping->pairs;
    g_autoptr(GPtrArray) keys = table_keys(route);
    g_autoptr(GPtrArray) values = table_values(route);
    SqlBackfill *backfill = g_new0(SqlBackfill, 1);

    backfill->kind = direction->rows_stay ? BACKFILL_UPDATE : BACKFILL_INSERT;
    backfill->target =
        (SqlSource){g_strdup(route->to_schema), g_strdup(direction->to), g_strdup("t")};
    backfill->driving =
        (SqlSource){g_strdup(route->from_schema), g_strdup(direction->from), g_strdup("s")};
    backfill->from = g_strdup("");
    backfill->from_rest = g_strdup("AS s");
    backfill->where = unfilled_condition(route);
    backfill->key = g_ptr_array_new_with_free_func(g_free);
    backfill->columns = g_ptr_array_new_with_free_func(g_free);
    if (direction->rows_stay) {
        backfill->set = set_list(values);
        g_ptr_array_foreach(values, add_column, backfill->columns);
        return backfill;
    }
    backfill->select = table_expressions(pairs, "s", ", ");
    g_ptr_array_foreach((GPtrArray *) pairs, add_column, backfill->columns);
    g_ptr_array_foreach(keys, add_column, backfill->key);
    return backfill;
}

/* The source row of t's key, or the group, is there; with @values: and t has what it says. */
static char *
source_exists(const TableRoute *route, const GPtrArray *values)
{
    g_autofree char *source = table_source(route, "t.", "");
    g_autofree char *computed = table_numbered(values, "s");
    g_autoptr(GString) same = g_string_new(NULL);

    for (guint i = 0; i < values->len; i++) {
        g_autofree char *column = pg_quote_identifier(((SqlPair *) values->pdata[i])->column);

        g_string_append_printf(same, "%st.%s IS NOT DISTINCT FROM sluice_source.value_%u",
                               i ? " AND " : " WHERE ", column, i);
    }
    return g_strdup_printf("EXISTS (SELECT FROM (SELECT %s %s) AS sluice_source%s)", computed,
                           source, same->str);
}

char *
table_target_mismatch(const TableRoute *route)
{
    g_autoptr(GPtrArray) values = table_values(route);
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autofree char *holds = source_exists(route, values);
    g_autofree char *exists = source_exists(route, none);
    g_autofree char *empty = table_columns(values, "t.", " IS NULL", " AND ");

    if (!route->direction->rows_stay)
        return g_strdup_printf("NOT %s", holds);
    return g_strdup_printf("NOT %s AND NOT (%s AND NOT %s)", holds, empty, exists);
}

/* What has no row to go to would be lost at contract. */
char *
table_source_mismatch(const TableRoute *route)
{
    g_autoptr(GPtrArray) keys = table_keys(route);
    g_autoptr(GPtrArray) values = table_values(route);
    g_autofree char *counts = table_counts(route, "t");
    g_autofree char *to = table_to(route);
    g_autofree char *there = table_columns(keys, "sluice_to.", "", ", ");
    g_autofree char *key = table_expressions(keys, "t", ", ");
    g_autoptr(GString) given = g_string_new(NULL);

    for (guint i = 0; route->direction->rows_stay && i < values->len; i++) {
        const SqlPair *pair = values->pdata[i];
        g_autofree char *value =
            route->direction->mapping->group ? g_strdup("true") : table_expression(pair, "t");

        g_string_append_printf(given, "%s%s IS NOT NULL", i ? " OR " : " AND (", value);
    }
    return g_strdup_printf("%s%s%s AND NOT EXISTS (SELECT FROM %s AS sluice_to WHERE (%s) = (%s))",
                           counts, given->str, given->len ? ")" : "", to, there, key);
}
