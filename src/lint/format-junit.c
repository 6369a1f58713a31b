/* JUnit: a test case a file, a failure a finding; notes are its output. */
#include "lint/format.h"

static void
append_failure(GString *out, const LintFinding *finding)
{
    g_autofree char *message = format_message(finding);
    g_autofree char *body = g_markup_printf_escaped(
        "%s:%d:%d: %s: %s%s%s\n", finding->place.file, finding->place.line, finding->place.column,
        lint_level_name(finding->level), message, finding->recipe ? "\n" : "",
        finding->recipe ? finding->recipe : "");

    if (finding->level == LINT_NOTE) {
        g_string_append_printf(out, "    <system-out>%s</system-out>\n", body);
        return;
    }
    g_autofree char *head =
        g_markup_printf_escaped("    <failure type=\"%s\" message=\"%s\">", finding->rule, message);
    g_string_append_printf(out, "%s%s</failure>\n", head, body);
}

static guint
append_case(GString *out, const LintResult *result, const LintFile *file)
{
    g_autofree char *head =
        g_markup_printf_escaped("  <testcase classname=\"sluice.lint\" name=\"%s\">\n", file->path);
    guint failures = 0;

    g_string_append(out, head);
    for (guint i = 0; i < result->findings->len; i++) {
        const LintFinding *finding = result->findings->pdata[i];

        if (finding->suppressed || finding->place.file != file->path)
            continue;
        failures += finding->level > LINT_NOTE;
        append_failure(out, finding);
    }
    g_string_append(out, "  </testcase>\n");
    return failures;
}

char *
format_junit(const LintResult *result, bool colour G_GNUC_UNUSED)
{
    g_autoptr(GString) cases = g_string_new(NULL);
    guint failures = 0;

    for (guint i = 0; i < result->files->len; i++)
        failures += append_case(cases, result, result->files->pdata[i]);
    return g_strdup_printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                           "<testsuite name=\"sluice lint\" tests=\"%u\" failures=\"%u\">\n"
                           "%s</testsuite>\n",
                           result->files->len, failures, cases->str);
}
