/*
 * lint/sink.h - where rules report to: the findings of one file, and at which level each rule is.
 */
#pragma once

#include "lint/rule.h"

/* The rules that are on, by when they look; made once, read by all threads. */
typedef struct {
    GHashTable *set;              /* rule's id -> level + 1: what the settings say */
    GPtrArray *changes[CHANGE_N]; /* of each kind; const LintRule *, as all of these */
    GPtrArray *statements, *commits, *file_ends, *ends;
} LintLevels;

/* ERROR_CONFIG: the settings name a rule or a level that is none. Caller owns. */
LintLevels *levels_new(const Settings *settings, GError **error);
void levels_free(LintLevels *levels);
/* The settings' level of @rule, else its own. */
LintLevel levels_get(const LintLevels *levels, const LintRule *rule);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LintLevels, levels_free)

/* A finding that a later file of the history may make void. */
typedef struct {
    LintFinding *finding;
    char *schema, *name; /* of the table; schema NULL: not named */
    GPtrArray *columns;  /* char * */
} LintAwaited;

struct LintSink {
    const LintLevels *levels;
    const LintFile *file;
    const LintRule *rule;
    GPtrArray *findings;  /* LintFinding * */
    LintFinding *current; /* of them; NULL: nothing is reported, or it is off */
    GPtrArray *awaited;   /* LintAwaited *; NULL: nothing comes later */
};

/* The findings from @from on are all that there are about one statement. */
void sink_settle(LintSink *sink, guint from);
GPtrArray *sink_awaited_new(void);
/* Takes what @model, the last one, has made void out of @findings. */
void sink_settle_awaited(LintSink *sink, const Model *model, GPtrArray *findings);
/* Findings that no rule of the table makes: ids of "parse-error" and its like. */
void sink_report_problem(LintSink *sink, const LintUnit *unit);
void sink_report_error(LintSink *sink);
