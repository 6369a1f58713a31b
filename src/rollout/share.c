#include "rollout/share.h"

#include <math.h>

#include "base/fault.h"

enum {
    ROUTER_PATIENCE_MS = 60000,
    ROUTER_POLL_MS = 200,
    UP_POLL_MS = 200,
    HAND_MS = 1000, /* until a difference is somebody's hand: an abort takes two steps */
};

static const double SHARE_EPSILON = 0.005;

static json_t *
pool_json(const PoolState *pool)
{
    return json_pack("{s:f, s:i, s:i, s:i, s:I}", "share", pool->share, "servers",
                     (int) pool->servers, "up", (int) pool->up, "drained", (int) pool->drained,
                     "open", (json_int_t) pool->open);
}

json_t *
share_json(const TrafficState *state)
{
    return json_pack("{s:o, s:o}", "stable", pool_json(&state->pools[POOL_STABLE]), "canary",
                     pool_json(&state->pools[POOL_CANARY]));
}

static void
recall_from(Runner *run, json_t *evidence)
{
    json_t *traffic = json_object_get(evidence, "traffic");
    json_int_t epoch = 0;

    if (json_unpack(traffic, "{s:i, s:F, s:I}", "percent", &run->confirmed.percent, "share",
                    &run->confirmed.share, "epoch", &epoch) != 0)
        return;
    run->confirmed.epoch = epoch;
    run->confirmed.known = true;
}

void
share_recall(Runner *run)
{
    run->confirmed = (Confirmed){0};
    for (guint i = 0; i < run->row->steps->len; i++) {
        const LedgerRolloutStep *step = g_ptr_array_index(run->row->steps, i);

        if (step->state != STEP_PENDING && step->state != STEP_UNDONE && step->evidence)
            recall_from(run, step->evidence);
    }
}

static void
remember(Runner *run, StepRun *step, int percent, const TrafficState *state)
{
    const double share = state->pools[POOL_CANARY].share;

    run->confirmed =
        (Confirmed){.known = true, .percent = percent, .share = share, .epoch = state->epoch};
    json_object_set_new(step->evidence, "traffic",
                        json_pack("{s:i, s:f, s:I}", "percent", percent, "share", share, "epoch",
                                  (json_int_t) state->epoch));
}

bool
share_read(Runner *run, StepRun *step, TrafficState *ret_state, GError **error)
{
    const Clock *clock = run->context->clock;
    const gint64 deadline = clock_now_ms(clock) + ROUTER_PATIENCE_MS;

    for (;;) {
        g_autoptr(GError) local = NULL;
        g_autofree char *cause = NULL;

        if (traffic_read(run->traffic, ret_state, &local))
            return true;
        if (!error_is(local, ERROR_CONNECTION) || clock_now_ms(clock) > deadline) {
            error_set(error, ERROR_STATE, "the router cannot be read: %s", local->message);
            return error_hint(error, "%s",
                              error_get_hint(local) ? error_get_hint(local)
                                                    : "Bring it back, then run this again.");
        }
        cause = g_strdup_printf("the router does not answer: %s", local->message);
        if (!runner_poll(run, step, ROUTER_POLL_MS, cause, error))
            return false;
    }
}

/* The line before makes the set known to the way back; the line behind, that it took effect. */
static bool
set_journaled(Runner *run, int percent, TrafficState *ret_state, GError **error)
{
    if (!journal_append(run->journal, run->release, "set", percent, error))
        return false;
    FAULT_POINT("rollout-weight-journaled");
    if (!traffic_set(run->traffic, percent, ret_state, error))
        return false;
    FAULT_POINT("rollout-weight-set");
    return journal_append(run->journal, run->release, "confirmed", percent, error);
}

static bool
reassert(Runner *run, StepRun *step, TrafficState *state, GError **error)
{
    const int percent = run->confirmed.percent;

    if (!runner_tell(run, "weight", NULL, NULL, error,
                     "the router was restarted: %d %% of the traffic set again", percent) ||
        !set_journaled(run, percent, state, error))
        return false;
    remember(run, step, percent, state);
    return runner_keep(run, step, error);
}

/* What an abort leaves: on this machine it says so in the journal first, on another one it takes
 * the canary's servers out right after it has set their share. */
static bool
look_for_abort(Runner *run, const TrafficState *state, GError **error)
{
    const PoolState *canary = &state->pools[POOL_CANARY];

    if (canary->drained > 0 && state->epoch == run->confirmed.epoch)
        return runner_abort(run, error, "%u of %u canary servers were taken out of the router",
                            canary->drained, canary->servers);
    if (runner_is_aborted_here(run))
        return runner_abort(run, error, "aborted on this machine");
    return true;
}

