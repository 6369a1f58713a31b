#include "backfill/control.h"

#include <string.h>

#include "backfill/progress.h"
#include "backfill/status.h"
#include "backfill/throttle.h"
#include "backfill/worker.h"
#include "base/stop.h"
#include "conf/live.h"
#include "ledger/events.h"
#include "ledger/throttles.h"

enum {
    TICK_MIN_MS = 5, /* a small table is filled before the first long one */
    TICK_MAX_MS = 250,
    PROGRESS_MS = 500,
    RECONNECT_MS = 500,
};

struct Control {
    const BackfillContext *context;
    PgConn *conn;
    GPtrArray *threads; /* GThread * */
    Signals *signals;
    Throttle *throttle;
    Settings *settings;   /* those of the context, with what was set meanwhile */
    json_t *set;          /* that */
    bool old_xmin;        /* told: it goes on though old snapshots keep dead rows */
    gint64 lost_since_ms; /* 0: connected */
    bool held;
    bool paused;
    bool apps; /* are at work, and it is to be in their way as little as it can */

    Progress *progress;
    gint64 progress_ms; /* when it was told last; 0: not yet */
};

Control *
control_new(const BackfillContext *context, PgConn *conn, const BackfillTask *task,
            Signals *signals, GPtrArray *threads)
{
    Control *control = g_new0(Control, 1);

    control->context = context;
    control->conn = conn;
    control->threads = threads;
    control->signals = signals;
    control->throttle = throttle_new(context, conn, task);
    control->progress = progress_new(context->clock);
    return control;
}

void
control_free(Control *control)
{
    if (control == NULL)
        return;
    signals_set(control->signals, control->context->settings);
    throttle_free(control->throttle);
    progress_free(control->progress);
    settings_free(control->settings);
    json_decref(control->set);
    g_free(control);
}

static gint64
now_ms(const Control *control)
{
    return clock_now_ms(control->context->clock);
}

static void
set_held(Control *control, Run *run, bool held)
{
    control->held = held;
    run_seen(run);
    run_hold(run, held || control->paused);
}

/* What is done where an old snapshot keeps dead rows is as the user says; that it is so, and who
 * holds it, is told once. */
static bool
tell_old_xmin(Control *control, Run *run, const SignalReading *old, GError **error)
{
    const BackfillTask *task = run_task(run);
    const bool plain = g_str_equal(control->settings->backfill_old_xmin, "plain");
    g_autofree char *text = NULL;

    if (control->old_xmin == (old != NULL))
        return true;
    control->old_xmin = old != NULL;
    text = old ? g_strdup_printf("backfill of %s goes on%s, and the table grows: %s",
                                 task->table->quoted, plain ? " in plain order" : "", old->text)
               : g_strdup_printf("backfill of %s: old snapshots are gone", task->table->quoted);
    report_wait(control->context->report, "%s", text);
    return !throttle_is_scribe(control->throttle) ||
           ledger_append_event(control->conn, "throttle", task->revision, 0, text, NULL, error);
}

static SignalSubject
subject_of(const BackfillTask *task, const LedgerBackfill *backfill, GArray *pids)
{
    return (SignalSubject){
        .pids = pids,
        .table = task->statement->drives_target ? task->table->oid : task->target->oid,
        .prunes =
            task->statement->kind == BACKFILL_UPDATE && backfill->parts > 1 && backfill->pass == 1,
    };
}

static bool
look_at_signals(Control *control, Run *run, const LedgerBackfill *backfill, GError **error)
{
    g_autoptr(GArray) pids = backfill_worker_pids(control->conn, backfill->id, error);
    const SignalReading *hold = NULL;
    SignalSubject subject = {0};

    if (pids == NULL)
        return false;
    subject = subject_of(run_task(run), backfill, pids);
    if (!signals_sample(control->signals, &subject, &hold, error))
        return false;
    set_held(control, run, hold != NULL);
    return throttle_see(control->throttle, hold, error) &&
           tell_old_xmin(control, run, signals_old_xmin(control->signals), error);
}

