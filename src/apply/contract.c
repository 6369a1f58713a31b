#include "apply/apply.h"
#include "apply/drops.h"
#include "apply/phase.h"
#include "apply/sync-steps.h"
#include "apply/table-steps.h"

/* Triggers before columns: a write between the two must find a function that it can run. They share
 * the transaction with what follows, up to the first statement that runs alone; the proofs that the
 * section begins with come before them. */
static bool
plan_contract(Phase *phase, Plan *plan, GError **error)
{
    const Section *section = revision_section(phase->revision, SECTION_CONTRACT, NULL);
    guint derived;

    if (!drops_check(phase, section, error) || !plan_add_section(plan, section, error))
        return false;
    derived = plan->steps->len;
    if (!sync_steps_contract(phase, plan, error) || !table_steps_remove(phase, plan, error))
        return false;
    plan_bring_forward(plan, derived, plan_count_proofs(plan));
    plan_cut(plan, phase->revision->statement_transactions);
    phase->next = STATE_CONTRACTED;
    phase->next_is_final = true;
    plan->record = phase_record;
    plan->data = phase;
    return true;
}

bool
apply_contract(const ApplyContext *context, const Revision *revision, GError **error)
{
    g_auto(Phase) phase = {0};
    g_autoptr(Plan) plan = plan_new(phase_name(PHASE_CONTRACT));
    RevisionState needed;

    if (!phase_open(&phase, context, PHASE_CONTRACT, revision, error))
        return false;
    if (phase.is_final || phase.state == STATE_CONTRACTED)
        return true;
    needed =
        revision_has_cutover(phase.revision) ? STATE_CUT_OVER : phase_filled_state(phase.revision);
    if (!phase_require(&phase, needed,
                       "Contract comes last: `sluice status` shows what it waits "
                       "for.",
                       error))
        return false;
    return plan_contract(&phase, plan, error) && phase_run(&phase, plan, error);
}
