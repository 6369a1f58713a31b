#include "lint/fix.h"

#include <string.h>

static int
by_start(gconstpointer a, gconstpointer b)
{
    const LintEdit *left = *(LintEdit *const *) a, *right = *(LintEdit *const *) b;

    return left->start < right->start ? -1 : left->start > right->start;
}

static bool
overlaps(const GPtrArray *edits, const LintEdit *edit)
{
    for (guint i = 0; i < edits->len; i++) {
        const LintEdit *other = edits->pdata[i];
        if (edit->start <= other->end && other->start <= edit->end)
            return true;
    }
    return false;
}

/* A finding is fixed as a whole, or not. */
static bool
fits(const GPtrArray *edits, const LintFinding *finding)
{
    for (guint i = 0; i < finding->fix->len; i++)
        if (overlaps(edits, finding->fix->pdata[i]))
            return false;
    return true;
}

static GPtrArray *
edits_of(const LintResult *result, const LintFile *file)
{
    GPtrArray *edits = g_ptr_array_new();

    for (guint i = 0; i < result->findings->len; i++) {
        const LintFinding *finding = result->findings->pdata[i];

        if (!finding->suppressed && finding->place.file == file->path && fits(edits, finding))
            g_ptr_array_extend(edits, finding->fix, NULL, NULL);
    }
    g_ptr_array_sort(edits, by_start);
    return edits;
}

char *
fix_text(const LintResult *result, const LintFile *file)
{
    g_autoptr(GPtrArray) edits = edits_of(result, file);
    g_autoptr(GString) text = NULL;
    gsize at = 0;

    if (edits->len == 0)
        return NULL;
    text = g_string_new(NULL);
    for (guint i = 0; i < edits->len; i++) {
        const LintEdit *edit = edits->pdata[i];

        g_string_append_len(text, file->text + at, (gssize) (edit->start - at));
        g_string_append(text, edit->text);
        at = edit->end;
    }
    g_string_append(text, file->text + at);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* A line of the diff with its mark. */
static void
append_lines(GString *diff, char mark, char *const *lines, guint from, guint end)
{
    for (guint i = from; i < end; i++)
        g_string_append_printf(diff, "%c%s\n", mark, lines[i]);
}

char *
fix_diff(const char *path, const char *before, const char *after)
{
    enum { CONTEXT = 3 };
    g_auto(GStrv) old = g_strsplit(before, "\n", -1);
    g_auto(GStrv) new = g_strsplit(after, "\n", -1);
    /* The text ends with a newline: behind it is no line. */
    const guint n_old = g_strv_length(old) - g_str_has_suffix(before, "\n");
    const guint n_new = g_strv_length(new) - g_str_has_suffix(after, "\n");
    GString *diff = g_string_new(NULL);
    guint head = 0, tail = 0, from, behind;

    if (g_str_equal(before, after))
        return g_string_free(diff, FALSE);
    while (head < MIN(n_old, n_new) && g_str_equal(old[head], new[head]))
        head++;
    while (tail < MIN(n_old, n_new) - head &&
           g_str_equal(old[n_old - tail - 1], new[n_new - tail - 1]))
        tail++;
    from = head - MIN(head, CONTEXT);
    behind = MIN(tail, CONTEXT);
    g_string_append_printf(diff, "--- a/%s\n+++ b/%s\n@@ -%u,%u +%u,%u @@\n", path, path, from + 1,
                           n_old - tail + behind - from, from + 1, n_new - tail + behind - from);
    append_lines(diff, ' ', old, from, head);
    append_lines(diff, '-', old, head, n_old - tail);
    append_lines(diff, '+', new, head, n_new - tail);
    append_lines(diff, ' ', old, n_old - tail, n_old - tail + behind);
    return g_string_free(diff, FALSE);
}