static bool
cancel(Control *control, const LedgerBackfill *backfill, GError **error)
{
    if (backfill->state == LEDGER_BACKFILL_RUNNING &&
        !ledger_end_backfill(control->conn, backfill->id, LEDGER_BACKFILL_CANCELLED, NULL, error))
        return false;
    error_set(error, ERROR_STATE, "the backfill of %s was cancelled", backfill->relation);
    return error_hint(error,
                      "`sluice backfill resume %s` and `sluice backfill run %s` take it up "
                      "again where it stopped.",
                      backfill->revision, backfill->revision);
}

static void
set_paused(Control *control, Run *run, bool paused)
{
    if (paused != control->paused)
        report_step(control->context->report, "backfill of %s %s", run_task(run)->table->quoted,
                    paused ? "is paused" : "goes on");
    control->paused = paused;
    run_hold(run, paused || control->held);
}

/* What others want of it, or made of it. */
static bool
obey(Control *control, Run *run, const LedgerBackfill *backfill, bool *ret_paused, GError **error)
{
    if (backfill->wanted == LEDGER_WANT_CANCEL || backfill->state == LEDGER_BACKFILL_CANCELLED)
        return cancel(control, backfill, error);
    if (backfill->state == LEDGER_BACKFILL_FAILED) {
        error_set(error, ERROR_SQL, "%s",
                  backfill->error ? backfill->error : "the backfill failed");
        return error_hint(error, "Mend what it names, then run `sluice backfill run` again.");
    }
    if (backfill->state == LEDGER_BACKFILL_DONE || backfill->state == LEDGER_BACKFILL_QUARANTINED) {
        run_end(run);
        return true;
    }
    set_paused(control, run, backfill->wanted == LEDGER_WANT_PAUSE);
    if (control->paused && !control->context->wait_while_paused) {
        *ret_paused = true;
        run_end(run);
    }
    return true;
}

static bool
tell_progress(Control *control, const LedgerBackfill *backfill, GError **error)
{
    const char *held = control->paused ? "paused" : throttle_text(control->throttle);
    const SignalReading *old = signals_old_xmin(control->signals);
    const double duty = control->settings->backfill_duty_cycle;
    g_autofree char *beside =
        control->apps && duty < 1
            ? g_strdup_printf("apps are at work: %.0f %% of the time", 100 * duty)
            : NULL;
    g_autoptr(GPtrArray) throttles = NULL;

    progress_see(control->progress, backfill, held == NULL);
    if (control->progress_ms != 0 && now_ms(control) - control->progress_ms < PROGRESS_MS)
        return true;
    control->progress_ms = now_ms(control);
    throttles = ledger_load_throttles(control->conn, backfill->id, error);
    if (throttles == NULL)
        return false;
    progress_tell(control->progress, backfill, throttles,
                  held  ? held
                  : old ? old->text
                        : beside,
                  control->context->report);
    return true;
}

static void
start_workers(Control *control, Run *run)
{
    for (int i = run_start_missing(run); i > 0; i--)
        g_ptr_array_add(control->threads, g_thread_new("backfill", worker_main, run));
}

/* The settings that hold now: `backfill set` wins over those of any process. */
static bool
renew_settings(Control *control, const LedgerBackfill *backfill, GError **error)
{
    const BackfillContext *context = control->context;
    g_autoptr(Settings) settings = NULL;

    if (control->set && json_equal(control->set, backfill->settings))
        return true;
    settings = live_apply(backfill->settings, context->settings, error);
    if (settings == NULL)
        return false;
    if (context->workers && json_object_get(backfill->settings, "workers") == NULL)
        settings->backfill_workers = context->workers;
    if (control->set)
        report_step(context->report, "backfill of %s goes on with other settings",
                    backfill->relation);
    signals_set(control->signals, settings);
    settings_free(control->settings);
    control->settings = g_steal_pointer(&settings);
    json_decref(control->set);
    control->set = json_incref(backfill->settings);
    return true;
}

