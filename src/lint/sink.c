#include "lint/sink.h"

#include <string.h>

#include "lint/allow.h"
#include "sql/statement.h"

void
levels_free(LintLevels *levels)
{
    if (levels == NULL)
        return;
    g_hash_table_unref(levels->set);
    for (DdlChangeKind kind = 0; kind < CHANGE_N; kind++)
        g_ptr_array_unref(levels->changes[kind]);
    g_ptr_array_unref(levels->statements);
    g_ptr_array_unref(levels->commits);
    g_ptr_array_unref(levels->file_ends);
    g_ptr_array_unref(levels->ends);
    g_free(levels);
}

static bool
set_level(LintLevels *levels, const LintLevelSpec *spec, GError **error)
{
    LintLevel level;
    const char *near;

    if (lint_rule_find(spec->rule) == NULL) {
        near = lint_rule_nearest(spec->rule);
        error_set_at(error, ERROR_CONFIG, spec->place, "lint.rules: there is no rule '%s'",
                     spec->rule);
        return near ? error_hint(error, "Did you mean '%s'?", near)
                    : error_hint(error, "`sluice lint --list-rules` shows all.");
    }
    if (!lint_level_find(spec->level, &level))
        return error_set_at(error, ERROR_CONFIG, spec->place,
                            "lint.rules: '%s' is none of: off, note, warning, error", spec->level);
    g_hash_table_insert(levels->set, g_strdup(spec->rule), GINT_TO_POINTER(level + 1));
    return true;
}

/* False: the settings say nothing. */
static bool
level_is_set(const LintLevels *levels, const char *rule, LintLevel *ret_level)
{
    const int level = GPOINTER_TO_INT(g_hash_table_lookup(levels->set, rule));

    if (level > 0)
        *ret_level = (LintLevel) (level - 1);
    return level > 0;
}

LintLevel
levels_get(const LintLevels *levels, const LintRule *rule)
{
    LintLevel level = rule->level;

    level_is_set(levels, rule->id, &level);
    return level;
}

static void
sort_rule(LintLevels *levels, const LintRule *rule)
{
    void *entry = (void *) (guintptr) rule;

    if (levels_get(levels, rule) == LINT_OFF)
        return;
    for (const DdlChangeKind *kind = rule->kinds; kind != NULL && *kind != CHANGE_N; kind++)
        g_ptr_array_add(levels->changes[*kind], entry);
    if (rule->at_statement)
        g_ptr_array_add(levels->statements, entry);
    if (rule->at_commit)
        g_ptr_array_add(levels->commits, entry);
    if (rule->at_file_end)
        g_ptr_array_add(levels->file_ends, entry);
    if (rule->at_end)
        g_ptr_array_add(levels->ends, entry);
}

LintLevels *
levels_new(const Settings *settings, GError **error)
{
    g_autoptr(LintLevels) levels = g_new0(LintLevels, 1);
    const LintRule *const *rules = lint_rules();

    levels->set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (DdlChangeKind kind = 0; kind < CHANGE_N; kind++)
        levels->changes[kind] = g_ptr_array_new();
    levels->statements = g_ptr_array_new();
    levels->commits = g_ptr_array_new();
    levels->file_ends = g_ptr_array_new();
    levels->ends = g_ptr_array_new();
    for (guint i = 0; i < settings->lint_rules->len; i++)
        if (!set_level(levels, settings->lint_rules->pdata[i], error))
            return NULL;
    for (guint i = 0; rules[i]; i++)
        sort_rule(levels, rules[i]);
    return g_steal_pointer(&levels);
}

static void
begin_finding(LintSink *sink, gsize start, gsize end)
{
    LintFinding *finding = lint_finding_new();

    finding->rule = sink->rule->id;
    finding->level = levels_get(sink->levels, sink->rule);
    finding->start = start;
    finding->end = MAX(end, start);
    finding->place = lint_file_place(sink->file, start);
    g_ptr_array_add(sink->findings, finding);
    sink->current = finding;
}

static void
begin_at_unit(LintSink *sink, const LintUnit *unit, gsize start)
{
    begin_finding(sink, start, unit->end);
    sink->current->statement = unit->statement;
    if (unit->conditional) {
        sink->current->certain = false;
        sink->current->settled_by = g_strdup("whether this branch of the body runs");
    }
}

void
lint_report(const LintContext *context, const DdlChange *change, const char *format, ...)
{
    const LintUnit *unit = context->unit;
    LintSink *sink = context->sink;
    gsize start;
    va_list args;

    if (unit != NULL) {
        start =
            change && change->location > 0 ? unit->base + (gsize) change->location : unit->start;
        begin_at_unit(sink, unit, CLAMP(start, unit->start, unit->end));
    } else {
        begin_finding(sink, context->file->length, context->file->length);
    }
    va_start(args, format);
    sink->current->message = g_strdup_vprintf(format, args);
    va_end(args);
    if (unit != NULL)
        lint_add_locks(context);
}