static bool
is_as_confirmed(const Runner *run, const TrafficState *state, int target)
{
    return fabs(state->pools[POOL_CANARY].share - run->confirmed.share) <= SHARE_EPSILON ||
           (target >= 0 && traffic_is_at(state, target));
}

bool
share_watch(Runner *run, StepRun *step, int target, TrafficState *ret_state, GError **error)
{
    const Clock *clock = run->context->clock;
    const gint64 deadline = clock_now_ms(clock) + HAND_MS;

    for (;;) {
        if (!share_read(run, step, ret_state, error))
            return false;
        if (!run->confirmed.known)
            return true;
        if (!look_for_abort(run, ret_state, error))
            return false;
        if (ret_state->epoch != run->confirmed.epoch)
            return reassert(run, step, ret_state, error);
        if (is_as_confirmed(run, ret_state, target))
            return true;
        if (clock_now_ms(clock) > deadline)
            break;
        clock_sleep_ms(clock, ROUTER_POLL_MS);
    }
    runner_hold(
        run, error,
        "the canary has %.1f %% of the traffic, and sluice last set %d %%: somebody changed it",
        ret_state->pools[POOL_CANARY].share * 100, run->confirmed.percent);
    return error_hint(error,
                      "Find out who and why; then `sluice rollout resume` goes on from there, "
                      "or `sluice rollout abort` brings the traffic back.");
}

/* A line that says aborted may have been written while we set. */
static bool
check_raised(Runner *run, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (runner_check(run, &local))
        return true;
    if (run->outcome == OUTCOME_ABORTED)
        share_back(run->traffic, run->journal, run->release, NULL);
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

bool
share_set(Runner *run, StepRun *step, int percent, GError **error)
{
    g_autoptr(GError) local = NULL;
    TrafficState state;

    if (!share_watch(run, step, percent, &state, error) || !runner_check(run, error))
        return false;
    if (percent == 0 && !share_check_way_back(&state, error))
        return false;
    if (set_journaled(run, percent, &state, &local)) {
        remember(run, step, percent, &state);
        return check_raised(run, error);
    }
    if (error_is(local, ERROR_DRIFT))
        run->outcome = OUTCOME_HOLDING;
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

bool
share_accept(Runner *run, StepRun *step, GError **error)
{
    TrafficState state;

    if (!share_read(run, step, &state, error))
        return false;
    remember(run, step, (int) lround(state.pools[POOL_CANARY].share * 100), &state);
    return runner_keep(run, step, error);
}

bool
share_wait_up(Runner *run, StepRun *step, Pool pool, GError **error)
{
    const Clock *clock = run->context->clock;
    const gint64 deadline = clock_now_ms(clock) + run->context->settings->deploy_timeout_ms;

    for (;;) {
        TrafficState state;
        const PoolState *found = &state.pools[pool];
        g_autofree char *cause = NULL;

        if (!share_read(run, step, &state, error))
            return false;
        if (found->up == found->servers)
            return true;
        cause = g_strdup_printf("the router sees %u of %u %s servers up", found->up, found->servers,
                                pool_name(pool));
        if (clock_now_ms(clock) > deadline) {
            error_set(error, ERROR_STATE, "%s", cause);
            return error_hint(error,
                              "Look at the servers and at the router's health check, then run "
                              "`sluice rollout run` again.");
        }
        if (!runner_poll(run, step, UP_POLL_MS, cause, error))
            return false;
    }
}

bool
share_check_way_back(const TrafficState *state, GError **error)
{
    const PoolState *stable = &state->pools[POOL_STABLE];

    if (stable->up > 0 && stable->drained < stable->servers)
        return true;
    error_set(error, ERROR_STATE,
              "%u of %u stable servers are up, %u are taken out: they cannot "
              "take the traffic",
              stable->up, stable->servers, stable->drained);
    return error_hint(error,
                      "Bring the old version up behind traffic.stable first. If the new "
                      "version is the one in use now, traffic.stable and traffic.canary have "
                      "to be swapped for the next rollout.");
}

bool
share_back(Traffic *traffic, Journal *journal, const char *release, GError **error)
{
    TrafficState state;

    if (!traffic_read(traffic, &state, error) || !share_check_way_back(&state, error))
        return false;
    /* No record, no reason to stay: abort.c has said so. */
    journal_append(journal, release, "set", 0, NULL);
    FAULT_POINT("rollout-back-journaled");
    if (!traffic_set(traffic, 0, &state, error))
        return false;
    FAULT_POINT("rollout-back-set");
    if (!traffic_take_out(traffic, POOL_CANARY, error))
        return false;
    FAULT_POINT("rollout-back-taken-out");
    journal_append(journal, release, "confirmed", 0, NULL);
    return true;
}