static void
keep_pace(Control *control, Run *run)
{
    const Settings *settings = control->settings;
    const gint64 target_ms = settings->backfill_target_ms;
    const RunPace pace = {
        .workers = settings->backfill_workers,
        .target_ms = control->apps ? MIN(target_ms, settings->backfill_busy_target_ms) : target_ms,
        .max_part_wal = settings->backfill_max_part_wal,
        .duty = control->apps ? settings->backfill_duty_cycle : 1,
        .plain = control->old_xmin && g_str_equal(settings->backfill_old_xmin, "plain"),
    };

    run_adjust(run, &pace);
    start_workers(control, run);
}

static bool
tick(Control *control, Run *run, bool *ret_paused, GError **error)
{
    g_autoptr(LedgerBackfill) backfill = NULL;

    if (!stop_check(error))
        return false;
    backfill = ledger_load_backfill(control->conn, run_task(run)->id, error);
    if (backfill == NULL || !obey(control, run, backfill, ret_paused, error) ||
        !renew_settings(control, backfill, error) ||
        !look_at_signals(control, run, backfill, error) ||
        !signals_see_apps(control->signals, &control->apps, error))
        return false;
    control->apps = control->apps && !control->context->unthrottled;
    keep_pace(control, run);
    return tell_progress(control, backfill, error);
}

/* Workers may have left before we saw why. */
static bool
look_last(Control *control, Run *run, bool *ret_paused, GError **error)
{
    g_autoptr(LedgerBackfill) backfill = NULL;

    if (!pg_is_connected(control->conn) && !pg_reconnect(control->conn, error))
        return false;
    backfill = ledger_load_backfill(control->conn, run_task(run)->id, error);
    if (backfill == NULL || !obey(control, run, backfill, ret_paused, error))
        return false;
    control->progress_ms = 0;
    if (!tell_progress(control, backfill, error))
        return false;
    report_progress_end(control->context->report);
    return true;
}

/* Blind means held: nobody works while nobody looks. */
static bool
reconnect(Control *control, Run *run, const GError *cause)
{
    const Settings *settings = control->context->settings;

    if (!error_is(cause, ERROR_CONNECTION))
        return false;
    run_hold(run, true);
    if (control->lost_since_ms == 0)
        control->lost_since_ms = now_ms(control);
    if (now_ms(control) - control->lost_since_ms > settings->give_up_after_ms)
        return false;
    report_wait(control->context->report, "backfill of %s: %s", run_task(run)->table->quoted,
                cause->message);
    clock_sleep_ms(control->context->clock, clock_jitter_ms(control->context->clock, RECONNECT_MS));
    if (!pg_reconnect(control->conn, NULL) ||
        !pg_exec(control->conn, NULL, "LISTEN " LEDGER_BACKFILL_CHANNEL))
        return true;
    control->lost_since_ms = 0;
    run_hold(run, control->paused || control->held);
    return true;
}

bool
control_watch(Control *control, Run *run, bool *ret_paused, GError **error)
{
    gint64 tick_ms = TICK_MIN_MS;
    GError *failure = NULL;

    /* No worker before the first look: what cannot be measured is found before a row is written. */
    while (!run_is_over(run)) {
        g_autoptr(GError) cause = NULL;

        if (!tick(control, run, ret_paused, &cause) && !reconnect(control, run, cause))
            run_fail(run, g_steal_pointer(&cause));
        if (!run_is_over(run) && pg_is_connected(control->conn))
            pg_wait_notify(control->conn, tick_ms);
        tick_ms = MIN(tick_ms * 2, TICK_MAX_MS);
    }
    failure = run_take_failure(run);
    if (failure) {
        g_propagate_error(error, failure);
        return false;
    }
    return throttle_see(control->throttle, NULL, error) &&
           look_last(control, run, ret_paused, error);
}
