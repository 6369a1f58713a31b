#include "sync/condition.h"

#include <string.h>

#include "pg/conn.h"

static char *
join_and(GPtrArray *take_parts)
{
    g_autoptr(GPtrArray) parts = take_parts;

    g_ptr_array_add(parts, NULL);
    return g_strjoinv(" AND ", (char **) parts->pdata);
}

static char *
join_or(GPtrArray *take_parts)
{
    g_autoptr(GPtrArray) parts = take_parts;
    g_autofree char *joined = NULL;

    g_ptr_array_add(parts, NULL);
    joined = g_strjoinv(" OR ", (char **) parts->pdata);
    return parts->len > 2 ? g_strdup_printf("(%s)", joined) : g_steal_pointer(&joined);
}

static GPtrArray *
parts_new(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

char *
condition_column(const char *column, const char *row)
{
    g_autofree char *quoted = pg_quote_identifier(column);

    return row ? g_strdup_printf("%s.%s", row, quoted) : g_steal_pointer(&quoted);
}

char *
condition_expression(const SqlPair *pair, const char *row)
{
    g_autofree char *text = row ? sql_pair_qualify(pair, row, NULL) : g_strdup(pair->expression);

    return pair->is_column ? g_steal_pointer(&text) : g_strdup_printf("(%s)", text);
}

static bool
sets_column(const SqlMapping *mapping, const char *column)
{
    for (guint i = 0; i < mapping->pairs->len; i++)
        if (strcmp(((SqlPair *) mapping->pairs->pdata[i])->column, column) == 0)
            return true;
    return false;
}

GPtrArray *
condition_old_columns(const SqlMapping *forward)
{
    GPtrArray *columns = g_ptr_array_new();

    for (guint i = 0; i < forward->pairs->len; i++) {
        const SqlPair *pair = forward->pairs->pdata[i];

        for (guint j = 0; j < pair->sources->len; j++) {
            char *source = pair->sources->pdata[j];

            if (!sets_column(forward, source) &&
                !g_ptr_array_find_with_equal_func(columns, source, g_str_equal, NULL))
                g_ptr_array_add(columns, source);
        }
    }
    return columns;
}

/* "<target> <suffix>" of each pair. */
static GPtrArray *
target_parts(const SqlMapping *mapping, const char *row, const char *suffix)
{
    GPtrArray *parts = parts_new();

    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = mapping->pairs->pdata[i];
        g_autofree char *column = condition_column(pair->column, row);

        g_ptr_array_add(parts, g_strdup_printf("%s %s", column, suffix));
    }
    return parts;
}

char *
condition_given(const SqlMapping *forward, const char *row)
{
    return join_or(target_parts(forward, row, "IS NOT NULL"));
}

/* "NEW.sluice_filled_4a IS TRUE" */
static char *
marker_is(const char *marker, const char *row, const char *suffix)
{
    return g_strdup_printf("%s%s%s %s", row ? row : "", row ? "." : "", marker, suffix);
}

char *
condition_filled(const SqlMapping *forward, const char *marker, const char *row)
{
    GPtrArray *parts = target_parts(forward, row, "IS NOT NULL");

    if (marker)
        g_ptr_array_add(parts, marker_is(marker, row, "IS TRUE"));
    return join_or(parts);
}

char *
condition_unfilled(const SqlMapping *forward, const char *marker, const char *row)
{
    GPtrArray *nulls = target_parts(forward, row, "IS NULL");
    GPtrArray *parts = parts_new();
    g_autofree char *empty = NULL;
    g_autofree char *fills = NULL;

    for (guint i = 0; i < forward->pairs->len; i++) {
        g_autofree char *value = condition_expression(forward->pairs->pdata[i], row);

        g_ptr_array_add(parts, g_strdup_printf("%s IS NOT NULL", value));
    }
    if (marker)
        g_ptr_array_add(nulls, marker_is(marker, row, "IS NOT TRUE"));
    empty = join_and(nulls);
    fills = join_or(parts);
    return g_strdup_printf("%s AND %s", empty, fills);
}