void
lint_report_unit(const LintContext *context, const LintUnit *unit, const char *format, ...)
{
    va_list args;

    begin_at_unit(context->sink, unit, unit->start);
    va_start(args, format);
    context->sink->current->message = g_strdup_vprintf(format, args);
    va_end(args);
}

void
lint_report_bytes(const LintContext *context, gsize start, gsize end, const char *format, ...)
{
    va_list args;

    begin_finding(context->sink, start, end);
    va_start(args, format);
    context->sink->current->message = g_strdup_vprintf(format, args);
    va_end(args);
}

void
lint_possible(const LintContext *context, const char *settled_by, ...)
{
    LintFinding *finding = context->sink->current;
    va_list args;

    finding->certain = false;
    g_free(finding->settled_by);
    va_start(args, settled_by);
    finding->settled_by = g_strdup_vprintf(settled_by, args);
    va_end(args);
}

static void
soften(LintSink *sink, LintLevel level)
{
    LintFinding *finding = sink->current;
    LintLevel set;

    if (!level_is_set(sink->levels, finding->rule, &set))
        finding->level = level;
}

void
lint_level(const LintContext *context, LintLevel level)
{
    soften(context->sink, level);
}

void
lint_add_relation(const LintContext *context, const char *name, LockMode mode)
{
    GPtrArray *relations = context->sink->current->relations;
    LintRelation *relation;

    for (guint i = 0; i < relations->len; i++) {
        relation = relations->pdata[i];
        if (g_str_equal(relation->name, name)) {
            relation->mode = MAX(relation->mode, mode);
            return;
        }
    }
    relation = g_new0(LintRelation, 1);
    relation->name = g_strdup(name);
    relation->mode = mode;
    g_ptr_array_add(relations, relation);
}

/* "reads and writes of users and orders, writes of items" */
static char *
blocks_of(const GPtrArray *relations)
{
    g_autoptr(GString) blocks = g_string_new(NULL);

    for (LockMode mode = LOCK_ACCESS_EXCLUSIVE; mode > LOCK_ROW_EXCLUSIVE; mode--) {
        const char *what = lock_mode_blocks(mode);
        guint count = 0;

        for (guint i = 0; i < relations->len; i++) {
            const LintRelation *relation = relations->pdata[i];
            if (relation->mode != mode || what == NULL || what[0] == '\0')
                continue;
            if (count++ == 0)
                g_string_append_printf(blocks, "%s%s of %s", blocks->len ? "; " : "", what,
                                       relation->name);
            else
                g_string_append_printf(blocks, ", %s", relation->name);
        }
    }
    return blocks->len > 0 ? g_string_free(g_steal_pointer(&blocks), FALSE) : NULL;
}

void
lint_add_locks(const LintContext *context)
{
    LintFinding *finding = context->sink->current;

    for (guint i = 0; context->prediction && i < context->prediction->locks->len; i++) {
        const PredictedLock *lock = context->prediction->locks->pdata[i];
        g_autofree char *name = NULL;

        if (lock->is_new)
            continue;
        name = lock->table ? model_table_label(lock->table) : ddl_name_label(lock->name);
        lint_add_relation(context, name, lock->mode);
    }
    g_free(finding->blocks);
    finding->blocks = blocks_of(finding->relations);
}

void
lint_breaks(const LintContext *context, const char *format, ...)
{
    LintFinding *finding = context->sink->current;
    va_list args;

    g_free(finding->breaks);
    va_start(args, format);
    finding->breaks = g_strdup_vprintf(format, args);
    va_end(args);
}

void
lint_recipe(const LintContext *context, const char *format, ...)
{
    LintFinding *finding = context->sink->current;
    va_list args;

    g_free(finding->recipe);
    va_start(args, format);
    finding->recipe = g_strdup_vprintf(format, args);
    va_end(args);
}

static void
awaited_free(void *data)
{
    LintAwaited *awaited = data;

    g_ptr_array_unref(awaited->columns);
    g_free(awaited->schema);
    g_free(awaited->name);
    g_free(awaited);
}

GPtrArray *
sink_awaited_new(void)
{
    return g_ptr_array_new_with_free_func(awaited_free);
}

void
lint_unless_indexed(const LintContext *context, DdlName relation, const GPtrArray *columns)
{
    GPtrArray *all = context->sink->awaited;
    LintAwaited *awaited;

    if (all == NULL)
        return;
    awaited = g_new0(LintAwaited, 1);
    awaited->finding = context->sink->current;
    awaited->schema = g_strdup(relation.schema);
    awaited->name = g_strdup(relation.name);
    awaited->columns = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < columns->len; i++)
        g_ptr_array_add(awaited->columns, g_strdup(columns->pdata[i]));
    g_ptr_array_add(all, awaited);
}

