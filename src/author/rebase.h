/*
 * author/rebase.h - puts revisions that only this checkout knows behind another head.
 *
 * Two people built on the same revision: one side goes behind the other. Only the `-- Revises:`
 * line of the first revision that moves is written; ids stay. Whether a revision may move is not
 * known here: one that is applied somewhere has its place in that database's history, and the
 * caller asks the ledger before it runs the plan.
 */
#pragma once

#include "revision/revision-set.h"

typedef struct {
    const Revision *onto;
    GPtrArray *moved;   /* const Revision *, in the graph's order; empty: only HEAD is settled */
    GPtrArray *written; /* those of @moved whose parent becomes @onto */
    char *conflict;     /* path of the HEAD file whose conflict this settles; NULL: none */
} RebasePlan;
void rebase_plan_free(RebasePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RebasePlan, rebase_plan_free)

/* What `rebase @word --onto @onto` moves; words of revision/target.h. Without @word it is one side
 * of the conflict in a HEAD file: ours in a merge, the commits that are replayed in a git rebase;
 * without a conflict, of the two heads of a branch the one that is not in @applied (may be NULL).
 * Without @onto it goes onto the other side, or the other head of its branch. With @word go those
 * above it that @onto does not have, and all below it. ERROR_STATE: nothing to move; ERROR_USAGE:
 * it cannot be told what is meant (hint: the commands). Caller owns. */
RebasePlan *rebase_plan_new(const char *folder, const Graph *graph, const RevisionSet *applied,
                            const char *word, const char *onto, GError **error);
/* Writes the files, and HEAD and SUMS where they are kept. */
bool rebase_run(const char *folder, const RebasePlan *plan, GError **error);
