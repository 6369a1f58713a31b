#include "rollout/rollout.h"

#include <string.h>

#include "base/fault.h"
#include "ledger/events.h"
#include "rollout/abort.h"
#include "rollout/share.h"
#include "rollout/step.h"

enum { MOST_SETBACKS = 20 }; /* lost connections in a row, without a step getting done */

const StepKindRow step_kinds[STEP_KIND_N] = {
    [STEP_KIND_EXPAND] = {STEP_KIND_EXPAND, step_expand_observe, step_expand_act, NULL},
    [STEP_KIND_DEPLOY] = {STEP_KIND_DEPLOY, NULL, step_deploy_act, NULL},
    [STEP_KIND_BACKFILL] = {STEP_KIND_BACKFILL, step_backfill_observe, step_backfill_act, NULL},
    [STEP_KIND_WEIGHT] = {STEP_KIND_WEIGHT, step_weight_observe, step_weight_act, step_weight_undo},
    [STEP_KIND_ANALYSIS] = {STEP_KIND_ANALYSIS, NULL, step_analysis_act, NULL},
    [STEP_KIND_PAUSE] = {STEP_KIND_PAUSE, step_pause_observe, step_pause_act, NULL},
    [STEP_KIND_CUTOVER] = {STEP_KIND_CUTOVER, step_cutover_observe, step_cutover_act,
                           step_cutover_undo},
    [STEP_KIND_SOAK] = {STEP_KIND_SOAK, step_soak_observe, step_soak_act, NULL},
    [STEP_KIND_RETIRE] = {STEP_KIND_RETIRE, NULL, step_retire_act, NULL},
    [STEP_KIND_CONTRACT] = {STEP_KIND_CONTRACT, step_contract_observe, step_contract_act, NULL},
};

void
step_say(StepRun *step, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    json_object_set_new(step->evidence, "text", json_string(text));
}

/* What a step that did not succeed leaves behind. */
static const struct {
    StepState step;
    RolloutState rollout;
} outcomes[OUTCOME_N] = {
    [OUTCOME_FAILED] = {STEP_FAILED, ROLLOUT_FAILED},
    [OUTCOME_WAITING] = {STEP_WAITING, ROLLOUT_WAITING},
    [OUTCOME_HOLDING] = {STEP_WAITING, ROLLOUT_HOLDING},
    [OUTCOME_ABORTED] = {STEP_UNDONE, ROLLOUT_ABORTED},
};

RolloutPlan *
rollout_plan(const RolloutContext *context, GError **error)
{
    g_auto(Runner) run = {0};

    if (context->url) {
        if (!runner_open(&run, context, error) || !rollout_plan_validate(run.plan, error))
            return NULL;
    } else {
        run.plan = rollout_plan_new(context->settings, context->graph, NULL, error);
        if (run.plan == NULL || !rollout_plan_validate(run.plan, error))
            return NULL;
    }
    return g_steal_pointer(&run.plan);
}

static void
steal_step(gpointer data)
{
    LedgerRolloutStep *step = data;

    g_free(step->kind);
    json_decref(step->argument);
    g_free(step);
}

static bool
add_row(Runner *run, GError **error)
{
    const RolloutPlan *plan = run->plan;
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(steal_step);
    g_autoptr(json_t) json = rollout_plan_json(plan);
    LedgerRollout row = {
        .app = run->context->settings->app_name,
        .from_version = plan->from ? plan->from->version : NULL,
        .to_version = plan->to->version,
        .plan_digest = plan->digest,
        .plan = json,
        .steps = steps,
    };

    for (guint i = 0; i < plan->specs->len; i++) {
        LedgerRolloutStep *step = g_new0(LedgerRolloutStep, 1);

        step->ordinal = (int) i;
        step->kind = g_strdup(step_kind_name(rollout_plan_spec(plan, i)->kind));
        step->argument = rollout_plan_step_json(plan, i);
        g_ptr_array_add(steps, step);
    }
    return ledger_add_rollout(run->conn, &row, error) && runner_reload(run, error);
}

/* A new rollout is a person's word: an abort of an earlier one does not bind it. */
bool
rollout_begin(Runner *run, GError **error)
{
    const RolloutPlan *plan = run->plan;

    if (!add_row(run, error) || !runner_take_lease(run, error))
        return false;
    FAULT_POINT("rollout-begun");
    if (runner_is_aborted_here(run) &&
        !journal_append(run->journal, run->release, "resume", 0, error))
        return false;
    return runner_tell(run, "rollout", NULL, rollout_plan_json(plan), error,
                       "rollout %" G_GINT64_FORMAT ": %s %s%s%s, %u steps, plan %.12s",
                       run->row->id, run->row->app, plan->from ? plan->from->version : "",
                       plan->from ? " to " : "", plan->to->version, plan->specs->len, plan->digest);
}

