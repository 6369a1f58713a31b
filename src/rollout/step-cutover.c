#include "base/fault.h"
#include "rollout/gates.h"
#include "rollout/step.h"

/* The next revision that this step has to cut over; *@ret_revision NULL: none is left. */
static bool
find_next(Runner *run, const Revision **ret_revision, GError **error)
{
    *ret_revision = NULL;
    for (guint i = 0; i < run->plan->revisions->len && *ret_revision == NULL; i++) {
        const Revision *revision = g_ptr_array_index(run->plan->revisions, i);
        RevisionState state = STATE_PENDING;
        bool final = false;

        if (!runner_state(run, revision, &state, &final, error))
            return false;
        if (state < STATE_CUT_OVER && !final && revision_has_cutover(revision))
            *ret_revision = revision;
    }
    return true;
}

bool
step_cutover_observe(Runner *run, StepRun *step, bool *ret_done, GError **error)
{
    const Revision *next = NULL;

    if (!find_next(run, &next, error))
        return false;
    *ret_done = next == NULL;
    if (*ret_done)
        step_say(step, "the new shape is the truth");
    return true;
}

static bool
apply_one(Runner *run, StepRun *step, const Revision *revision,
          bool (*phase)(const ApplyContext *, const Revision *, GError **), GError **error)
{
    ApplyContext apply;
    g_autoptr(PgConn) conn = NULL;

    if (!runner_begin_apply(run, step, &apply, error))
        return false;
    conn = apply.conn;
    return phase(&apply, revision, error);
}

bool
step_cutover_act(Runner *run, StepRun *step, GError **error)
{
    const Revision *next = NULL;

    for (;;) {
        if (!find_next(run, &next, error))
            return false;
        if (next == NULL)
            return true;
        if (!gates_wait(run, step, GATE_CUTOVER, next, error) || !runner_check(run, error))
            return false;
        FAULT_POINT("rollout-cutover-passed");
        if (!apply_one(run, step, next, apply_cutover, error))
            return false;
        FAULT_POINT("rollout-cutover-applied");
    }
}

bool
step_cutover_undo(Runner *run, GError **error)
{
    for (guint i = run->plan->revisions->len; i-- > 0;) {
        const Revision *revision = g_ptr_array_index(run->plan->revisions, i);
        RevisionState state = STATE_PENDING;
        bool final = false;

        if (!runner_state(run, revision, &state, &final, error))
            return false;
        if (state == STATE_CUT_OVER && !apply_one(run, NULL, revision, apply_cutover_undo, error))
            return false;
    }
    return true;
}
