#include "lint/baseline.h"

#include <string.h>

#include "base/file.h"

static GHashTable *
fingerprints_of(const char *text)
{
    GHashTable *known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++) {
        const gsize length = strcspn(*line, " \t\r");

        if (length > 0 && (*line)[0] != '#')
            g_hash_table_add(known, g_strndup(*line, length));
    }
    return known;
}

bool
baseline_apply(const char *path, LintResult *result, guint *ret_gone, GError **error)
{
    g_autofree char *text = file_read(path, error);
    g_autoptr(GHashTable) known = NULL;

    if (text == NULL)
        return error_hint(error, "`sluice lint --write-baseline %s` makes it.", path);
    known = fingerprints_of(text);
    for (guint i = 0; i < result->findings->len; i++) {
        LintFinding *finding = result->findings->pdata[i];
        if (g_hash_table_remove(known, finding->fingerprint))
            finding->suppressed = true;
    }
    if (ret_gone != NULL)
        *ret_gone = g_hash_table_size(known);
    return true;
}

bool
baseline_write(const char *path, const LintResult *result, GError **error)
{
    g_autoptr(GString) text =
        g_string_new("# Findings that are accepted; made by `sluice lint --write-baseline`.\n");

    for (guint i = 0; i < result->findings->len; i++) {
        const LintFinding *finding = result->findings->pdata[i];
        if (!finding->suppressed)
            g_string_append_printf(text, "%s %s %s:%d\n", finding->fingerprint, finding->rule,
                                   finding->place.file, finding->place.line);
    }
    return file_replace(path, text->str, error);
}
