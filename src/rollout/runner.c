#include "rollout/runner.h"

#include <string.h>

#include "base/stop.h"
#include "base/text.h"
#include "ledger/events.h"
#include "ledger/revisions.h"
#include "pg/lock.h"
#include "rollout/share.h"

enum {
    LEASE_PATIENCE_MS = 3000,      /* a killed process's session ends in that time */
    DATABASE_PATIENCE_MS = 300000, /* a restart, a failover */
    RECONNECT_MS = 250,
    MIGRATOR_POLL_MS = 300,
    CONNECT_TIMEOUT_MS = 5000,
};

static PgConn *
connect_as(const RolloutContext *context, const char *purpose, GError **error)
{
    const PgConnOptions options = {.purpose = purpose,
                                   .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                   .schema = context->settings->database_schema};

    return pg_connect(context->url, &options, error);
}

static gint64
lease_key(const Runner *run)
{
    return pg_lock_key(PG_LOCK_ROLLOUT, 0, run->row->id);
}

/* Ids of the revisions that a rollout of these versions carries: what its plan said when it began,
 * or those not final now. */
static GPtrArray *
carried_by(const LedgerRollout *row)
{
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
    json_t *revision = NULL;
    size_t i = 0;

    json_array_foreach(json_object_get(row->plan, "revisions"), i, revision)
        g_ptr_array_add(ids, g_strdup(json_string_value(json_object_get(revision, "id"))));
    return ids;
}

static GPtrArray *
not_final(const Graph *graph, const LedgerRevisions *states)
{
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *revision = graph_get(graph, i);
        const LedgerRevision *state = ledger_find_revision(states, revision->id);

        if (state == NULL || !state->final)
            g_ptr_array_add(ids, g_strdup(revision->id));
    }
    return ids;
}

static bool
is_of_release(const LedgerRollout *row, const Settings *settings)
{
    return g_strcmp0(row->to_version, settings->release_to) == 0 &&
           g_strcmp0(row->from_version, settings->release_from) == 0;
}

static bool
is_carried(const RolloutPlan *plan, const char *id)
{
    for (guint i = 0; i < plan->revisions->len; i++) {
        if (strcmp(((Revision *) g_ptr_array_index(plan->revisions, i))->id, id) == 0)
            return true;
    }
    return false;
}

/* No version may come, or be the way back, that an earlier contract has left behind. */
static bool
check_contracted(const RolloutPlan *plan, const LedgerRevisions *states, GError **error)
{
    const AppVersion *versions[] = {plan->to, plan->from};

    for (guint i = 0; i < states->list->len; i++) {
        const LedgerRevision *state = g_ptr_array_index(states->list, i);

        if (state->state != STATE_CONTRACTED || is_carried(plan, state->id) ||
            graph_find(plan->graph, state->id) == NULL)
            continue;
        for (guint v = 0; v < G_N_ELEMENTS(versions); v++) {
            if (versions[v] == NULL || gate_version_survives(plan->graph, versions[v], state->id))
                continue;
            error_set(error, ERROR_CHECK,
                      "version %s does not survive revision %s, which is contracted here",
                      versions[v]->version, state->id);
            return error_hint(error,
                              "Roll out a version that is built on %s and does not use its "
                              "old shape.",
                              state->id);
        }
    }
    return true;
}

static bool
make_plan(Runner *run, GError **error)
{
    const RolloutContext *context = run->context;
    g_autoptr(LedgerRevisions) states = ledger_load_revisions(run->conn, error);
    g_autoptr(GPtrArray) carried = NULL;

    if (states == NULL)
        return false;
    carried = run->row && is_of_release(run->row, context->settings)
                  ? carried_by(run->row)
                  : not_final(context->graph, states);
    run->plan = rollout_plan_new(context->settings, context->graph, carried, error);
    return run->plan && check_contracted(run->plan, states, error);
}

static bool
open_drivers(Runner *run, GError **error)
{
    const Settings *settings = run->context->settings;
    const Clock *clock = run->context->clock;

    if (settings->deploy_start || settings->deploy_stop || settings->deploy_ready) {
        run->deploy = deploy_new(settings, clock, error);
        if (run->deploy == NULL)
            return false;
    }
    if (settings->traffic_driver == NULL)
        return true;
    run->traffic = traffic_new(settings, clock, error);
    if (run->traffic == NULL)
        return false;
    run->journal = journal_new(settings, clock);
    return true;
}

bool
runner_reload(Runner *run, GError **error)
{
    const char *app = run->context->settings->app_name;
    g_autoptr(LedgerRollout) row = NULL;

    if (app && !ledger_load_rollout(run->conn, app, &row, error))
        return false;
    g_clear_pointer(&run->row, ledger_rollout_free);
    run->row = g_steal_pointer(&row);
    if (run->row)
        share_recall(run);
    return true;
}