void
sink_settle_awaited(LintSink *sink, const Model *model, GPtrArray *findings)
{
    for (guint i = 0; sink->awaited != NULL && i < sink->awaited->len; i++) {
        const LintAwaited *awaited = sink->awaited->pdata[i];
        const ModelTable *table = model_table(model, (DdlName){awaited->schema, awaited->name});

        if (table != NULL && model_covering_index(table, awaited->columns) != NULL)
            g_ptr_array_remove(findings, awaited->finding);
    }
    g_clear_pointer(&sink->awaited, g_ptr_array_unref);
}

void
lint_recipe_alone(const LintContext *context)
{
    lint_recipe(context, "-- in a transaction, or a file, of its own\nBEGIN;\n%s;\nCOMMIT;",
                sql_statement_text(context->statement));
    lint_recipe_yields(context);
}

void
lint_recipe_yields(const LintContext *context)
{
    context->sink->current->alone = true;
}

void
sink_settle(LintSink *sink, guint from)
{
    const LintFinding *error = NULL;

    for (guint i = from; i < sink->findings->len && error == NULL; i++) {
        const LintFinding *finding = sink->findings->pdata[i];
        if (finding->level == LINT_ERROR && finding->recipe != NULL && !finding->alone)
            error = finding;
    }
    for (guint i = from; error != NULL && i < sink->findings->len; i++) {
        LintFinding *finding = sink->findings->pdata[i];

        if (!finding->alone)
            continue;
        g_free(finding->recipe);
        finding->recipe =
            g_strdup_printf("-- not in this transaction, nor in this form\n%s", error->recipe);
    }
}

const char *
lint_reported_recipe(const LintContext *context)
{
    return context->sink->current->recipe;
}

const char *
lint_reporting(const LintContext *context)
{
    return context->sink->rule->id;
}

void
lint_fix_bytes(const LintContext *context, gsize start, gsize end, const char *text)
{
    LintEdit *edit = g_new0(LintEdit, 1);

    edit->start = start;
    edit->end = end;
    edit->text = g_strdup(text);
    g_ptr_array_add(context->sink->current->fix, edit);
}

void
lint_fix_replace(const LintContext *context, gsize start, gsize end, const char *text)
{
    const gsize base = context->unit->base;

    if (context->unit->outer == NULL) /* a body's bytes are those of a literal */
        lint_fix_bytes(context, base + start, base + end, text);
}

void
lint_fix_insert(const LintContext *context, const char *text)
{
    const LintUnit *unit = context->unit;
    gsize start = unit->start;

    /* What accepts a finding of the statement stays next to it. */
    for (guint i = 0; i < unit->file->allows->len; i++) {
        const LintAllow *allow = unit->file->allows->pdata[i];
        if (allow->unit == unit && allow->start < start)
            start = allow->start;
    }
    lint_fix_replace(context, start - unit->base, start - unit->base, text);
}

void
sink_report_problem(LintSink *sink, const LintUnit *unit)
{
    const bool is_newer = unit->problem_kind == PROBLEM_NEWER;

    sink->rule = lint_rule_find(is_newer ? "newer-grammar" : "parse-error");
    begin_finding(sink, unit->start, unit->end);
    sink->current->message = g_strdup_printf(
        is_newer ? "%s; it is not looked at, the other statements are" : "%s", unit->problem);
    if (unit->problem_kind == PROBLEM_SYNTAX)
        return;
    sink->current->certain = false;
    if (unit->problem_kind == PROBLEM_TEMPLATE) {
        soften(sink, LINT_WARNING);
        sink->current->settled_by = g_strdup("the SQL that the template makes: lint that");
        return;
    }
    if (unit->problem_kind == PROBLEM_FILLED) {
        soften(sink, LINT_WARNING);
        sink->current->settled_by = g_strdup("what the tool puts in for the placeholders");
        return;
    }
    sink->current->settled_by =
        g_strdup(is_newer ? "a rehearsal on a server of that version"
                          : "the client_encoding that the file is run with");
    if (!is_newer)
        soften(sink, LINT_NOTE);
}

void
sink_report_error(LintSink *sink)
{
    const Place place = error_get_place(sink->file->error);
    const char *hint = error_get_hint(sink->file->error);
    const char *message = sink->file->error->message;
    g_autofree char *prefix = g_strdup_printf("%s:%d:%d: ", place.file, place.line, place.column);

    sink->rule = lint_rule_find("parse-error");
    begin_finding(sink, 0, 0);
    if (place.line > 0) {
        sink->current->place.line = place.line;
        sink->current->place.column = MAX(place.column, 1);
    }
    if (g_str_has_prefix(message, prefix))
        message += strlen(prefix);
    sink->current->message = g_strdup(message);
    sink->current->recipe = g_strdup(hint);
}
