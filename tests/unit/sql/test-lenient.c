#include "../cases.h"
#include "sql/script.h"

static char *
describe(const char *path, const char *text)
{
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(SqlScript) script =
        sql_parse_lenient(text, (Place){.file = path, .line = 1, .column = 1}, &problems);
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < sql_script_count(script); i++) {
        const SqlStatement *statement = sql_script_get(script, i);
        const Place place = sql_statement_place(statement);

        g_string_append_printf(out, "%d:%d %s\n", place.line, place.column,
                               sql_statement_text(statement));
    }
    for (guint i = 0; i < problems->len; i++) {
        const SqlProblem *problem = problems->pdata[i];
        g_autofree char *piece = g_strndup(text + problem->start, problem->end - problem->start);

        g_string_append_printf(out, "%s:%d:%d %s\n  [%s]\n", problem->place.file,
                               problem->place.line, problem->place.column, problem->message, piece);
    }
    return g_string_free(out, FALSE);
}

/* Half of 20,000 statements are wrong: the time is of the order of the text. */
static void
test_many(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(SqlScript) script = NULL;

    for (int i = 0; i < 10000; i++)
        g_string_append_printf(text, "SELECT %d;\nSELEC %d;\n\\echo x\nCOPY t FROM stdin;\n", i, i);
    script = sql_parse_lenient(text->str, (Place){0}, &problems);
    g_assert_cmpint(sql_script_count(script), ==, 20000);
    g_assert_cmpint(problems->len, ==, 10000);
    g_assert_cmpint(((SqlProblem *) problems->pdata[9999])->place.line, ==, 39998);
}

static void
test_not_utf8(void)
{
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(SqlScript) script =
        sql_parse_lenient("SELECT 1;\nSELECT '\xFF';", (Place){"a.sql", 7, 3}, &problems);

    g_assert_cmpint(sql_script_count(script), ==, 0);
    g_assert_cmpint(problems->len, ==, 1);
    g_assert_cmpstr(((SqlProblem *) problems->pdata[0])->message, ==, "this is not UTF-8 text");
    g_assert_cmpint(((SqlProblem *) problems->pdata[0])->place.line, ==, 8);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cases_add("sql/lenient", ".sql", describe);
    g_test_add_func("/sql/lenient/many", test_many);
    g_test_add_func("/sql/lenient/utf8", test_not_utf8);
    return g_test_run();
}
