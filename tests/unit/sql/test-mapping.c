#include "../cases.h"
#include "sql/mapping.h"

static void
append_pairs(GString *out, const SqlMapping *mapping, GHashTable *replace)
{
    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = mapping->pairs->pdata[i];
        g_autofree char *qualified = sql_pair_qualify(pair, "NEW", NULL);
        g_autofree char *replaced = sql_pair_qualify(pair, "OLD", replace);

        g_string_append_printf(out, "%d:%d %s = %s%s\n", pair->place.line, pair->place.column,
                               pair->column, pair->expression,
                               pair->is_column  ? " (a column)"
                               : pair->is_total ? " (total)"
                                                : "");
        for (guint k = 0; k < pair->sources->len; k++)
            g_string_append_printf(out, "  reads %s\n", (char *) pair->sources->pdata[k]);
        g_string_append_printf(out, "  qualified %s\n  replaced %s\n", qualified, replaced);
    }
}

/* In the replaced form, column a becomes NULL::text. */
static char *
describe(G_GNUC_UNUSED const char *path, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(SqlMapping) mapping = sql_mapping_parse(text, (Place){"case.sql", 1, 1}, &error);
    g_autoptr(SqlMapping) reverse = NULL;
    g_autoptr(GHashTable) replace = g_hash_table_new(g_str_hash, g_str_equal);

    if (mapping == NULL) {
        case_append_error(out, error);
        return g_strdup(out->str);
    }
    g_hash_table_insert(replace, (char *) "a", (char *) "NULL::text");
    append_pairs(out, mapping, replace);
    reverse = sql_mapping_reverse(mapping);
    if (reverse == NULL) {
        g_string_append(out, "no reverse\n");
    } else {
        g_string_append(out, "reverse\n");
        append_pairs(out, reverse, replace);
    }
    return g_strdup(out->str);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cases_add("sql/mapping", ".sql", describe);
    return g_test_run();
}
