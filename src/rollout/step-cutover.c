#include <string.h>

#include "base/fault.h"
#include "rollout/gates.h"
#include "rollout/step.h"

#define OURS "cut_over" /* in the evidence: the revisions that this rollout cut over */

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

/* What an abort will have to undo: a revision may also have been cut over by an earlier rollout. */
static bool
note_revision(Runner *run, StepRun *step, const Revision *revision, GError **error)
{
    json_t *ours = json_object_get(step->evidence, OURS);

    if (ours == NULL) {
        ours = json_object();
        json_object_set_new(step->evidence, OURS, ours);
    }
    json_object_set_new(ours, revision->id, json_true());
    return runner_keep(run, step, error);
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
        if (!gates_wait(run, step, GATE_CUTOVER, next, error) || !runner_check(run, error) ||
            !note_revision(run, step, next, error))
            return false;
        FAULT_POINT("rollout-cutover-passed");
        if (!runner_apply(run, step, apply_cutover, next, false, error))
            return false;
        FAULT_POINT("rollout-cutover-applied");
    }
}

static json_t *
cut_over_by_us(const LedgerRollout *row)
{
    for (guint i = 0; i < row->steps->len; i++) {
        const LedgerRolloutStep *step = g_ptr_array_index(row->steps, i);

        if (strcmp(step->kind, step_kind_name(STEP_KIND_CUTOVER)) == 0)
            return json_object_get(step->evidence, OURS);
    }
    return NULL;
}

bool
step_cutover_undo(Runner *run, GError **error)
{
    json_t *ours = run->row ? cut_over_by_us(run->row) : NULL;

    for (guint i = ours ? run->plan->revisions->len : 0; i-- > 0;) {
        const Revision *revision = g_ptr_array_index(run->plan->revisions, i);
        RevisionState state = STATE_PENDING;
        bool final = false;

        if (json_object_get(ours, revision->id) == NULL)
            continue;
        if (!runner_state(run, revision, &state, &final, error))
            return false;
        if (state == STATE_CUT_OVER &&
            !runner_apply(run, NULL, apply_cutover_undo, revision, false, error))
            return false;
    }
    return true;
}
