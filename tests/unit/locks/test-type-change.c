#include "base/error.h"
#include "locks/predict.h"

/* What ALTER COLUMN c TYPE to costs on a table with that column and what else @more says. */
static WorkKind
cost(const char *from, const char *to, const char *more, Known *ret_certainty)
{
    g_autofree char *schema =
        g_strdup_printf("CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE DOMAIN plain AS "
                        "varchar; CREATE TABLE t (c %s); %s",
                        from, more);
    g_autofree char *sql = g_strdup_printf("ALTER TABLE t ALTER COLUMN c TYPE %s", to);
    g_autoptr(GError) error = NULL;
    g_autoptr(SqlScript) script = sql_parse(sql, (Place){0}, &error);
    g_autoptr(Model) model = model_new();
    g_autoptr(DdlChanges) changes = NULL;
    g_autofree char *why = NULL;
    const DdlChange *change;
    const ModelTable *table;

    g_assert_no_error(error);
    g_assert_true(model_load_dump(model, schema, "schema", NULL, &error));
    changes = ddl_changes(sql_script_get(script, 0));
    change = ddl_changes_get(changes, 0);
    table = model_table(model, change->relation);
    return locks_type_change(model, table, model_column(table, "c"), change->definition,
                             change->expression, ret_certainty, &why);
}

static void
assert_cost(const char *from, const char *to, const char *more, WorkKind expected)
{
    Known certainty;

    g_test_message("%s to %s %s", from, to, more);
    g_assert_cmpint(cost(from, to, more, &certainty), ==, expected);
    g_assert_cmpint(certainty, ==, KNOWN_YES);
}

static void
test_free(void)
{
    static const char *const pairs[][2] = {
        {"varchar(10)", "varchar(20)"},
        {"varchar(10)", "text"},
        {"text", "varchar"},
        {"numeric(10,2)", "numeric(12,2)"},
        {"numeric(10,2)", "numeric"},
        {"cidr", "inet"},
        {"bit varying(8)", "bit varying(9)"},
        {"int", "oid"},
        {"oid", "regclass"},
        {"timestamp(3)", "timestamp"},
        {"interval(3)", "interval(6)"},
        {"int", "int"},
        {"varchar(5)[]", "varchar[]"},
        {"varchar(5)", "plain"},
        {"bit(8)", "bit varying"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
        assert_cost(pairs[i][0], pairs[i][1], "", WORK_METADATA);
}

static void
test_rewrite(void)
{
    static const char *const pairs[][2] = {
        {"int", "bigint"},
        {"varchar(20)", "varchar(10)"},
        {"text", "varchar(10)"},
        {"char(5)", "text"},
        {"numeric(10,2)", "numeric(12,4)"},
        {"json", "jsonb"},
        {"varchar(5)[]", "varchar(10)[]"},
        {"text[]", "varchar[]"},
        {"int", "positive"},
        {"bit(8)", "bit varying(8)"},
        {"timestamp", "timestamp(3)"},
        {"date", "timestamp"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
        assert_cost(pairs[i][0], pairs[i][1], "", WORK_REWRITE);
    assert_cost("varchar(10)", "text USING lower(c)", "", WORK_REWRITE);
    assert_cost("varchar(10)", "text USING c::text", "", WORK_METADATA);
}

/* The type is free, what hangs on the column is not. */
static void
test_dependents(void)
{
    assert_cost("varchar(10)", "text", "ALTER TABLE t ADD CHECK (c <> 'x');", WORK_SCAN);
    assert_cost("varchar(10)", "text", "ALTER TABLE t ADD CHECK (c <> 'x') NOT VALID;",
                WORK_METADATA);
    assert_cost("varchar(10)", "text", "CREATE INDEX i ON t (c);", WORK_METADATA);
    assert_cost("varchar(10)", "text", "CREATE INDEX i ON t (lower(c));", WORK_BUILD);
    assert_cost("int", "oid", "CREATE INDEX i ON t (c);", WORK_BUILD);
}

static void
test_possible(void)
{
    Known certainty;

    g_assert_cmpint(cost("timestamp", "timestamptz", "", &certainty), ==, WORK_REWRITE);
    g_assert_cmpint(certainty, ==, KNOWN_MAYBE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/locks/type-change/free", test_free);
    g_test_add_func("/locks/type-change/rewrite", test_rewrite);
    g_test_add_func("/locks/type-change/dependents", test_dependents);
    g_test_add_func("/locks/type-change/possible", test_possible);
    return g_test_run();
}