static bool
fail_changed(const Runner *run, GError **error)
{
    error_set(error, ERROR_STATE,
              "the plan has changed since rollout %" G_GINT64_FORMAT
              " began: %.12s then, %.12s now",
              run->row->id, run->row->plan_digest, run->plan->digest);
    return error_hint(error, "Put rollout.steps, the versions and the revisions back as they were; "
                             "or `sluice rollout abort`, and then `sluice rollout resume` begins "
                             "anew with the new plan.");
}

static bool
fail_other_release(const Runner *run, GError **error)
{
    error_set(error, ERROR_STATE,
              "rollout %" G_GINT64_FORMAT " of %s to %s is %s: %s cannot begin before it has ended",
              run->row->id, run->row->app, run->row->to_version,
              rollout_state_name(run->row->state), run->plan->to->version);
    return error_hint(error, "Finish it with its own sluice.yaml, or `sluice rollout abort`.");
}

static bool
is_same_release(const Runner *run)
{
    const AppVersion *from = run->plan->from;

    return strcmp(run->row->to_version, run->plan->to->version) == 0 &&
           g_strcmp0(run->row->from_version, from ? from->version : NULL) == 0;
}

/* Goes on with the ledger's rollout, or begins one. *@ret_over: there is nothing left to do. */
static bool
enter(Runner *run, bool *ret_over, GError **error)
{
    const LedgerRollout *row = run->row;
    const bool ended = row == NULL || row->state == ROLLOUT_DONE || row->state == ROLLOUT_ABORTED;

    *ret_over = false;
    if (row == NULL || (ended && !is_same_release(run)))
        return rollout_begin(run, error);
    if (!is_same_release(run))
        return fail_other_release(run, error);
    if (row->state == ROLLOUT_DONE) {
        *ret_over = true;
        report_step(run->context->report, "rollout %" G_GINT64_FORMAT " of %s to %s is done",
                    row->id, row->app, row->to_version);
        return true;
    }
    if (row->state == ROLLOUT_ABORTED || row->state == ROLLOUT_HOLDING) {
        error_set(error, ERROR_STATE, "rollout %" G_GINT64_FORMAT " of %s to %s is %s: %s", row->id,
                  row->app, row->to_version, rollout_state_name(row->state),
                  row->reason ? row->reason : "no reason was given");
        return error_hint(error, row->state == ROLLOUT_ABORTED
                                     ? "`sluice rollout resume` starts it again."
                                     : "`sluice rollout resume` goes on, `sluice rollout abort` "
                                       "brings the traffic back.");
    }
    return runner_is_current(run) ? runner_take_lease(run, error) : fail_changed(run, error);
}

static bool
is_true_already(Runner *run, StepRun *step, bool *ret_done, GError **error)
{
    const StepKindRow *row = &step_kinds[step->spec->kind];

    *ret_done = false;
    return row->observe == NULL || row->observe(run, step, ret_done, error);
}

/* Observe, record the intent, act, read back. */
static bool
do_step(Runner *run, StepRun *step, GError **error)
{
    const StepKindRow *row = &step_kinds[step->spec->kind];
    bool done = false;

    if (!is_true_already(run, step, &done, error))
        return false;
    if (done)
        return true;
    if (!ledger_set_rollout_step(run->conn, run->row->id, run->epoch, step->ordinal, STEP_RUNNING,
                                 NULL, error))
        return false;
    FAULT_POINT("rollout-step-intended");
    if (!row->act(run, step, error))
        return false;
    FAULT_POINT("rollout-step-acted");
    if (row->observe == NULL)
        return true;
    if (!row->observe(run, step, &done, error))
        return false;
    return done ||
           error_set(error, ERROR_DRIFT, "step %s ran, and its effect is not there", step->name);
}

