/*
 * ledger/integrity.h - the files against what the ledger says has run from them.
 *
 * Pure: what has run comes as LedgerRevisions. Three things part them: an ancestor of an applied
 * revision that was never applied (a hole: branches were merged after the upgrade), a section that
 * was edited after it ran (comments and blanks do not count), and a revision that no file holds.
 * None of them blocks anything else; `check` fails on them, `status` and `upgrade` name them.
 */
#pragma once

#include "ledger/revisions.h"
#include "revision/revision-set.h"

typedef enum {
    INTEGRITY_HOLE,
    INTEGRITY_EDITED,
    INTEGRITY_GONE,
} IntegrityProblem;
const char *integrity_problem_name(IntegrityProblem problem); /* "hole", "edited", "gone" */

typedef struct {
    IntegrityProblem problem;
    char *revision;
    char *path;    /* NULL where no file holds it */
    char *message; /* lower case, without full stop: what, and the file */
    char *hint;    /* the next step, a sentence */
} IntegrityFinding;
void integrity_finding_free(IntegrityFinding *finding);

/* The revisions of @graph that the ledger has in state @from or beyond: STATE_EXPANDED is what is
 * applied. Caller owns. */
RevisionSet *integrity_applied(const Graph *graph, const LedgerRevisions *rows, RevisionState from);
/* Holes (over Revises and Requires) and rows without a file; no file is read. Element-type
 * IntegrityFinding *, in the graph's order, those without a file last. Caller owns. */
GPtrArray *integrity_history(const Graph *graph, const LedgerRevisions *rows);
/* Adds to @findings each section of @revision (with its sections) that is not as @row says it
 * ran. */
void integrity_add_edits(GPtrArray *findings, const Revision *revision, const LedgerRevision *row);
/* Was @revision's file written after @row says that it ran? Cheap: whoever has no time to read all
 * files reads those. */
bool integrity_is_suspect(const Revision *revision, const LedgerRevision *row);
/* All three: integrity_history, and the sections of each file that has run. NULL: a file cannot be
 * read. */
GPtrArray *integrity_check(const Graph *graph, const LedgerRevisions *rows, GError **error);
