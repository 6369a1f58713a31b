/* Files of tests/data/lint, each with the findings that come out. A line `-- runner: NAME` says how
 * it is run. */
#include <string.h>

#include "cases.h"
#include "lint/baseline.h"
#include "lint/fix.h"
#include "lint/format.h"
#include "lint/lint.h"
#include "lint/rule.h"
#include "temp-folder.h"

static Settings *
settings_new(void)
{
    Settings *settings = g_new0(Settings, 1);

    settings->lint_rules = g_ptr_array_new();
    settings->lint_exclude = g_ptr_array_new();
    settings->lint_server_version = 15;
    return settings;
}

static void
settings_drop(Settings *settings)
{
    g_ptr_array_unref(settings->lint_rules);
    g_ptr_array_unref(settings->lint_exclude);
    g_free(settings);
}

static LintRunner
runner_of(const char *text)
{
    const char *mark = strstr(text, "-- runner: ");
    g_autofree char *name = NULL;

    if (mark == NULL)
        return RUNNER_PSQL;
    mark += strlen("-- runner: ");
    name = g_strndup(mark, strcspn(mark, "\n"));
    return lint_runner_find(name);
}

static LintResult *
lint_text(const char *name, const char *text)
{
    g_autoptr(GHashTable) overlay = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) paths = g_ptr_array_new();
    Settings *settings = settings_new();
    const LintOptions options = {
        .settings = settings, .runner = runner_of(text), .overlay = overlay, .jobs = 1};
    LintResult *result;

    g_ptr_array_add(paths, (gpointer) (guintptr) name);
    g_hash_table_insert(overlay, (gpointer) (guintptr) name, (gpointer) (guintptr) text);
    result = lint_files(&options, paths, false, NULL, NULL);
    settings_drop(settings);
    g_assert_nonnull(result);
    return result;
}

static void
append_finding(GString *out, const LintFinding *finding)
{
    g_string_append_printf(out, "%d:%d: %s%s%s [%s]", finding->place.line, finding->place.column,
                           finding->suppressed ? "allowed " : "",
                           finding->certain ? "" : "possible ", lint_level_name(finding->level),
                           finding->rule);
    for (guint i = 0; i < finding->relations->len; i++) {
        const LintRelation *relation = finding->relations->pdata[i];
        g_string_append_printf(out, "%s %s %s", i > 0 ? "," : "", relation->name,
                               relation->mode ? lock_mode_name(relation->mode) : "-");
    }
    g_string_append_c(out, '\n');
}

static char *
findings_of(const char *name, const char *text)
{
    g_autoptr(LintResult) result = lint_text(name, text);
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < result->findings->len; i++)
        append_finding(out, result->findings->pdata[i]);
    return g_string_free(out, FALSE);
}

static void
test_baseline(void)
{
    const char *text = "VACUUM FULL users;\n";
    g_autoptr(TempFolder) folder = temp_folder_new();
    g_autofree char *path = g_build_filename(folder, "baseline.txt", NULL);
    g_autoptr(LintResult) before = lint_text("a.sql", text);
    g_autoptr(LintResult) moved = lint_text("a.sql", "-- moved\n\nVACUUM   FULL users;\n");
    g_autoptr(LintResult) other = lint_text("a.sql", "VACUUM FULL orders;\n");
    guint gone = 0;

    g_assert_true(baseline_write(path, before, NULL));
    g_assert_true(baseline_apply(path, moved, &gone, NULL));
    g_assert_cmpuint(gone, ==, 0);
    g_assert_cmpint(lint_result_worst(moved), ==, LINT_OFF);
    g_assert_true(baseline_apply(path, other, &gone, NULL));
    g_assert_cmpuint(gone, >, 0);
    g_assert_cmpint(lint_result_worst(other), ==, LINT_WARNING);
}

static void
test_diff(void)
{
    g_autofree char *diff =
        fix_diff("a.sql", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\ny\n6\n7\n8\n9\n");
    g_autofree char *none = fix_diff("a.sql", "1\n", "1\n");

    g_assert_cmpstr(
        diff, ==,
        "--- a/a.sql\n+++ b/a.sql\n@@ -2,7 +2,8 @@\n 2\n 3\n 4\n-5\n+x\n+y\n 6\n 7\n 8\n");
    g_assert_cmpstr(none, ==, "");
}

/* Every format is written for every kind of finding, and what it is made of is escaped. */
static void
test_formats(void)
{
    static const char *const names[] = {"text", "sarif", "junit", "github", "gitlab"};
    g_autoptr(LintResult) result =
        lint_text("a<b>&.sql", "VACUUM FULL \"<&'%\";\n-- sluice: allow unbatched-dml because x\n"
                               "DELETE FROM t;\nSELEC;\n");

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = lint_format_find(names[i])->write(result, false);

        g_assert_nonnull(strstr(text, "table-rewrite-maintenance"));
        g_assert_true(strstr(text, "unbatched-dml") == NULL || g_str_equal(names[i], "sarif"));
    }
    g_assert_null(lint_format_find("nothing"));
}

/* A rule says which kinds of changes it looks at, each once; one that looks at none is never
 * called. */
static void
test_kinds(void)
{
    for (const LintRule *const *rule = lint_rules(); *rule; rule++) {
        bool is_named[CHANGE_N] = {false};

        g_assert_true(((*rule)->at_change != NULL) == ((*rule)->kinds != NULL));
        for (const DdlChangeKind *kind = (*rule)->kinds; kind && *kind != CHANGE_N; kind++) {
            g_assert_false(is_named[*kind]);
            is_named[*kind] = true;
        }
        g_assert_true((*rule)->kinds == NULL || (*rule)->kinds[0] != CHANGE_N);
    }
}

/* Files by themselves begin with copies of one schema, in threads that add to what those share. */
static void
test_threads(void)
{
    g_autoptr(GHashTable) overlay = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    Settings *settings = settings_new();
    const LintOptions options = {.settings = settings, .overlay = overlay, .jobs = 16};
    LintResult *result;

    for (int i = 0; i < 2000; i++) {
        char *path = g_strdup_printf("%d.sql", i);
        g_ptr_array_add(paths, path);
        g_hash_table_insert(overlay, path,
                            g_strdup_printf("CREATE TABLE t%d (a%d int CHECK (a%d > 0));\n"
                                            "CREATE INDEX i%d ON t%d (a%d);\n",
                                            i, i, i, i, i, i));
    }
    result = lint_files(&options, paths, false, NULL, NULL);
    g_assert_nonnull(result);
    g_assert_cmpuint(result->statements, ==, 4000);
    lint_result_free(result);
    settings_drop(settings);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cases_add("lint", ".sql", findings_of);
    g_test_add_func("/lint/baseline", test_baseline);
    g_test_add_func("/lint/diff", test_diff);
    g_test_add_func("/lint/formats", test_formats);
    g_test_add_func("/lint/kinds", test_kinds);
    g_test_add_func("/lint/threads", test_threads);
    return g_test_run();
}
