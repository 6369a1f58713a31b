#include "base/fault.h"
#include "rollout/share.h"
#include "rollout/step.h"

static bool
drain(Runner *run, StepRun *step, GError **error)
{
    TrafficState state;

    if (!share_watch(run, step, 100, &state, error) || !runner_check(run, error))
        return false;
    if (!traffic_is_at(&state, 100) && state.pools[POOL_STABLE].up > 0)
        return runner_hold(run, error, "the old version still has %.1f %% of the traffic",
                           state.pools[POOL_STABLE].share * 100);
    if (!journal_append(run->journal, run->release, "drain", 100, error))
        return false;
    FAULT_POINT("rollout-retire-journaled");
    return traffic_drain(run->traffic, POOL_STABLE, error);
}

bool
step_retire_act(Runner *run, StepRun *step, GError **error)
{
    bool ready = false;

    if (run->plan->from == NULL) {
        step_say(step, "there is no old version");
        return true;
    }
    if (run->traffic && !drain(run, step, error))
        return false;
    FAULT_POINT("rollout-retire-drained");
    if (run->deploy == NULL) {
        error_set(error, ERROR_CONFIG, "step retire needs deploy.stop, and it is not set");
        return error_hint(error, "Set deploy.start, deploy.stop and deploy.ready in sluice.yaml.");
    }
    if (!deploy_stop(run->deploy, run->plan->from->version, error))
        return false;
    FAULT_POINT("rollout-retire-stopped");
    if (!deploy_is_ready(run->deploy, run->plan->from->version, &ready, error))
        return false;
    if (ready) {
        error_set(error, ERROR_STATE, "%s was stopped, and still answers",
                  run->plan->from->version);
        return error_hint(error, "Look at deploy.stop and deploy.ready in sluice.yaml.");
    }
    step_say(step, "%s is %sstopped", run->plan->from->version, run->traffic ? "drained and " : "");
    return true;
}
