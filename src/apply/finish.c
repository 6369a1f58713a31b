#include "apply/apply.h"
#include "apply/phase.h"
#include "apply/sync-steps.h"
#include "apply/table-steps.h"

/* VALIDATE first: it proves the backfill, before anything is built on it. */
static bool
plan_finish(Phase *phase, Plan *plan, GError **error)
{
    const Revision *revision = phase->revision;

    if (!sync_steps_validate(phase, plan, error) ||
        !plan_add_section(plan, revision_section(revision, SECTION_FINISH, NULL), error) ||
        !sync_steps_analyze(phase, plan, error) || !table_steps_analyze(phase, plan, error))
        return false;
    plan_cut(plan, true);
    phase->next = STATE_BACKFILLED;
    phase->next_is_final = !revision_has_cutover(revision) && !revision_has_contract(revision);
    plan->record = phase_record;
    plan->data = phase;
    return true;
}

bool
apply_finish(const ApplyContext *context, const Revision *revision, GError **error)
{
    g_auto(Phase) phase = {0};
    g_autoptr(Plan) plan = plan_new(phase_name(PHASE_FINISH));

    if (!phase_open(&phase, context, PHASE_FINISH, revision, error))
        return false;
    if (phase.is_final || phase.state >= STATE_BACKFILLED)
        return true;
    if (!context->dry_run &&
        !phase_require(&phase, STATE_EXPANDED, "Run `sluice upgrade` first.", error))
        return false;
    return plan_finish(&phase, plan, error) && phase_run(&phase, plan, error);
}
