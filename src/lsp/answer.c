#include "lsp/answer.h"

#include <string.h>

#include "lint/rule.h"
#include "lsp/position.h"

/* DiagnosticSeverity. */
enum { SEVERITY_ERROR = 1, SEVERITY_WARNING = 2, SEVERITY_INFORMATION = 3 };

static int
severity_of(const LintFinding *finding)
{
    switch (finding->level) {
    case LINT_ERROR:
        return SEVERITY_ERROR;
    case LINT_WARNING:
        return SEVERITY_WARNING;
    case LINT_NOTE:
    case LINT_OFF:
    default:
        return SEVERITY_INFORMATION;
    }
}

static char *
message_of(const LintFinding *finding)
{
    GString *message = g_string_new(finding->certain ? NULL : "possible: ");

    g_string_append(message, finding->message);
    if (finding->blocks != NULL)
        g_string_append_printf(message, "\nblocks: %s", finding->blocks);
    if (finding->breaks != NULL)
        g_string_append_printf(message, "\nbreaks: %s", finding->breaks);
    if (finding->settled_by != NULL)
        g_string_append_printf(message, "\nwhat would tell: %s", finding->settled_by);
    if (finding->recipe != NULL)
        g_string_append_printf(message, "\nsafe way:\n%s", finding->recipe);
    return g_string_free(message, FALSE);
}

static json_t *
diagnostic_of(const LintFile *file, const LintFinding *finding)
{
    g_autofree char *message = message_of(finding);

    return json_pack("{s:o, s:i, s:s, s:s, s:s}", "range",
                     position_range(file->text, finding->start, finding->end), "severity",
                     severity_of(finding), "code", finding->rule, "source", "sluice", "message",
                     message);
}

json_t *
answer_diagnostics(const LintDocument *document)
{
    const GPtrArray *findings = lint_document_findings(document);
    json_t *list = json_array();

    for (guint i = 0; i < findings->len; i++) {
        const LintFinding *finding = findings->pdata[i];
        if (!finding->suppressed)
            json_array_append_new(list, diagnostic_of(lint_document_file(document), finding));
    }
    return list;
}

json_t *
answer_hover(const LintDocument *document, const json_t *position)
{
    const char *text = lint_document_file(document)->text;
    gsize start, end;
    g_autofree char *markdown =
        lint_document_explain(document, position_offset(text, position), &start, &end);

    if (markdown == NULL)
        return json_null();
    return json_pack("{s:{s:s, s:s}, s:o}", "contents", "kind", "markdown", "value", markdown,
                     "range", position_range(text, start, end));
}

static json_t *
action_new(const char *title, const char *uri, json_t *take_edits, json_t *take_diagnostic)
{
    return json_pack("{s:s, s:s, s:[o], s:{s:{s:o}}}", "title", title, "kind", "quickfix",
                     "diagnostics", take_diagnostic, "edit", "changes", uri, take_edits);
}

static json_t *
edit_new(const char *text, gsize start, gsize end, const char *with)
{
    return json_pack("{s:o, s:s}", "range", position_range(text, start, end), "newText", with);
}

static json_t *
fix_action(const LintFile *file, const LintFinding *finding, const char *uri)
{
    g_autofree char *title = g_strdup_printf("Fix %s", finding->rule);
    json_t *edits = json_array();

    for (guint i = 0; i < finding->fix->len; i++) {
        const LintEdit *edit = finding->fix->pdata[i];
        json_array_append_new(edits, edit_new(file->text, edit->start, edit->end, edit->text));
    }
    return action_new(title, uri, edits, diagnostic_of(file, finding));
}

/* A line in front of the one that the finding begins in; the reason is for the author to write. */
static json_t *
allow_action(const LintFile *file, const LintFinding *finding, const char *uri)
{
    g_autofree char *title = g_strdup_printf("Allow %s here", finding->rule);
    g_autofree char *line = g_strdup_printf("-- sluice: allow %s because \n", finding->rule);
    gsize start = MIN(finding->start, file->length);

    while (start > 0 && file->text[start - 1] != '\n')
        start--;
    return action_new(title, uri, json_pack("[o]", edit_new(file->text, start, start, line)),
                      diagnostic_of(file, finding));
}

json_t *
answer_actions(const LintDocument *document, const char *uri, const json_t *range)
{
    const LintFile *file = lint_document_file(document);
    const GPtrArray *findings = lint_document_findings(document);
    const gsize start = position_offset(file->text, json_object_get(range, "start"));
    const gsize end = position_offset(file->text, json_object_get(range, "end"));
    json_t *actions = json_array();

    for (guint i = 0; i < findings->len; i++) {
        const LintFinding *finding = findings->pdata[i];

        if (finding->suppressed || finding->end < start || end < finding->start)
            continue;
        if (finding->fix->len > 0)
            json_array_append_new(actions, fix_action(file, finding, uri));
        if (lint_rule_find(finding->rule) != NULL)
            json_array_append_new(actions, allow_action(file, finding, uri));
    }
    return actions;
}
