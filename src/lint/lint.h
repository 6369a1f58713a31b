/*
 * lint/lint.h - runs the rules over files: says what would lock, rewrite, scan, lose data, or break
 * the app that is still running.
 */
#pragma once

#include "conf/settings.h"
#include "lint/finding.h"
#include "lint/input.h"

typedef struct {
    const Settings *settings; /* levels of rules, server version, what the role sets */
    LintRunner runner;        /* of plain files */
    const char *seed;         /* path of a `pg_dump -s`; NULL: none */
    PgConn *conn;             /* a server to begin from; NULL: none */
    int jobs;                 /* threads that read and parse; 0: as many as there are processors */
} LintOptions;

typedef struct {
    GPtrArray *files;    /* LintFile * */
    GPtrArray *findings; /* LintFinding *, by file and place; suppressed ones too */
    guint statements;
} LintResult;
void lint_result_free(LintResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LintResult, lint_result_free)

/* The revisions of @folder in their order, through all of them; @reported: ids (char *) whose
 * findings are wanted, NULL: all. ERROR_CONFIG: the folder cannot be read. Caller owns. */
LintResult *lint_revisions(const LintOptions *options, const char *folder,
                           const GPtrArray *reported, GError **error);
/* Plain files, each by itself (@together: in the order given, on one schema that grows). "-" is
 * standard input. A revision file among them is linted as one. Caller owns. */
LintResult *lint_files(const LintOptions *options, const char *const *paths, bool together,
                       GError **error);

/* The worst level of what is not suppressed; LINT_OFF: nothing. */
LintLevel lint_result_worst(const LintResult *result);
