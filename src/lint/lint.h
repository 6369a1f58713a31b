/*
 * lint/lint.h - runs the rules over files: says what would lock, rewrite, scan, lose data, or break
 * the app that is still running.
 */
#pragma once

#include "conf/settings.h"
#include "lint/finding.h"
#include "lint/input.h"

typedef struct {
    const Settings *settings; /* levels of rules, excluded files, server version, what the role
                                 sets */
    LintRunner runner;        /* of plain files */
    const char *seed;         /* path of a `pg_dump -s`; NULL: none */
    PgConn *conn;             /* a server to begin from; NULL: none */
    GHashTable *overlay;      /* path -> text that stands for the file's; NULL: none */
    GHashTable *edited;       /* paths (a set) that were released and changed since; NULL: none */
    GHashTable *inserted;     /* paths of new ones that come before released ones; NULL: none */
    int jobs;                 /* threads that read and parse; 0: as many as there are processors */
} LintOptions;

typedef struct {
    GPtrArray *files;    /* LintFile *: those that were reported, without their units */
    GPtrArray *findings; /* LintFinding *, by file and place; suppressed ones too */
    guint statements;    /* of the reported files */
    guint left_out;      /* statements of the seed that could not be parsed */
} LintResult;
void lint_result_free(LintResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LintResult, lint_result_free)

/* The revisions of @graph in their order. @reported: ids whose findings are wanted (a set), NULL:
 * all. The others are run in thought before them, unless there is a seed: it has them already.
 * Caller owns. */
LintResult *lint_revisions(const LintOptions *options, const Graph *graph, GHashTable *reported,
                           GError **error);
/* Plain files, each by itself (@together: in the order given, on one schema that grows). "-" is
 * standard input, whose text is @standard_input. A revision file among them is linted as one.
 * Caller owns. */
LintResult *lint_files(const LintOptions *options, const GPtrArray *paths, bool together,
                       const char *standard_input, GError **error);

/* The worst level of what is not suppressed; LINT_OFF: nothing. */
LintLevel lint_result_worst(const LintResult *result);
