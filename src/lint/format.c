#include "lint/format.h"

static const LintFormat formats[] = {
    {"text", format_text},     {"sarif", format_sarif},   {"junit", format_junit},
    {"github", format_github}, {"gitlab", format_gitlab},
};

const LintFormat *
lint_format_find(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++)
        if (g_str_equal(formats[i].name, name))
            return &formats[i];
    return NULL;
}

char *
format_message(const LintFinding *finding)
{
    g_autoptr(GString) text = g_string_new(finding->message);

    if (finding->blocks)
        g_string_append_printf(text, ". Waits meanwhile: %s", finding->blocks);
    if (finding->breaks)
        g_string_append_printf(text, ". Breaks: %s", finding->breaks);
    if (!finding->certain)
        g_string_append_printf(text, ". Possible: what would tell is %s",
                               finding->settled_by ? finding->settled_by : "not known");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

const LintFile *
format_file(const LintResult *result, const LintFinding *finding)
{
    for (guint i = 0; i < result->files->len; i++) {
        const LintFile *file = result->files->pdata[i];
        if (file->path == finding->place.file)
            return file;
    }
    return NULL;
}