static const char *
type_of(const CatalogTable *table, const char *name)
{
    const CatalogColumn *column = table->columns ? catalog_column(table, name) : NULL;

    return column ? column->type : NULL;
}

static bool
has_no_equality(const char *type)
{
    static const char *const types[] = {"json", "json[]", "xml", "xml[]", "point", "polygon", NULL};

    return type != NULL && g_strv_contains(types, type);
}

/* The column that @pair sets holds what it computes: the same bytes, where it is a copy. */
static char *
holds(const CatalogTable *table, const SqlPair *pair, const char *row)
{
    const char *type = type_of(table, pair->column);
    const char *source = pair->is_column ? type_of(table, pair->sources->pdata[0]) : NULL;
    g_autofree char *column = condition_column(pair->column, row);
    g_autofree char *value = condition_expression(pair, row);

    if (type != NULL && g_strcmp0(type, source) == 0)
        return g_strdup_printf("ROW(%s)::record OPERATOR(pg_catalog.*=) ROW(%s)::record", column,
                               value);
    if (has_no_equality(type))
        return g_strdup_printf("%s::text IS NOT DISTINCT FROM %s::text", column, value);
    return g_strdup_printf("%s IS NOT DISTINCT FROM %s", column, value);
}

char *
condition_holds(const CatalogTable *table, const SqlMapping *mapping, const char *row)
{
    GPtrArray *parts = parts_new();

    for (guint i = 0; i < mapping->pairs->len; i++)
        g_ptr_array_add(parts, holds(table, mapping->pairs->pdata[i], row));
    return join_and(parts);
}

char *
condition_parity(const CatalogTable *table, const SqlMapping *forward, const SqlMapping *reverse,
                 const char *row)
{
    g_autofree char *new_equal = condition_holds(table, forward, row);
    g_autofree char *old_equal = condition_holds(table, reverse, row);

    return g_strdup_printf("(%s OR %s)", old_equal, new_equal);
}

/* One comparison for all of @columns (char *). By the function and not its operator, which
 * pg_get_triggerdef would write in a way that no restore of a dump can read. */
char *
condition_columns_changed(const GPtrArray *columns)
{
    g_autoptr(GString) new_row = g_string_new(NULL);
    g_autoptr(GString) old_row = g_string_new(NULL);

    for (guint i = 0; i < columns->len; i++) {
        g_autofree char *quoted = pg_quote_identifier(columns->pdata[i]);

        g_string_append_printf(new_row, "%sNEW.%s", i ? ", " : "", quoted);
        g_string_append_printf(old_row, "%sOLD.%s", i ? ", " : "", quoted);
    }
    return g_strdup_printf("pg_catalog.record_image_ne(ROW(%s), ROW(%s))", new_row->str,
                           old_row->str);
}

char *
condition_targets_changed(const SqlMapping *mapping)
{
    g_autoptr(GPtrArray) columns = g_ptr_array_new();

    for (guint i = 0; i < mapping->pairs->len; i++)
        g_ptr_array_add(columns, ((SqlPair *) mapping->pairs->pdata[i])->column);
    return condition_columns_changed(columns);
}

char *
condition_old_changed(const SqlMapping *forward)
{
    g_autoptr(GPtrArray) columns = condition_old_columns(forward);

    /* A mapping of constants has no old side. */
    return columns->len > 0 ? condition_columns_changed(columns) : g_strdup("false");
}

char *
condition_changed(const SqlMapping *forward)
{
    g_autoptr(GPtrArray) columns = condition_old_columns(forward);

    for (guint i = 0; i < forward->pairs->len; i++)
        g_ptr_array_add(columns, ((SqlPair *) forward->pairs->pdata[i])->column);
    return condition_columns_changed(columns);
}