static bool
record_done(Runner *run, StepRun *step, GError **error)
{
    const char *text = json_string_value(json_object_get(step->evidence, "text"));

    if (!ledger_set_rollout_step(run->conn, run->row->id, run->epoch, step->ordinal, STEP_DONE,
                                 step->evidence, error))
        return false;
    FAULT_POINT("rollout-step-recorded");
    return ledger_set_rollout(run->conn, run->row->id, run->epoch, ROLLOUT_RUNNING,
                              step->ordinal + 1, NULL, error) &&
           runner_tell(run, "step", NULL,
                       json_pack("{s:s, s:s, s:i, s:O}", "step", step->name, "state", "done",
                                 "ordinal", step->ordinal, "evidence", step->evidence),
                       error, "step %d/%u %s done: %s", step->ordinal + 1, run->plan->specs->len,
                       step->name, text ? text : "");
}

/* The error says why; an error of recording it is of no use to anybody. */
static void
record_failure(Runner *run, StepRun *step, const GError *failure)
{
    const gint64 id = run->row->id;

    json_object_set_new(step->evidence, "error", json_string(failure->message));
    if (!ledger_set_rollout_step(run->conn, id, run->epoch, step->ordinal,
                                 outcomes[run->outcome].step, step->evidence, NULL))
        return;
    ledger_set_rollout(run->conn, id, run->epoch, outcomes[run->outcome].rollout, step->ordinal,
                       failure->message, NULL);
    ledger_append_event(
        run->conn, rollout_state_name(outcomes[run->outcome].rollout), NULL, id, failure->message,
        json_pack("{s:s, s:O}", "step", step->name, "evidence", step->evidence), NULL);
}

