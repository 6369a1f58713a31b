#include <string.h>

#include "sql/script.h"

static void
expect(const char *text, const char *filled)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *made = sql_fill_placeholders(text, names);
    g_autofree char *restored = made ? sql_restore_placeholders(made, names) : NULL;

    g_assert_cmpstr(made ? made : text, ==, filled);
    if (made != NULL && strchr(text, '"') == NULL && strstr(text, ":'") == NULL)
        g_assert_cmpstr(restored, ==, text);
}

static void
test_fill(void)
{
    expect("DROP TABLE ${schema}.a", "DROP TABLE __schema_.a");
    expect("DROP TABLE ${my.prefix}a", "DROP TABLE __my_prefix_a");
    expect("DROP TABLE {{ schema }}.a", "DROP TABLE ___schema___.a");
    expect("DROP TABLE :tbl", "DROP TABLE _tbl");
    expect("DROP TABLE :\"schema\".a", "DROP TABLE  \"schema\".a");
    expect("SELECT :'value'", "SELECT  'value'");
}

static void
test_left_alone(void)
{
    const char *const texts[] = {
        "SELECT a::text, b :: int, c[1:n], f(x := 1), '12:30:00'",
        "SELECT '${a}', \"${b}\", $$ :c ${d} $$, E'\\' :e'",
        "-- ${a} :b\n/* {{ c }} */ SELECT 1",
        "SELECT a[lo:hi]",
        "SELECT ${",
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        expect(texts[i], texts[i]);
}

/* ":tbl" is no part of "my_tbl". */
static void
test_restore(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *filled = sql_fill_placeholders("DROP TABLE :tbl, x${n}", names);
    g_autofree char *restored = sql_restore_placeholders("my_tbl, _tbl, _tbl2, x__n_", names);

    g_assert_cmpstr(filled, ==, "DROP TABLE _tbl, x__n_");
    g_assert_cmpstr(restored, ==, "my_tbl, :tbl, _tbl2, x${n}");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sql/placeholder/fill", test_fill);
    g_test_add_func("/sql/placeholder/left-alone", test_left_alone);
    g_test_add_func("/sql/placeholder/restore", test_restore);
    return g_test_run();
}
