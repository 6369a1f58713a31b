#include "cases.h"
#include "describe.h"

/* Each statement, and below it what it does. */
static char *
changes_of(const char *path, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SqlScript) script = sql_parse(text, (Place){.file = path, .line = 1}, &error);
    GString *out = g_string_new(NULL);

    g_assert_no_error(error);
    for (guint i = 0; i < sql_script_count(script); i++) {
        const SqlStatement *statement = sql_script_get(script, i);
        g_autoptr(DdlChanges) changes = ddl_changes(statement);

        g_string_append_printf(out, "%s\n", sql_statement_text(statement));
        for (guint k = 0; k < ddl_changes_count(changes); k++)
            describe_change(out, ddl_changes_get(changes, k));
    }
    return g_string_free(out, FALSE);
}

/* Every statement whose locks have been measured is understood. */
static void
test_known(void)
{
    g_autofree char *path =
        g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "tests/data/locks/matrix/forms.sql", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(SqlScript) script = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    script = sql_parse_lenient(text, (Place){0}, &problems);
    g_assert_cmpint(problems->len, ==, 0);
    g_assert_cmpint(sql_script_count(script), >, 380);
    for (guint i = 0; i < sql_script_count(script); i++) {
        g_autoptr(DdlChanges) changes = ddl_changes(sql_script_get(script, i));

        for (guint k = 0; k < ddl_changes_count(changes); k++)
            g_assert_cmpint(ddl_changes_get(changes, k)->kind, !=, CHANGE_UNKNOWN);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cases_add("ddl", ".sql", changes_of);
    g_test_add_func("/ddl/change/known", test_known);
    return g_test_run();
}
