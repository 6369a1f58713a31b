#include "base/fault.h"
#include "rollout/gates.h"
#include "rollout/step.h"

/* The next revision whose old shape nobody needs any more; *@ret_revision NULL: none is left. */
static bool
find_next(Runner *run, const Revision **ret_revision, guint *ret_kept, GError **error)
{
    *ret_revision = NULL;
    *ret_kept = 0;
    for (guint i = 0; i < run->plan->revisions->len && *ret_revision == NULL; i++) {
        const Revision *revision = g_ptr_array_index(run->plan->revisions, i);
        RevisionState state = STATE_PENDING;
        bool final = false;

        if (!revision_has_contract(revision))
            continue;
        if (!runner_state(run, revision, &state, &final, error))
            return false;
        if (state >= STATE_CONTRACTED)
            continue;
        if (gate_version_survives(run->plan->graph, run->plan->to, revision->id))
            *ret_revision = revision;
        else
            *ret_kept += 1;
    }
    return true;
}

bool
step_contract_observe(Runner *run, StepRun *step, bool *ret_done, GError **error)
{
    const Revision *next = NULL;
    guint kept = 0;

    if (!find_next(run, &next, &kept, error))
        return false;
    *ret_done = next == NULL;
    if (*ret_done && kept > 0)
        step_say(step, "%s still uses %u old shape%s: kept", run->plan->to->version, kept,
                 kept == 1 ? "" : "s");
    else if (*ret_done)
        step_say(step, "the old shape is gone; from here on only forward");
    return true;
}

bool
step_contract_act(Runner *run, StepRun *step, GError **error)
{
    const Revision *next = NULL;
    guint kept = 0;

    for (;;) {
        if (!find_next(run, &next, &kept, error))
            return false;
        if (next == NULL)
            return true;
        if (!gates_wait(run, step, GATE_CONTRACT, next, error) || !runner_check(run, error))
            return false;
        FAULT_POINT("rollout-contract-passed");
        if (!runner_apply(run, step, apply_contract, next, false, error))
            return false;
        FAULT_POINT("rollout-contract-applied");
    }
}
