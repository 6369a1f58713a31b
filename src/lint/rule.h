/*
 * lint/rule.h - what a rule is. A rule looks at one change, one statement, or a file's end, with
 * the session as it is at that moment, and reports. It keeps nothing.
 *
 * Rules are in rule-<family>.c, a row each in rules.def. A rule's page, docs/rules/<id>.md, is its
 * explanation (`lint --explain`), and its examples are tests.
 */
#pragma once

#include "conf/settings.h"
#include "lint/finding.h"
#include "lint/session.h"

typedef struct LintSink LintSink;

typedef struct {
    const Session *session;
    const Model *model; /* before the statement */
    const LintFile *file;
    const LintUnit *unit; /* NULL at a file's end */
    const Prediction *prediction;
    const SqlStatement *statement;
    const DdlChanges *changes;
    const Settings *settings; /* never NULL */
    int server_version;       /* major; what the settings or the server say, else 15 */
    LintSink *sink;
} LintContext;

typedef struct {
    const char *id;    /* "index-create-blocking" */
    LintLevel level;   /* unless the settings say otherwise; LINT_OFF: a matter of style */
    const char *title; /* "CREATE INDEX blocks writes" */
    void (*at_change)(const LintContext *context, const DdlChange *change);
    const DdlChangeKind *kinds; /* at_change is called for no other: LINT_KINDS */
    void (*at_statement)(const LintContext *context);
    /* A transaction's end, its locks still held (session_locks), its statements among
     * session_statements; unit: the last; model: after it. */
    void (*at_commit)(const LintContext *context);
    void (*at_file_end)(const LintContext *context);
    /* Of the whole history, or of a plain file that is linted by itself; model: the last. */
    void (*at_end)(const LintContext *context);
} LintRule;

#define LINT_KINDS(...) ((const DdlChangeKind[]){__VA_ARGS__, CHANGE_N})

#define RULE(name) extern const LintRule lint_rule_##name;
#include "lint/rules.def"
#undef RULE

/* All, in the order of rules.def; NULL-ended. */
const LintRule *const *lint_rules(void);
/* NULL: no such rule. */
const LintRule *lint_rule_find(const char *id);
/* The id that looks most like @word; NULL: none does. Borrowed. */
const char *lint_rule_nearest(const char *word);

/*
 * Reporting: the rule being run is known to the sink. lint_report begins a finding at the context's
 * change, or statement, or file's end; the others add to it until the next begins.
 *
 *     lint_report(context, change, "CREATE INDEX blocks writes of %s until it is built", table);
 *     lint_recipe(context, "CREATE INDEX CONCURRENTLY ..");
 */
void lint_report(const LintContext *context, const DdlChange *change, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* At a statement that ran before, or a unit of the file; for rules that look back. */
void lint_report_unit(const LintContext *context, const LintUnit *unit, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* At bytes [start,end) of the file. */
void lint_report_bytes(const LintContext *context, gsize start, gsize end, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* Makes it "possible": @settled_by, a noun phrase, would tell ("the type of orders.user_id"). */
void lint_possible(const LintContext *context, const char *settled_by, ...) G_GNUC_PRINTF(2, 3);
/* The finding's level, where it is not the rule's; the settings' level stands over it. */
void lint_level(const LintContext *context, LintLevel level);
/* The predicted locks of the statement on what was there before, and what waits behind them:
 * lint_report has done so already; anew, once other relations were added. */
void lint_add_locks(const LintContext *context);
void lint_add_relation(const LintContext *context, const char *name, LockMode mode);
void lint_breaks(const LintContext *context, const char *format, ...) G_GNUC_PRINTF(2, 3);
void lint_recipe(const LintContext *context, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The statement in a transaction of its own: in the form that the other findings about it name,
 * where one of them is an error. */
void lint_recipe_alone(const LintContext *context);
/* The recipe gives way to that of an error about the same statement. */
void lint_recipe_yields(const LintContext *context);
/* The recipe of the finding; NULL: none yet. */
const char *lint_reported_recipe(const LintContext *context);
/* The id of the rule that reports. */
const char *lint_reporting(const LintContext *context);
/* The finding is void if the history ends with an index of @relation that begins with @columns
 * (const char *). */
void lint_unless_indexed(const LintContext *context, DdlName relation, const GPtrArray *columns);
/* A mechanical fix: bytes [start,end) of the statement's script, as locations of the tree count,
 * become @text. */
void lint_fix_replace(const LintContext *context, gsize start, gsize end, const char *text);
/* The same of bytes of the file, wherever. */
void lint_fix_bytes(const LintContext *context, gsize start, gsize end, const char *text);
/* The same: @text before the statement. */
void lint_fix_insert(const LintContext *context, const char *text);