/* An abort that a step saw or decided is carried out by whoever notices. */
static bool
end_aborted(Runner *run, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (!abort_carry_out(run, run->reason, &local)) {
        g_prefix_error(&local, "aborting (%s): ", run->reason);
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    error_set(error, ERROR_STATE, "aborted: %s",
              run->row->state == ROLLOUT_ABORTED && run->row->reason ? run->row->reason
                                                                     : run->reason);
    return error_hint(error, "`sluice rollout resume` starts it again once the cause is gone.");
}

static bool
fail_step(Runner *run, StepRun *step, GError *take_failure, GError **error)
{
    g_autoptr(GError) failure = take_failure;

    if (run->outcome == OUTCOME_ABORTED)
        return end_aborted(run, error);
    if (!error_is(failure, ERROR_INTERRUPTED) && !error_is(failure, ERROR_OWNER))
        record_failure(run, step, failure);
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

static StepRun
open_step(Runner *run, guint ordinal)
{
    const LedgerRolloutStep *row = g_ptr_array_index(run->row->steps, ordinal);
    json_t *evidence = row->evidence ? json_deep_copy(row->evidence) : json_object();

    json_object_del(evidence, "error");
    run->outcome = OUTCOME_FAILED;
    g_clear_pointer(&run->waiting_for, g_free);
    return (StepRun){
        .ordinal = (int) ordinal,
        .spec = rollout_plan_spec(run->plan, ordinal),
        .name = rollout_plan_name(run->plan, ordinal),
        .age_ms = row->age_ms,
        .was_cut = row->state == STEP_RUNNING || row->state == STEP_WAITING,
        .evidence = evidence,
    };
}

/* A step that goes on after a crash was announced before it. */
static bool
announce(Runner *run, const StepRun *step, GError **error)
{
    const LedgerRolloutStep *row = g_ptr_array_index(run->row->steps, (guint) step->ordinal);
    g_autofree char *text = rollout_plan_describe(run->plan, (guint) step->ordinal);

    return row->state != STEP_PENDING ||
           runner_tell(run, "step", NULL,
                       json_pack("{s:s, s:s, s:i}", "step", step->name, "state", "running",
                                 "ordinal", step->ordinal),
                       error, "step %d/%u %s: %s", step->ordinal + 1, run->plan->specs->len,
                       step->name, text);
}

/* *@ret_again: the connection was lost, and there is a new one. */
static bool
run_step(Runner *run, guint ordinal, bool *ret_again, GError **error)
{
    StepRun step = open_step(run, ordinal);
    g_autoptr(json_t) evidence = step.evidence;
    GError *failure = NULL;

    *ret_again = false;
    if (runner_check(run, &failure) && announce(run, &step, &failure) &&
        do_step(run, &step, &failure) && record_done(run, &step, &failure) &&
        runner_reload(run, &failure))
        return true;
    if (run->outcome != OUTCOME_ABORTED && error_is(failure, ERROR_CONNECTION)) {
        g_clear_error(&failure);
        *ret_again = runner_reconnect(run, &failure);
        if (*ret_again)
            return true;
    }
    return fail_step(run, &step, failure, error);
}

/* The first step that is not done; the number of steps if all are. */
static guint
next_step(const Runner *run)
{
    guint i = 0;

    while (i < run->row->steps->len &&
           ((LedgerRolloutStep *) g_ptr_array_index(run->row->steps, i))->state == STEP_DONE)
        i++;
    return i;
}

static bool
finish(Runner *run, GError **error)
{
    if (!ledger_set_rollout(run->conn, run->row->id, run->epoch, ROLLOUT_DONE,
                            (int) run->plan->specs->len, NULL, error) ||
        !runner_tell(run, "rollout", NULL, json_pack("{s:s}", "state", "done"), error,
                     "rollout %" G_GINT64_FORMAT " of %s to %s is done", run->row->id,
                     run->row->app, run->row->to_version))
        return false;
    if (run->traffic && run->plan->from)
        report_step(run->context->report,
                    "%s serves from the canary's servers now: give them the weight in the router's "
                    "own configuration, and swap traffic.stable and traffic.canary for the next "
                    "rollout",
                    run->row->to_version);
    return true;
}

/* Steps up to @last, and the end of the rollout if that was the last one. */
static bool
run_steps(Runner *run, guint last, GError **error)
{
    int setbacks = 0;

    while (next_step(run) <= last && next_step(run) < run->row->steps->len) {
        bool again = false;

        if (!run_step(run, next_step(run), &again, error))
            return false;
        setbacks = again ? setbacks + 1 : 0;
        if (setbacks > MOST_SETBACKS)
            return error_set(error, ERROR_CONNECTION, "the connection was lost %d times in step %s",
                             setbacks, rollout_plan_name(run->plan, next_step(run)));
    }
    return next_step(run) < run->row->steps->len || finish(run, error);
}

/* A step by its name; by its kind, the first of that kind that is not done. */
static bool
find_step(const Runner *run, const char *name, guint *ret_ordinal, GError **error)
{
    g_autofree char *names = NULL;
    const guint n = run->plan->specs->len;

    for (guint i = 0; i < n; i++) {
        if (strcmp(rollout_plan_name(run->plan, i), name) == 0) {
            *ret_ordinal = i;
            return true;
        }
    }
    for (guint i = runner_is_current(run) ? next_step(run) : 0; i < n; i++) {
        if (strcmp(step_kind_name(rollout_plan_spec(run->plan, i)->kind), name) == 0) {
            *ret_ordinal = i;
            return true;
        }
    }
    for (guint i = 0; i < n; i++) {
        g_autofree char *before = g_steal_pointer(&names);
        names = g_strdup_printf("%s%s%s", before ? before : "", before ? ", " : "",
                                rollout_plan_name(run->plan, i));
    }
    error_set(error, ERROR_USAGE, "there is no step '%s' left in the plan", name);
    return error_hint(error, "Its steps are %s.", names);
}

static bool
run_only(Runner *run, const char *only, GError **error)
{
    guint wanted = 0;

    if (!find_step(run, only, &wanted, error))
        return false;
    if (next_step(run) > wanted) {
        report_step(run->context->report, "step %s is done", rollout_plan_name(run->plan, wanted));
        return true;
    }
    if (next_step(run) == wanted)
        return run_steps(run, wanted, error);
    error_set(error, ERROR_STATE, "step %s cannot run before %s",
              rollout_plan_name(run->plan, wanted), rollout_plan_name(run->plan, next_step(run)));
    return error_hint(error, "Run `sluice rollout step %s` first.",
                      rollout_plan_name(run->plan, next_step(run)));
}

/* What every step but the first ones needs, asked before the first: else the schema would be
 * expanded and the new version be started before a mistake in the settings shows. The router of a
 * rollout that is under way may be away for a moment: its steps wait for it. */
static bool
check_ground(const Runner *run, GError **error)
{
    TrafficState state;

    if (run->traffic == NULL)
        return true;
    return journal_is_writable(run->journal, error) &&
           (runner_is_current(run) || traffic_read(run->traffic, &state, error));
}

bool
rollout_run(const RolloutContext *context, const char *only, GError **error)
{
    g_auto(Runner) run = {0};
    guint unused = 0;
    bool over = false;

    if (!runner_open(&run, context, error) || !rollout_plan_validate(run.plan, error) ||
        (only && !find_step(&run, only, &unused, error)) || !check_ground(&run, error) ||
        !ledger_ensure(run.conn, context->clock, error) || !abort_report_journal(&run, error) ||
        !enter(&run, &over, error))
        return false;
    if (over)
        return true;
    return only ? run_only(&run, only, error) : run_steps(&run, G_MAXUINT, error);
}
