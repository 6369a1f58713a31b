#include "analysis/judge.h"
#include "base/fault.h"
#include "base/stop.h"
#include "rollout/share.h"
#include "rollout/step.h"

enum { DATABASE_PATIENCE_MS = 300000 };

/* Also in the ledger, for whoever goes on after a crash; not while it is away. */
static bool
keep_evidence(Runner *run, StepRun *step, bool answered, GError **error)
{
    g_autoptr(json_t) evidence = judge_evidence(run->judge);
    g_autofree char *summary = judge_summary(run->judge);

    json_object_set(step->evidence, "requests",
                    json_object_get(json_object_get(evidence, "canary"), "n"));
    json_object_set(step->evidence, "judge", evidence);
    step_say(step, "%s", summary);
    return !answered || ledger_set_rollout_step(run->conn, run->row->id, run->epoch, step->ordinal,
                                                STEP_WAITING, step->evidence, error);
}

/* Waits one interval. While the database is away nobody can be asked whether to go on but the local
 * journal; such intervals are not counted against the canary. */
static bool
wait_interval(Runner *run, StepRun *step, bool answered, GError **error)
{
    const gint64 interval_ms = run->context->settings->analysis_interval_ms;

    if (answered)
        return runner_poll(run, step, interval_ms, "watching how the new version does", error);
    if (!run->database_away)
        report_wait(run->context->report, "%s: the database does not answer: not counted",
                    step->name);
    if (runner_is_aborted_here(run))
        return runner_abort(run, error, "aborted on this machine");
    clock_sleep_ms(run->context->clock, interval_ms);
    return stop_check(error);
}

/* What an interval's verdict means for the rollout; true with *@ret_over: the step has passed. */
static bool
conclude(Runner *run, JudgeVerdict verdict, bool *ret_over, GError **error)
{
    g_autofree char *summary = judge_summary(run->judge);

    *ret_over = verdict == JUDGE_PASSED;
    switch (verdict) {
    case JUDGE_GOES_ON:
    case JUDGE_PASSED:
        return true;
    case JUDGE_CANARY_FAILED:
    case JUDGE_BOTH_FAILED:
        return runner_abort(run, error, "%s", summary);
    case JUDGE_STABLE_FAILED:
        runner_hold(run, error, "the old version fails: %s", summary);
        return error_hint(error, "The canary is not to blame: look at the database. Then `sluice "
                                 "rollout resume` judges this step anew, or `sluice rollout abort` "
                                 "brings the traffic back.");
    case JUDGE_INCONCLUSIVE:
        runner_hold(run, error, "inconclusive: %s", summary);
        return error_hint(error, "Too little traffic to tell. `sluice rollout resume` judges this "
                                 "step anew, `sluice rollout abort` brings the traffic back.");
    }
    g_assert_not_reached();
}

static bool
look(Runner *run, StepRun *step, bool *ret_answered, JudgeVerdict *ret_verdict, GError **error)
{
    TrafficState state;

    if (!share_watch(run, step, -1, &state, error))
        return false;
    *ret_answered = runner_database_answers(run);
    judge_add(run->judge, &state, *ret_answered, clock_now_ms(run->context->clock));
    *ret_verdict = judge_verdict(run->judge);
    return keep_evidence(run, step, *ret_answered, error);
}

/* Past its minimum it goes on until there is a verdict. */
static void
report_time(Runner *run, const StepRun *step, gint64 elapsed_ms)
{
    json_t *needed = json_object_get(json_object_get(step->evidence, "judge"), "requests_to_pass");
    g_autofree char *note = g_strdup_printf(
        "%" G_GINT64_FORMAT " requests to the canary, %" G_GINT64_FORMAT " good ones are a verdict",
        (gint64) json_integer_value(json_object_get(step->evidence, "requests")),
        (gint64) json_integer_value(needed));

    runner_progress(run, step, elapsed_ms, step->spec->duration_ms, note);
}

bool
step_analysis_act(Runner *run, StepRun *step, GError **error)
{
    const Clock *clock = run->context->clock;
    const gint64 begun_ms = clock_now_ms(clock);
    gint64 answered_ms = begun_ms;

    if (run->judge == NULL) {
        const JudgeLimits limits = judge_limits(run->context->settings);
        run->judge = judge_new(&limits);
    }
    judge_begin(run->judge, step->spec->duration_ms, begun_ms);
    if (step->was_cut && judge_resume(run->judge, json_object_get(step->evidence, "judge")))
        report_detail(run->context->report, "%s: goes on with what was counted before", step->name);
    for (;;) {
        const gint64 now_ms = clock_now_ms(clock);
        JudgeVerdict verdict = JUDGE_GOES_ON;
        bool answered = false, over = false;

        if (!look(run, step, &answered, &verdict, error) || !conclude(run, verdict, &over, error))
            return false;
        if (over)
            return true;
        report_time(run, step, now_ms - begun_ms);
        if (!wait_interval(run, step, answered, error))
            return false;
        run->database_away = !answered;
        if (answered)
            answered_ms = now_ms;
        else if (now_ms - answered_ms > DATABASE_PATIENCE_MS)
            return runner_hold(run, error, "the database did not answer during the analysis");
        FAULT_POINT("rollout-analysis-interval");
    }
}
