#include "base/fault.h"
#include "rollout/step.h"

bool
step_expand_observe(Runner *run, StepRun *step, bool *ret_done, GError **error)
{
    const guint n = run->plan->revisions->len;

    *ret_done = false;
    for (guint i = 0; i < n; i++) {
        RevisionState state = STATE_PENDING;
        bool final = false;

        if (!runner_state(run, g_ptr_array_index(run->plan->revisions, i), &state, &final, error))
            return false;
        if (state < STATE_EXPANDED)
            return true;
    }
    step_say(step, "%u revision%s expanded", n, n == 1 ? "" : "s");
    *ret_done = true;
    return true;
}

bool
step_expand_act(Runner *run, StepRun *step, GError **error)
{
    for (guint i = 0; i < run->plan->revisions->len; i++) {
        if (!runner_check(run, error) ||
            !runner_apply(run, step, apply_expand, g_ptr_array_index(run->plan->revisions, i),
                          false, error))
            return false;
        FAULT_POINT("rollout-expand-applied");
    }
    return true;
}
