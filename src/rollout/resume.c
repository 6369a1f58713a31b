/* The way on: after an abort, after a hold, out of a pause. */

#include <string.h>

#include "base/fault.h"
#include "ledger/backfills.h"
#include "rollout/abort.h"
#include "rollout/share.h"
#include "rollout/step.h"

/* The first step that is not done, which is what the rollout stands at. */
static const LedgerRolloutStep *
step_at_hand(const LedgerRollout *row)
{
    for (guint i = 0; i < row->steps->len; i++) {
        const LedgerRolloutStep *step = g_ptr_array_index(row->steps, i);

        if (step->state != STEP_DONE)
            return step;
    }
    return NULL;
}

static bool
set_pending(Runner *run, StepKind kind, GError **error)
{
    for (guint i = 0; i < run->row->steps->len; i++) {
        const LedgerRolloutStep *step = g_ptr_array_index(run->row->steps, i);

        if (strcmp(step->kind, step_kind_name(kind)) == 0 && step->state == STEP_DONE &&
            !ledger_set_rollout_step(run->conn, run->row->id, run->epoch, step->ordinal,
                                     STEP_PENDING, NULL, error))
            return false;
    }
    return true;
}

/* Instances may have been stopped since: then the deploy is to be done again. */
static bool
look_at_deploy(Runner *run, GError **error)
{
    bool ready = false;

    if (run->deploy == NULL)
        return true;
    if (!deploy_is_ready(run->deploy, run->plan->to->version, &ready, error))
        return false;
    return ready || set_pending(run, STEP_KIND_DEPLOY, error);
}

static bool
resume_backfills(Runner *run, GError **error)
{
    for (guint i = 0; i < run->plan->revisions->len; i++) {
        const Revision *revision = g_ptr_array_index(run->plan->revisions, i);
        gint64 unused = 0;

        if (!ledger_want_backfill(run->conn, revision->id, LEDGER_WANT_RUN, &unused, error))
            return false;
    }
    return true;
}

/* The canary's servers serve again, with no share: the journal's line first, for the router's
 * drained servers mean "aborted" to everybody. */
static bool
admit_canary(Runner *run, GError **error)
{
    TrafficState state;

    if (run->traffic == NULL)
        return true;
    if (!traffic_read(run->traffic, &state, error) || !share_check_way_back(&state, error) ||
        !journal_append(run->journal, run->release, "resume", 0, error))
        return false;
    FAULT_POINT("rollout-resume-journaled");
    return traffic_set(run->traffic, 0, &state, error) &&
           traffic_put_back(run->traffic, POOL_CANARY, error);
}

/* An abort may have died before its last act: what it undoes is undone again. */
static bool
resume_aborted(Runner *run, GError **error)
{
    if (!runner_take_lease(run, error) || !admit_canary(run, error) ||
        !look_at_deploy(run, error) || !resume_backfills(run, error))
        return false;
    FAULT_POINT("rollout-resume-admitted");
    if (!runner_is_current(run)) {
        report_step(run->context->report,
                    "the plan has changed since rollout %" G_GINT64_FORMAT
                    " was aborted: a new one begins",
                    run->row->id);
        return rollout_begin(run, error);
    }
    return ledger_resume_rollout(run->conn, run->row->id, error) &&
           runner_tell(run, "resume", NULL, NULL, error,
                       "rollout %" G_GINT64_FORMAT " resumed: weights begin anew", run->row->id) &&
           runner_reload(run, error);
}

/* What the router does now was looked at by a person: it is the new base. */
static bool
resume_held(Runner *run, GError **error)
{
    const LedgerRolloutStep *row = NULL;
    StepRun step = {.evidence = NULL};
    g_autoptr(json_t) evidence = json_object();

    if (!runner_take_lease(run, error) || !ledger_resume_rollout(run->conn, run->row->id, error) ||
        !runner_reload(run, error))
        return false;
    row = step_at_hand(run->row);
    if (row && run->traffic) {
        step = (StepRun){.ordinal = row->ordinal, .name = row->kind, .evidence = evidence};
        if (!share_accept(run, &step, error))
            return false;
    }
    return runner_tell(run, "resume", NULL, json_pack("{s:O}", "evidence", evidence), error,
                       "rollout %" G_GINT64_FORMAT " goes on", run->row->id);
}

static bool
resume_pause(Runner *run, GError **error)
{
    bool found = false;

    if (!ledger_resume_pause(run->conn, run->row->id, &found, error))
        return false;
    if (!found) {
        report_step(run->context->report, "rollout %" G_GINT64_FORMAT " is not held: it is %s",
                    run->row->id, rollout_state_name(run->row->state));
        return true;
    }
    return runner_tell(run, "resume", NULL, NULL, error,
                       "rollout %" G_GINT64_FORMAT ": pause ended", run->row->id);
}

bool
rollout_resume(const RolloutContext *context, GError **error)
{
    g_auto(Runner) run = {0};

    if (!runner_open(&run, context, error) || !rollout_plan_validate(run.plan, error) ||
        !abort_report_journal(&run, error))
        return false;
    if (run.row == NULL) {
        error_set(error, ERROR_STATE, "no rollout of %s has begun", context->settings->app_name);
        return error_hint(error, "`sluice rollout run` begins it.");
    }
    if (run.row->state == ROLLOUT_ABORTED)
        return resume_aborted(&run, error);
    return run.row->state == ROLLOUT_HOLDING ? resume_held(&run, error) : resume_pause(&run, error);
}
