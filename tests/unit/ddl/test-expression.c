#include <glib.h>

#include "ddl/expression.h"
#include "sql/statement.h"

static SqlScript *
parse(const char *expression)
{
    g_autofree char *text = g_strdup_printf("SELECT %s", expression);
    SqlScript *script = sql_parse(text, (Place){0}, NULL);

    g_assert_nonnull(script);
    return script;
}

static const PgQuery__Node *
expression_of(const SqlScript *script)
{
    return sql_script_get(script, 0)->node->select_stmt->target_list[0]->res_target->val;
}

static bool
knows_own(DdlName name, int n_arguments, DdlVolatility *ret_volatility, const void *data)
{
    g_assert_null(data);
    g_assert_cmpint(n_arguments, ==, 0);
    if (g_strcmp0(name.name, "own_stable") == 0)
        *ret_volatility = VOLATILITY_STABLE;
    else if (g_strcmp0(name.name, "own_volatile") == 0)
        *ret_volatility = VOLATILITY_VOLATILE;
    else
        return false;
    return true;
}

static void
test_volatile(void)
{
    static const struct {
        const char *expression;
        Known known;
        const char *function;
    } cases[] = {
        {"random()", KNOWN_YES, "random"},
        {"gen_random_uuid()", KNOWN_YES, "gen_random_uuid"},
        {"pg_catalog.clock_timestamp()", KNOWN_YES, "clock_timestamp"},
        {"timeofday()", KNOWN_YES, "timeofday"},
        {"nextval('s')", KNOWN_YES, "nextval"},
        {"array[1, random()]", KNOWN_YES, "random"},
        {"case when true then random() else 1 end", KNOWN_YES, "random"},
        {"coalesce(null, (1 + random())::int)", KNOWN_YES, "random"},
        {"uuid_generate_v4()", KNOWN_YES, "uuid_generate_v4"},
        {"shop.uuid_generate_v4()", KNOWN_YES, "uuid_generate_v4"},
        {"own_volatile()", KNOWN_YES, "own_volatile"},
        {"shop.f(1, now()) + random()", KNOWN_YES, "random"},
        {"now()", KNOWN_NO, NULL},
        {"now() + interval '1 day'", KNOWN_NO, NULL},
        {"current_date", KNOWN_NO, NULL},
        {"current_timestamp", KNOWN_NO, NULL},
        {"statement_timestamp()", KNOWN_NO, NULL},
        {"txid_current()", KNOWN_NO, NULL},
        {"current_setting('x')", KNOWN_NO, NULL},
        {"lower('X')", KNOWN_NO, NULL},
        {"'x'::regclass", KNOWN_NO, NULL},
        {"row(1, 2)", KNOWN_NO, NULL},
        {"now() at time zone 'utc'", KNOWN_NO, NULL},
        {"jsonb_build_object('a', 1)", KNOWN_NO, NULL},
        {"own_stable()", KNOWN_NO, NULL},
        {"5", KNOWN_NO, NULL},
        {"shop.next_number()", KNOWN_MAYBE, "next_number"},
        {"1 operator(shop.+) 2", KNOWN_MAYBE, "+"},
        {"1 operator(pg_catalog.+) 2", KNOWN_NO, NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SqlScript) script = parse(cases[i].expression);
        const bool has_own = strstr(cases[i].expression, "own_") != NULL;
        const char *function;

        g_test_message("%s", cases[i].expression);
        g_assert_cmpint(
            ddl_is_volatile(expression_of(script), has_own ? knows_own : NULL, NULL, &function), ==,
            cases[i].known);
        g_assert_cmpstr(function, ==, cases[i].function);
    }
}

static void
test_proof(void)
{
    static const struct {
        const char *expression;
        bool proves;
    } cases[] = {
        {"a IS NOT NULL", true},
        {"t.a IS NOT NULL", true},
        {"a IS NOT NULL AND b > 0", true},
        {"b > 0 AND (c IS NULL AND a IS NOT NULL)", true},
        {"NOT (a IS NULL)", true},
        {"(a IS NOT NULL AND b = 1) OR (a IS NOT NULL AND b = 2)", true},
        {"NOT (a IS NULL OR b IS NULL)", true},
        {"NOT (a IS NULL AND b IS NULL)", false},
        {"NOT (NOT (a IS NOT NULL))", true},
        {"(a IS NOT NULL) IS TRUE", false},
        {"a IS NULL", false},
        {"b IS NOT NULL", false},
        {"a > 0", false},
        {"a IS NOT NULL OR b IS NOT NULL", false},
        {"NOT (a IS NOT NULL)", false},
        {"coalesce(a, 1) IS NOT NULL", false},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SqlScript) script = parse(cases[i].expression);

        g_test_message("%s", cases[i].expression);
        g_assert_cmpint(ddl_proves_not_null(expression_of(script), "a"), ==, cases[i].proves);
    }
}

static void
test_null_constant(void)
{
    g_autoptr(SqlScript) cast = parse("NULL::text::varchar(3)");
    g_autoptr(SqlScript) call = parse("nullif(1, 1)");

    g_assert_true(ddl_is_null_constant(expression_of(cast)));
    g_assert_false(ddl_is_null_constant(expression_of(call)));
    g_assert_false(ddl_is_null_constant(NULL));
}

static void
test_reads(void)
{
    g_autoptr(SqlScript) script = parse("a + t.b > a AND lower(c) = 'd'");
    g_autoptr(SqlScript) query = parse("1 FROM shop.orders JOIN users ON true");
    const PgQuery__Node *select = sql_script_get(query, 0)->node;
    g_autoptr(GPtrArray) columns = g_ptr_array_new();

    ddl_columns_read(expression_of(script), columns);
    g_assert_cmpint(columns->len, ==, 3);
    g_assert_cmpstr(columns->pdata[2], ==, "c");
    g_assert_true(ddl_calls(expression_of(script), "lower"));
    g_assert_false(ddl_calls(expression_of(script), "upper"));
    g_assert_true(ddl_mentions_relation(select, (DdlName){NULL, "orders"}));
    g_assert_true(ddl_mentions_relation(select, (DdlName){"public", "users"}));
    g_assert_false(ddl_mentions_relation(select, (DdlName){"public", "orders"}));
}

static void
test_copy(void)
{
    g_autoptr(SqlScript) script = parse("lower(a) || 'x'::text");
    SqlBlock *blocks = NULL;
    PgQuery__Node *copy = tree_copy(expression_of(script), &blocks);
    g_autofree char *text = NULL;

    g_assert_true(ddl_expression_equal(copy, expression_of(script)));
    g_clear_pointer(&script, sql_script_free);
    text = ddl_expression_text(copy);
    g_assert_false(ddl_expression_equal(copy, NULL));
    g_assert_true(ddl_expression_equal(NULL, NULL));
    g_assert_cmpstr(text, ==, "lower(a) || 'x'::text");
    g_assert_null(tree_copy(NULL, &blocks));
    blocks_free(blocks);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ddl/expression/volatile", test_volatile);
    g_test_add_func("/ddl/expression/proof", test_proof);
    g_test_add_func("/ddl/expression/null-constant", test_null_constant);
    g_test_add_func("/ddl/expression/reads", test_reads);
    g_test_add_func("/ddl/expression/copy", test_copy);
    return g_test_run();
}
