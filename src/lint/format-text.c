#include <string.h>

#include "base/text.h"
#include "lint/format.h"

typedef struct {
    GString *out;
    bool colour;
} Writer;

static const char *
colour_of(LintLevel level)
{
    return level == LINT_ERROR ? "\033[1;31m" : level == LINT_WARNING ? "\033[1;33m" : "\033[1;36m";
}

static void
append_coloured(Writer *writer, const char *colour, const char *text)
{
    g_string_append_printf(writer->out, "%s%s%s", writer->colour ? colour : "", text,
                           writer->colour ? "\033[0m" : "");
}

/* The line that the finding stands in, and carets under it. */
static void
append_source(Writer *writer, const LintFile *file, const LintFinding *finding)
{
    const char *text = file->text;
    gsize start = finding->start, end, length;
    g_autofree char *line = NULL, *shown = NULL, *before = NULL, *number = NULL, *carets = NULL;
    glong indent, width;

    while (start > 0 && text[start - 1] != '\n')
        start--;
    length = strcspn(text + start, "\r\n");
    if (length == 0)
        return;
    line = g_strndup(text + start, length);
    g_strdelimit(line, "\t", ' ');
    shown = text_printable(line);
    before = g_strndup(line, finding->start - start);
    indent = g_utf8_strlen(before, -1);
    end = MIN(finding->end, start + length);
    width = MAX(g_utf8_strlen(text + finding->start, (gssize) (end - finding->start)), 1);
    number = g_strdup_printf("%d", finding->place.line);
    g_string_append_printf(writer->out, "  %s | %s\n  %*s | %*s", number, shown,
                           (int) strlen(number), "", (int) indent, "");
    carets = g_strnfill((gsize) width, '^');
    append_coloured(writer, colour_of(finding->level), carets);
    g_string_append_c(writer->out, '\n');
}

static void
append_item(Writer *writer, const char *name, const char *text)
{
    g_autofree char *shown = text ? text_printable(text) : NULL;

    if (shown != NULL)
        g_string_append_printf(writer->out, "  %s: %s\n", name, shown);
}

/* "ACCESS EXCLUSIVE on users, SHARE ROW EXCLUSIVE on orders" */
static char *
locks_text(const LintFinding *finding)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < finding->relations->len; i++) {
        const LintRelation *relation = finding->relations->pdata[i];
        if (relation->mode != 0)
            g_string_append_printf(text, "%s%s on %s", text->len ? ", " : "",
                                   lock_mode_name(relation->mode), relation->name);
    }
    return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

static void
append_recipe(Writer *writer, const LintFinding *finding)
{
    g_auto(GStrv) lines = finding->recipe ? g_strsplit(finding->recipe, "\n", -1) : NULL;

    if (lines == NULL)
        return;
    g_string_append(writer->out, "  safe way:\n");
    for (char **line = lines; *line; line++) {
        g_autofree char *shown = text_printable(*line);
        g_string_append_printf(writer->out, "      %s\n", shown);
    }
}

static void
append_finding(Writer *writer, const LintResult *result, const LintFinding *finding)
{
    const LintFile *file = format_file(result, finding);
    g_autofree char *locks = locks_text(finding);
    g_autofree char *message = text_printable(finding->message);
    g_autofree char *place = g_strdup_printf("%s:%d:%d: ", finding->place.file, finding->place.line,
                                             finding->place.column);

    append_coloured(writer, "\033[1m", place);
    append_coloured(writer, colour_of(finding->level), lint_level_name(finding->level));
    g_string_append_printf(writer->out, ": %s%s [%s]\n",
                           finding->certain ? "" : "possible: ", message, finding->rule);
    if (file != NULL)
        append_source(writer, file, finding);
    append_item(writer, "locks", locks);
    append_item(writer, "waits", finding->blocks);
    append_item(writer, "breaks", finding->breaks);
    if (!finding->certain)
        append_item(writer, "what would tell", finding->settled_by);
    append_recipe(writer, finding);
    g_string_append_c(writer->out, '\n');
}

static void
append_sum(Writer *writer, const LintResult *result, const guint *counts, guint suppressed)
{
    g_string_append_printf(
        writer->out, "%u file%s, %u statement%s: %u error%s, %u warning%s, %u note%s",
        result->files->len, result->files->len == 1 ? "" : "s", result->statements,
        result->statements == 1 ? "" : "s", counts[LINT_ERROR], counts[LINT_ERROR] == 1 ? "" : "s",
        counts[LINT_WARNING], counts[LINT_WARNING] == 1 ? "" : "s", counts[LINT_NOTE],
        counts[LINT_NOTE] == 1 ? "" : "s");
    if (suppressed > 0)
        g_string_append_printf(writer->out, "; %u allowed", suppressed);
    g_string_append_c(writer->out, '\n');
    if (counts[LINT_ERROR] + counts[LINT_WARNING] + counts[LINT_NOTE] > 0)
        g_string_append(writer->out, "`sluice lint --explain RULE` tells more of a rule.\n");
}

char *
format_text(const LintResult *result, bool colour)
{
    Writer writer = {g_string_new(NULL), colour};
    guint counts[LINT_ERROR + 1] = {0}, suppressed = 0;

    for (guint i = 0; i < result->findings->len; i++) {
        const LintFinding *finding = result->findings->pdata[i];

        if (finding->suppressed) {
            suppressed++;
            continue;
        }
        counts[finding->level]++;
        append_finding(&writer, result, finding);
    }
    append_sum(&writer, result, counts, suppressed);
    return g_string_free(writer.out, FALSE);
}