bool
runner_is_current(const Runner *run)
{
    return run->row && run->plan && strcmp(run->row->plan_digest, run->plan->digest) == 0 &&
           run->row->steps->len == run->plan->specs->len;
}

bool
runner_open_drivers(Runner *run, const RolloutContext *context, GError **error)
{
    *run = (Runner){.context = context};
    run->release = rollout_plan_release_of(context->settings);
    run->owner = ledger_actor();
    return open_drivers(run, error);
}

bool
runner_connect(Runner *run, GError **error)
{
    run->conn = connect_as(run->context, "rollout", error);
    return run->conn && runner_reload(run, error);
}

bool
runner_open_database(Runner *run, GError **error)
{
    const Settings *settings = run->context->settings;

    /* What is missing in sluice.yaml is said before the database is asked. */
    if (settings->app_name == NULL || settings->release_to == NULL)
        return (run->plan = rollout_plan_new(settings, run->context->graph, NULL, error)) != NULL;
    return runner_connect(run, error) && make_plan(run, error);
}

bool
runner_open(Runner *run, const RolloutContext *context, GError **error)
{
    return runner_open_drivers(run, context, error) && runner_open_database(run, error);
}

void
runner_close(Runner *run)
{
    g_clear_pointer(&run->plan, rollout_plan_free);
    g_clear_pointer(&run->conn, pg_disconnect);
    g_clear_pointer(&run->traffic, traffic_free);
    g_clear_pointer(&run->journal, journal_free);
    g_clear_pointer(&run->deploy, deploy_free);
    g_clear_pointer(&run->row, ledger_rollout_free);
    g_clear_pointer(&run->judge, judge_free);
    g_clear_pointer(&run->release, g_free);
    g_clear_pointer(&run->owner, g_free);
    g_clear_pointer(&run->reason, g_free);
    g_clear_pointer(&run->waiting_for, g_free);
}

bool
runner_is_aborted_here(const Runner *run)
{
    return run->journal && journal_is_aborted(run->journal, run->release);
}

static void
say_holder(void *data, const char *holder)
{
    const Runner *run = data;

    report_wait(run->context->report, "rollout %" G_GINT64_FORMAT " is being run by %s",
                run->row->id, holder);
}

bool
runner_take_lease(Runner *run, GError **error)
{
    GError *local = NULL;

    run->has_lease = false;
    if (!pg_poll_lock(run->conn, lease_key(run), run->context->clock, LEASE_PATIENCE_MS, say_holder,
                      run, &local)) {
        if (error_is(local, ERROR_OWNER))
            g_prefix_error(&local, "rollout %" G_GINT64_FORMAT " of %s to %s: ", run->row->id,
                           run->row->app, run->row->to_version);
        g_propagate_error(error, local);
        return false;
    }
    run->has_lease = ledger_take_lease(run->conn, run->row->id, run->owner, &run->epoch, error) &&
                     runner_reload(run, error);
    return run->has_lease;
}

bool
runner_database_answers(Runner *run)
{
    if (run->has_lease && pg_is_connected(run->conn) && pg_exec(run->conn, NULL, "SELECT 1"))
        return true;
    run->has_lease = false;
    if (pg_reconnect(run->conn, NULL))
        runner_take_lease(run, NULL);
    return false;
}

/* The server may not have noticed yet that our last session is gone: then it holds the lock, and
 * nobody has raised the epoch since. */
static bool
is_held_by_ourselves(Runner *run, const GError *failure)
{
    const gint64 epoch = run->epoch;

    return error_is(failure, ERROR_OWNER) && pg_is_connected(run->conn) &&
           runner_reload(run, NULL) && run->row->lease_epoch == epoch;
}

bool
runner_reconnect(Runner *run, GError **error)
{
    const Clock *clock = run->context->clock;
    const gint64 deadline = clock_now_ms(clock) + DATABASE_PATIENCE_MS;
    gint64 wait_ms = RECONNECT_MS;

    report_wait(run->context->report, "the database does not answer: connecting again");
    for (;;) {
        g_autoptr(GError) local = NULL;

        if (pg_reconnect(run->conn, &local) && runner_take_lease(run, &local)) {
            report_step(run->context->report, "the database answers again: going on");
            g_clear_pointer(&run->waiting_for, g_free);
            return true;
        }
        if ((!error_is(local, ERROR_CONNECTION) && !is_held_by_ourselves(run, local)) ||
            clock_now_ms(clock) > deadline) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        if (!stop_check(error))
            return false;
        if (runner_is_aborted_here(run))
            return runner_abort(run, error, "aborted on this machine");
        clock_sleep_ms(clock, clock_jitter_ms(clock, wait_ms));
        wait_ms = MIN(wait_ms * 2, 5000);
    }
}

G_GNUC_PRINTF(4, 0)
static bool
runner_fail(Runner *run, Outcome outcome, GError **error, const char *format, va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);

    run->outcome = outcome;
    if (outcome == OUTCOME_ABORTED) {
        g_free(run->reason);
        run->reason = g_strdup(text);
    }
    return error_set(error, ERROR_STATE, "%s", text);
}

