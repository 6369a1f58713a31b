#include "base/fault.h"
#include "rollout/share.h"
#include "rollout/step.h"

/* Sessions of the new version are told from the old ones' by their names, which the installed
 * triggers hold. Before it starts, for its first write counts. */
static bool
renew_sync(const ApplyContext *apply, const Revision *revision G_GNUC_UNUSED, GError **error)
{
    return apply_renew_sync(apply, error);
}

/* Only what a person or an abort took out; a share above 0 comes with the first weight. */
static bool
admit_canary(Runner *run, StepRun *step, GError **error)
{
    TrafficState state;

    if (!share_read(run, step, &state, error))
        return false;
    return state.pools[POOL_CANARY].drained == 0 ||
           traffic_put_back(run->traffic, POOL_CANARY, error);
}

bool
step_deploy_act(Runner *run, StepRun *step, GError **error)
{
    const char *to = run->plan->to->version;
    bool ready = false;

    if (run->deploy == NULL) {
        error_set(error, ERROR_CONFIG, "step deploy needs deploy.start, and it is not set");
        return error_hint(error, "Set deploy.start, deploy.stop and deploy.ready in sluice.yaml.");
    }
    if (!runner_apply(run, step, renew_sync, NULL, false, error))
        return false;
    if (run->traffic && !share_set(run, step, 0, error))
        return false;
    if (run->traffic && !runner_keep(run, step, error))
        return false;
    FAULT_POINT("rollout-deploy-guarded");
    if (!deploy_start(run->deploy, to, error))
        return false;
    FAULT_POINT("rollout-deploy-started");
    if (!deploy_is_ready(run->deploy, to, &ready, error))
        return false;
    if (!ready)
        return error_set(error, ERROR_STATE, "%s was started, and is not ready any more", to);
    if (run->traffic &&
        (!admit_canary(run, step, error) || !share_wait_up(run, step, POOL_CANARY, error)))
        return false;
    step_say(step, "%s is ready%s", to, run->traffic ? ", with no traffic yet" : "");
    return true;
}
