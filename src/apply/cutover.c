#include "apply/apply.h"
#include "apply/phase.h"
#include "apply/sync-steps.h"
#include "apply/table-steps.h"
#include "base/error.h"
#include "ledger/steps.h"
#include "revision/swap.h"

/* One short transaction, or the old shape and the new would each be half there. */
static bool
check_one_transaction(const Phase *phase, const Plan *plan, GError **error)
{
    if (plan->runs->len == 0 ||
        (plan->runs->len == 1 && ((PlanRun *) g_ptr_array_index(plan->runs, 0))->transactional))
        return true;
    error_set(error, ERROR_STATE, "%s of %s does not fit into one transaction",
              phase_name(phase->kind), phase->revision->id);
    return error_hint(error,
                      "Move what runs alone (CONCURRENTLY, VALIDATE, DO, functions) to finish "
                      "or contract.");
}

static bool
plan_section(const Phase *phase, Plan *plan, SectionKind section, GError **error)
{
    const Section *text = revision_section(phase->revision, section, NULL);

    if (!plan_add_section(plan, text, error))
        return false;
    plan_cut(plan, false);
    return check_one_transaction(phase, plan, error) &&
           sync_steps_rename(phase, plan, text, error) &&
           table_steps_turn(phase, plan, section == SECTION_CUTOVER, error);
}

bool
apply_cutover(const ApplyContext *context, const Revision *revision, GError **error)
{
    g_auto(Phase) phase = {0};
    g_autoptr(Plan) plan = plan_new(phase_name(PHASE_CUTOVER));

    if (!phase_open(&phase, context, PHASE_CUTOVER, revision, error))
        return false;
    if (phase.is_final || phase.state >= STATE_CUT_OVER)
        return true;
    if (!phase_require(&phase, phase_filled_state(phase.revision),
                       "Its backfill must be done: `sluice backfill run`.", error) ||
        !plan_section(&phase, plan, SECTION_CUTOVER, error))
        return false;
    phase.next = STATE_CUT_OVER;
    phase.next_is_final = !revision_has_contract(phase.revision);
    plan->record = phase_record;
    plan->data = &phase;
    return phase_run(&phase, plan, error);
}

/* All may run again, so their journals go. */
static bool
record_undo(PgConn *conn, gconstpointer data, GError **error)
{
    const Phase *phase = data;

    return phase_record(conn, phase, error) &&
           (phase->next >= STATE_BACKFILLED ||
            ledger_forget_steps(conn, phase->revision->id, phase_name(PHASE_FINISH), error)) &&
           ledger_forget_steps(conn, phase->revision->id, phase_name(PHASE_CUTOVER), error) &&
           ledger_forget_steps(conn, phase->revision->id, phase_name(PHASE_CUTOVER_UNDO), error);
}

/* The undo of a swap takes along keys that were built for the cutover: finish has to run again. */
static bool
state_behind_undo(const Revision *revision, RevisionState *ret_state, GError **error)
{
    g_autoptr(GPtrArray) syncs = revision_syncs(revision, error);
    bool swaps = false;

    for (guint i = 0; syncs && i < syncs->len && !swaps; i++)
        if (!revision_swaps(revision, g_ptr_array_index(syncs, i), &swaps, error))
            return false;
    if (syncs == NULL)
        return false;
    *ret_state = swaps && revision_section(revision, SECTION_FINISH, NULL)
                     ? STATE_EXPANDED
                     : phase_filled_state(revision);
    return true;
}

static bool
check_way_back(const Phase *phase, GError **error)
{
    if (phase->state < STATE_CUT_OVER ||
        revision_section(phase->revision, SECTION_CUTOVER, NULL) == NULL ||
        revision_section(phase->revision, SECTION_CUTOVER_UNDO, NULL) != NULL)
        return true;
    error_set(error, ERROR_STATE, "%s has no section `cutover undo`", phase->revision->path);
    return error_hint(error, "Write the statements that undo its cutover under `-- sluice: cutover "
                             "undo`.");
}

bool
apply_cutover_undo(const ApplyContext *context, const Revision *revision, GError **error)
{
    g_auto(Phase) phase = {0};
    g_autoptr(Plan) plan = plan_new(phase_name(PHASE_CUTOVER_UNDO));

    if (!phase_open(&phase, context, PHASE_CUTOVER_UNDO, revision, error))
        return false;
    if (phase.state < STATE_CUT_OVER)
        return true;
    if (!phase_require(&phase, STATE_CUT_OVER, "After contract there is no way back: fix forward.",
                       error) ||
        !check_way_back(&phase, error) ||
        !plan_section(&phase, plan, SECTION_CUTOVER_UNDO, error) ||
        !state_behind_undo(phase.revision, &phase.next, error))
        return false;
    plan->record = record_undo;
    plan->data = &phase;
    return phase_run(&phase, plan, error);
}