bool
runner_hold(Runner *run, GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    runner_fail(run, OUTCOME_HOLDING, error, format, args);
    va_end(args);
    return false;
}

bool
runner_abort(Runner *run, GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    runner_fail(run, OUTCOME_ABORTED, error, format, args);
    va_end(args);
    return false;
}

bool
runner_check(Runner *run, GError **error)
{
    g_autofree char *reason = NULL;
    bool aborted = false;

    if (!stop_check(error))
        return false;
    if (runner_is_aborted_here(run))
        return runner_abort(run, error, "aborted on this machine");
    if (!ledger_check_lease(run->conn, run->row->id, run->epoch, &aborted, &reason, error))
        return false;
    return !aborted || runner_abort(run, error, "%s", reason ? reason : "aborted");
}

bool
runner_poll(Runner *run, StepRun *step, gint64 sleep_ms, const char *cause, GError **error)
{
    if (g_strcmp0(cause, run->waiting_for) != 0) {
        g_free(run->waiting_for);
        run->waiting_for = g_strdup(cause);
        report_wait(run->context->report, "%s: %s", step->name, cause);
        if (!ledger_set_rollout_step(run->conn, run->row->id, run->epoch, step->ordinal,
                                     STEP_WAITING, NULL, error) ||
            !ledger_set_rollout(run->conn, run->row->id, run->epoch, ROLLOUT_WAITING, step->ordinal,
                                cause, error))
            return false;
    }
    if (!runner_check(run, error))
        return false;
    clock_sleep_ms(run->context->clock, sleep_ms);
    return stop_check(error);
}

void
runner_progress(Runner *run, const StepRun *step, gint64 done_ms, gint64 total_ms, const char *note)
{
    g_autofree char *what = g_strdup_printf("%s, seconds", step->name);
    const ReportProgress progress = {
        .what = what,
        .done = MIN(done_ms, total_ms) / 1000,
        .total = total_ms / 1000,
        .per_second = -1,
        .eta_ms = done_ms < total_ms ? total_ms - done_ms : -1,
        .note = note,
    };

    report_progress(run->context->report, &progress);
}

bool
runner_keep(Runner *run, StepRun *step, GError **error)
{
    return ledger_set_rollout_step(run->conn, run->row->id, run->epoch, step->ordinal, STEP_RUNNING,
                                   step->evidence, error);
}

bool
runner_tell(Runner *run, const char *kind, const char *revision, json_t *take_data, GError **error,
            const char *format, ...)
{
    g_autoptr(json_t) data = take_data ? take_data : json_object();
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    json_object_set_new(data, "event", json_string(kind));
    report_data(run->context->report, REPORT_STEP, json_incref(data), "%s", text);
    return ledger_append_event(run->conn, kind, revision, run->row->id, text, json_incref(data),
                               error);
}

bool
runner_state(Runner *run, const Revision *revision, RevisionState *ret_state, bool *ret_final,
             GError **error)
{
    g_autoptr(LedgerRevisions) states = ledger_load_revisions(run->conn, error);
    const LedgerRevision *state = NULL;

    if (states == NULL)
        return false;
    state = ledger_find_revision(states, revision->id);
    *ret_state = state ? state->state : STATE_PENDING;
    *ret_final = state && state->final && state->partly == NULL;
    return true;
}

static bool
lock_migrator(Runner *run, StepRun *step, const ApplyContext *context, GError **error)
{
    for (;;) {
        g_autoptr(GError) local = NULL;

        if (apply_try_lock(context, &local))
            return true;
        if (!error_is(local, ERROR_OWNER)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        if (step && !runner_poll(run, step, MIGRATOR_POLL_MS, local->message, error))
            return false;
        if (step == NULL) {
            report_wait(run->context->report, "%s", local->message);
            clock_sleep_ms(run->context->clock, MIGRATOR_POLL_MS);
        }
        if (!stop_check(error))
            return false;
    }
}

bool
runner_apply(Runner *run, StepRun *step, RunnerPhase phase, const Revision *revision, bool dry_run,
             GError **error)
{
    const RolloutContext *context = run->context;
    g_autoptr(PgConn) conn = connect_as(context, "rollout-apply", error);
    const ApplyContext apply = {
        .conn = conn,
        .settings = context->settings,
        .clock = context->clock,
        .report = context->report,
        .graph = context->graph,
        .dry_run = dry_run,
    };

    return conn && lock_migrator(run, step, &apply, error) && phase(&apply, revision, error);
}

BackfillContext
runner_backfill_context(const Runner *run)
{
    const RolloutContext *context = run->context;

    return (BackfillContext){
        .url = context->url,
        .settings = context->settings,
        .clock = context->clock,
        .report = context->report,
    };
}
