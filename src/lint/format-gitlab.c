/* GitLab's code quality report. */
#include "lint/format.h"

static const char *
severity_of(const LintFinding *finding)
{
    switch (finding->level) {
    case LINT_ERROR:
        return "critical";
    case LINT_WARNING:
        return finding->certain ? "major" : "minor";
    case LINT_NOTE:
    case LINT_OFF:
        return "info";
    }
    g_assert_not_reached();
}

char *
format_gitlab(const LintResult *result, bool colour G_GNUC_UNUSED)
{
    g_autoptr(json_t) document = json_array();
    g_autofree char *text = NULL;

    for (guint i = 0; i < result->findings->len; i++) {
        const LintFinding *finding = result->findings->pdata[i];
        g_autofree char *message = format_message(finding);

        if (finding->suppressed)
            continue;
        json_array_append_new(
            document, json_pack("{s:s, s:s, s:s?, s:s, s:{s:s, s:{s:i}}}", "description", message,
                                "check_name", finding->rule, "fingerprint", finding->fingerprint,
                                "severity", severity_of(finding), "location", "path",
                                finding->place.file, "lines", "begin", finding->place.line));
    }
    text = json_dumps(document, JSON_INDENT(2));
    return g_strconcat(text, "\n", NULL);
}
