#include "sync/table-parts.h"

TableRoute
table_route_of(const LedgerTableMapping *row, const TableSync *sync, bool is_cut_over)
{
    return (TableRoute){
        .revision = row->revision,
        .direction = is_cut_over ? sync->reverse : sync->forward,
        .from_schema = is_cut_over ? row->new_schema : row->old_schema,
        .to_schema = is_cut_over ? row->old_schema : row->new_schema,
        .is_cut_over = is_cut_over,
    };
}

char *
table_from(const TableRoute *route)
{
    return pg_quote_qualified(route->from_schema, route->direction->from);
}

char *
table_to(const TableRoute *route)
{
    return pg_quote_qualified(route->to_schema, route->direction->to);
}

GPtrArray *
table_keys(const TableRoute *route)
{
    GPtrArray *keys = g_ptr_array_new();

    for (guint i = 0; i < route->direction->key->len; i++)
        g_ptr_array_add(keys, (gpointer) table_direction_pair(route->direction,
                                                              route->direction->key->pdata[i]));
    return keys;
}

GPtrArray *
table_values(const TableRoute *route)
{
    const GPtrArray *pairs = route->direction->mapping->pairs;
    GPtrArray *values = g_ptr_array_new();

    for (guint i = 0; i < pairs->len; i++)
        if (!table_direction_has_key(route->direction, ((SqlPair *) pairs->pdata[i])->column))
            g_ptr_array_add(values, pairs->pdata[i]);
    return values;
}

char *
table_expression(const SqlPair *pair, const char *row)
{
    g_autofree char *text = sql_pair_qualify(pair, row, NULL);

    return pair->is_column ? g_steal_pointer(&text) : g_strdup_printf("(%s)", text);
}

char *
table_columns(const GPtrArray *pairs, const char *before, const char *after, const char *separator)
{
    GString *list = g_string_new(NULL);

    for (guint i = 0; i < pairs->len; i++) {
        g_autofree char *column = pg_quote_identifier(((SqlPair *) pairs->pdata[i])->column);

        g_string_append_printf(list, "%s%s%s%s", i ? separator : "", before, column, after);
    }
    return g_string_free(list, FALSE);
}

char *
table_expressions(const GPtrArray *pairs, const char *row, const char *separator)
{
    GString *list = g_string_new(NULL);

    for (guint i = 0; i < pairs->len; i++) {
        g_autofree char *value = table_expression(pairs->pdata[i], row);

        g_string_append_printf(list, "%s%s", i ? separator : "", value);
    }
    return g_string_free(list, FALSE);
}

char *
table_numbered(const GPtrArray *pairs, const char *row)
{
    GString *list = g_string_new(NULL);

    for (guint i = 0; i < pairs->len; i++) {
        g_autofree char *value = table_expression(pairs->pdata[i], row);

        g_string_append_printf(list, "%s%s AS value_%u", i ? ", " : "", value, i);
    }
    return g_string_free(list, FALSE);
}

/* " AND (<the mapping's WHERE>)", or nothing. */
static void
append_where(GString *sql, const TableRoute *route, const char *row)
{
    const SqlPair *where = route->direction->mapping->where;
    g_autofree char *text = where ? table_expression(where, row) : NULL;

    if (text)
        g_string_append_printf(sql, " AND %s", text);
}

char *
table_counts(const TableRoute *route, const char *row)
{
    g_autoptr(GPtrArray) keys = table_keys(route);
    GString *sql = g_string_new(NULL);

    for (guint i = 0; i < keys->len; i++) {
        g_autofree char *key = table_expression(keys->pdata[i], row);

        g_string_append_printf(sql, "%s%s IS NOT NULL", i ? " AND " : "", key);
    }
    append_where(sql, route, row);
    return g_string_free(sql, FALSE);
}

static void
append_group(GString *sql, const GPtrArray *group)
{
    for (guint i = 0; group && i < group->len; i++) {
        g_autofree char *column = pg_quote_identifier(group->pdata[i]);

        g_string_append_printf(sql, "%ss.%s", i ? ", " : " GROUP BY ", column);
    }
}

char *
table_source(const TableRoute *route, const char *before, const char *after)
{
    g_autoptr(GPtrArray) keys = table_keys(route);
    g_autofree char *from = table_from(route);
    GString *sql = g_string_new(NULL);

    g_string_append_printf(sql, "FROM %s AS s WHERE ", from);
    for (guint i = 0; i < keys->len; i++) {
        const SqlPair *pair = keys->pdata[i];
        g_autofree char *value = table_expression(pair, "s");
        g_autofree char *column = pg_quote_identifier(pair->column);

        g_string_append_printf(sql, "%s%s = %s%s%s", i ? " AND " : "", value, before, column,
                               after);
    }
    append_where(sql, route, "s");
    append_group(sql, route->direction->mapping->group);
    return g_string_free(sql, FALSE);
}

char *
table_target(const TableRoute *route, const char *before, const char *after)
{
    g_autoptr(GPtrArray) keys = table_keys(route);
    GString *sql = g_string_new(NULL);

    for (guint i = 0; i < keys->len; i++) {
        g_autofree char *column = pg_quote_identifier(((SqlPair *) keys->pdata[i])->column);

        g_string_append_printf(sql, "%st.%s = %s%s%s", i ? " AND " : "", column, before, column,
                               after);
    }
    return g_string_free(sql, FALSE);
}
