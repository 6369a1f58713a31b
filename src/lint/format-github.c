/* Workflow commands: annotations of a pull request on GitHub. */
#include <string.h>

#include "lint/format.h"

/* Data of a command: what would end it is written in another way; of a property (@also) too. */
static char *
escape(const char *text, const char *also)
{
    g_autoptr(GString) escaped = g_string_new(NULL);

    for (const char *c = text; *c; c++) {
        if (*c == '%' || *c == '\r' || *c == '\n' || strchr(also, *c) != NULL)
            g_string_append_printf(escaped, "%%%02X", (guint) (guchar) *c);
        else
            g_string_append_c(escaped, *c);
    }
    return g_string_free(g_steal_pointer(&escaped), FALSE);
}

char *
format_github(const LintResult *result, bool colour G_GNUC_UNUSED)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < result->findings->len; i++) {
        const LintFinding *finding = result->findings->pdata[i];
        g_autofree char *message = format_message(finding);
        g_autofree char *whole =
            finding->recipe ? g_strdup_printf("%s\nSafe way:\n%s", message, finding->recipe)
                            : g_strdup(message);
        g_autofree char *data = escape(whole, "");
        g_autofree char *file = escape(finding->place.file, ":,");

        if (finding->suppressed)
            continue;
        g_string_append_printf(
            out, "::%s file=%s,line=%d,col=%d,title=%s::%s\n",
            finding->level == LINT_NOTE ? "notice" : lint_level_name(finding->level), file,
            finding->place.line, finding->place.column, finding->rule, data);
    }
    return g_string_free(out, FALSE);
}
