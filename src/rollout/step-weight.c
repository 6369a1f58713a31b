#include "rollout/share.h"
#include "rollout/step.h"

bool
step_weight_observe(Runner *run, StepRun *step, bool *ret_done, GError **error)
{
    TrafficState state;

    if (!share_read(run, step, &state, error))
        return false;
    *ret_done = run->confirmed.known && run->confirmed.percent == step->spec->weight &&
                run->confirmed.epoch == state.epoch && traffic_is_at(&state, step->spec->weight);
    if (*ret_done) {
        json_object_set_new(step->evidence, "pools", share_json(&state));
        step_say(step, "canary has %.1f %% of the traffic, read back",
                 state.pools[POOL_CANARY].share * 100);
    }
    return true;
}

bool
step_weight_act(Runner *run, StepRun *step, GError **error)
{
    return (step->spec->weight == 0 || share_wait_up(run, step, POOL_CANARY, error)) &&
           share_set(run, step, step->spec->weight, error);
}

bool
step_weight_undo(Runner *run, GError **error)
{
    return run->traffic == NULL || share_back(run->traffic, run->journal, run->release, error);
}
