#include "lint/allow.h"

#include <string.h>

#include "revision/lexer.h"

#define MARK "-- sluice: allow"

static void
lint_allow_free(LintAllow *allow)
{
    g_strfreev(allow->rules);
    g_free(allow->reason);
    g_array_unref(allow->used);
    g_free(allow);
}

/* The statement that the comment at [start,end) is about. */
static const LintUnit *
unit_of(const LintFile *file, gsize start, gsize end)
{
    const LintUnit *next = NULL;

    for (guint i = 0; i < file->units->len; i++) {
        const LintUnit *unit = file->units->pdata[i];
        const bool is_within = unit->start <= start && start < unit->end;
        /* Behind it, in the line in which it ends. */
        const bool is_behind =
            unit->end <= start && memchr(file->text + unit->end, '\n', start - unit->end) == NULL;

        if (is_within || is_behind)
            return unit;
        if (unit->start >= end && (next == NULL || unit->start < next->start))
            next = unit;
    }
    return next;
}

/* Rules and reason of the words behind "allow". */
static void
parse_words(LintAllow *allow, const char *words)
{
    const char *because = strstr(words, " because");
    g_autofree char *rules = g_strndup(words, because ? (gsize) (because - words) : strlen(words));
    g_autofree char *reason =
        because ? g_strstrip(g_strdup(because + strlen(" because"))) : g_strdup("");
    g_auto(GStrv) parts = g_strsplit_set(rules, ", \t\r", -1);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (char **part = parts; *part; part++)
        if ((*part)[0])
            g_strv_builder_add(builder, *part);
    allow->rules = g_strv_builder_end(builder);
    allow->reason = reason[0] ? g_steal_pointer(&reason) : NULL;
    allow->used = g_array_new(FALSE, TRUE, sizeof(bool));
    g_array_set_size(allow->used, g_strv_length(allow->rules));
}

static void
add_allow(GPtrArray *allows, const LintFile *file, const char *comment)
{
    LintAllow *allow = g_new0(LintAllow, 1);
    const char *words = comment + strlen(MARK);
    g_autofree char *line = g_strndup(words, strcspn(words, "\n"));

    parse_words(allow, line);
    allow->start = (gsize) (comment - file->text);
    allow->end = allow->start + strlen(MARK) + strlen(line);
    allow->unit = unit_of(file, allow->start, allow->end);
    g_ptr_array_add(allows, allow);
}

GPtrArray *
allow_scan(const LintFile *file)
{
    GPtrArray *allows = g_ptr_array_new_with_free_func((GDestroyNotify) lint_allow_free);
    const char *what;

    if (strstr(file->text, MARK) == NULL)
        return allows;
    for (const char *c = file->text; c != NULL && *c; c = lexer_skip(file->text, c, &what))
        if (g_str_has_prefix(c, MARK) && strchr(" \t\r\n", c[strlen(MARK)]))
            add_allow(allows, file, c);
    return allows;
}

static bool
covers(const LintAllow *allow, const LintFinding *finding)
{
    return allow->unit != NULL && finding->start >= allow->unit->start &&
           finding->start <= allow->unit->end;
}

void
allow_apply(const LintFile *file, GPtrArray *findings)
{
    for (guint i = 0; i < file->allows->len; i++) {
        const LintAllow *allow = file->allows->pdata[i];

        for (guint k = 0; k < findings->len; k++) {
            LintFinding *finding = findings->pdata[k];

            for (guint r = 0; allow->rules[r]; r++) {
                if (!g_str_equal(allow->rules[r], finding->rule) || !covers(allow, finding))
                    continue;
                g_array_index(allow->used, bool, r) = true;
                if (allow->reason != NULL)
                    finding->suppressed = true;
            }
        }
    }
}

static void
report(const LintContext *context, const LintAllow *allow, guint index)
{
    const char *rule = allow->rules[index];
    const char *near = lint_rule_nearest(rule);

    if (lint_rule_find(rule) == NULL)
        lint_report_bytes(context, allow->start, allow->end, "there is no rule '%s'%s%s%s", rule,
                          near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    else if (allow->unit == NULL)
        lint_report_bytes(context, allow->start, allow->end,
                          "no statement follows that %s could be allowed for", rule);
    else if (!g_array_index(allow->used, bool, index))
        lint_report_bytes(context, allow->start, allow->end,
                          "%s is allowed, but does not find anything here", rule);
}

void
allow_report(const LintFile *file, LintSink *sink)
{
    const LintContext context = {.file = file, .sink = sink};

    sink->rule = lint_rule_find("suppression-hygiene");
    if (levels_get(sink->levels, sink->rule) == LINT_OFF)
        return;
    for (guint i = 0; i < file->allows->len; i++) {
        const LintAllow *allow = file->allows->pdata[i];

        if (allow->rules[0] == NULL)
            lint_report_bytes(&context, allow->start, allow->end, "no rule is named");
        else if (allow->reason == NULL)
            lint_report_bytes(&context, allow->start, allow->end,
                              "no reason is given, so that nothing is allowed: write `because ..`");
        for (guint r = 0; allow->rules[r]; r++)
            report(&context, allow, r);
    }
}
