#include "apply/apply.h"
#include "apply/drops.h"
#include "apply/phase.h"
#include "apply/sync-steps.h"
#include "apply/table-steps.h"
#include "base/error.h"
#include "ledger/backfills.h"
#include "peers/keep.h"
#include "revision/revision-set.h"

static bool
check_children(const Phase *phase, GError **error)
{
    const Graph *graph = phase->context->graph;
    g_autoptr(RevisionSet) below = revision_set_new(graph);

    revision_set_add(below, graph_find(graph, phase->revision->id));
    revision_set_add_descendants(below, EDGE_ALL);
    for (guint i = 0; i < phase->rows->list->len; i++) {
        const LedgerRevision *row = g_ptr_array_index(phase->rows->list, i);
        const Revision *later = graph_find(graph, row->id);

        if (row == phase->row || later == NULL || !revision_set_has(below, later))
            continue;
        error_set(error, ERROR_STATE, "%s cannot be downgraded before %s, which comes after it",
                  phase->revision->id, row->id);
        return error_hint(error, "Name the revision to go back to: `sluice downgrade TARGET` takes "
                                 "the later ones along.");
    }
    return true;
}

bool
apply_check_downgrade(const Revision *revision, const LedgerRevision *row, GError **error)
{
    const RevisionState state = row ? row->state : STATE_PENDING;

    if (state == STATE_CUT_OVER || state == STATE_CONTRACTED) {
        error_set(error, ERROR_STATE, "%s is %s and cannot be downgraded", revision->id,
                  revision_state_name(state));
        return error_hint(error, state == STATE_CUT_OVER
                                     ? "Undo its cutover first: `sluice cutover --undo`, or "
                                       "`sluice rollout abort`."
                                     : "Its old shape is gone: write a new revision that repairs "
                                       "forward.");
    }
    if (revision_section(revision, SECTION_DOWNGRADE, NULL) ||
        revision_section(revision, SECTION_EXPAND, NULL) == NULL)
        return true;
    error_set(error, ERROR_STATE, "%s has no section `downgrade`", revision->path);
    return error_hint(error, "Write the statements that undo its expand under `-- sluice: "
                             "downgrade`.");
}

static bool
record_removal(PgConn *conn, gconstpointer data, GError **error)
{
    const Phase *phase = data;

    return ledger_remove_revision(conn, phase->revision->id, error) &&
           adoption_keep(conn, phase->context->graph, phase->rows, phase->revision, false, error);
}

/* The triggers go before what they read and write, but behind the proofs that the section begins
 * with: where one fails, both shapes are still kept equal. */
static bool
add_steps(const Phase *phase, Plan *plan, const Section *section, GError **error)
{
    guint derived;

    if (!plan_add_section(plan, section, error))
        return false;
    derived = plan->steps->len;
    if (!sync_steps_remove(phase, plan, error) || !table_steps_remove(phase, plan, error))
        return false;
    plan_bring_forward(plan, derived, plan_count_proofs(plan));
    return true;
}

static bool
plan_downgrade(const Phase *phase, Plan *plan, GError **error)
{
    const Section *section = revision_section(phase->revision, SECTION_DOWNGRADE, NULL);

    /* In a dry run those that come after it are still there. */
    if ((!phase->context->dry_run && !drops_check(phase, section, error)) ||
        !add_steps(phase, plan, section, error))
        return false;
    plan_cut(plan, phase->revision->statement_transactions);
    plan->record = record_removal;
    plan->data = phase;
    return true;
}

/* Its workers end at their next part, before the column that they fill is gone. */
static bool
stop_backfill(const Phase *phase, GError **error)
{
    gint64 count = 0;

    return phase->context->dry_run ||
           ledger_want_backfill(phase->context->conn, phase->revision->id, LEDGER_WANT_CANCEL,
                                &count, error);
}

bool
apply_downgrade(const ApplyContext *context, const Revision *revision, GError **error)
{
    g_auto(Phase) phase = {0};
    g_autoptr(Plan) plan = plan_new(phase_name(PHASE_DOWNGRADE));

    if (!phase_open(&phase, context, PHASE_DOWNGRADE, revision, error))
        return false;
    if (phase.row == NULL)
        return true;
    if ((!context->dry_run && !check_children(&phase, error)) ||
        !apply_check_downgrade(phase.revision, phase.row, error))
        return false;
    return plan_downgrade(&phase, plan, error) && stop_backfill(&phase, error) &&
           phase_run(&phase, plan, error);
}
