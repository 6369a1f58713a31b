#include "backfill/control.h"

#include <string.h>

#include "backfill/worker.h"
#include "base/stop.h"
#include "base/text.h"
#include "ledger/events.h"
#include "pg/lock.h"

enum {
    TICK_MIN_MS = 5, /* a small table is filled before the first long one */
    TICK_MAX_MS = 250,
    PROGRESS_MS = 500,
    EVENT_MS = 1000, /* a stop that lasted longer is worth an event */
    RECONNECT_MS = 500,
};

struct Control {
    const BackfillContext *context;
    PgConn *conn;
    GPtrArray *threads; /* GThread * */
    Signals *signals;
    gint64 lost_since_ms; /* 0: connected */

    char *throttle; /* what holds the workers; NULL: nothing */
    gint64 throttled_since_ms;
    bool paused;

    gint64 began_ms; /* of this watch, and what was done then: the speed that the ETA is made of */
    gint64 held_ms;  /* of it, the time that was not worked */
    gint64 pages_began; /* -1: not looked yet */
    gint64 progress_ms; /* of the last line */
    gint64 rows_then;
    double rows_per_s; /* < 0: not known */
};

Control *
control_new(const BackfillContext *context, PgConn *conn, GPtrArray *threads)
{
    Control *control = g_new0(Control, 1);

    control->context = context;
    control->conn = conn;
    control->threads = threads;
    control->signals = signals_new(conn, context->settings, context->clock);
    control->rows_per_s = -1;
    control->began_ms = clock_now_ms(context->clock);
    control->pages_began = -1;
    return control;
}

void
control_free(Control *control)
{
    if (control == NULL)
        return;
    signals_free(control->signals);
    g_free(control->throttle);
    g_free(control);
}

static gint64
now_ms(const Control *control)
{
    return clock_now_ms(control->context->clock);
}

/* One process of several writes down that it is held, or the time would count twice. */
static bool
is_scribe(Control *control, const Run *run)
{
    const gint64 key = pg_lock_key(PG_LOCK_BACKFILL, run_task(run)->id, 1);
    bool got = false;

    return pg_try_lock(control->conn, key, &got, NULL) && got;
}

static bool
begin_throttle(Control *control, Run *run, const char *text, GError **error)
{
    if (g_strcmp0(control->throttle, text) == 0)
        return true;
    if (control->throttle == NULL) {
        control->throttled_since_ms = now_ms(control);
        report_wait(control->context->report, "backfill of %s waits: %s",
                    run_task(run)->table->quoted, text);
    }
    g_free(control->throttle);
    control->throttle = g_strdup(text);
    run_hold(run, true);
    return !is_scribe(control, run) ||
           ledger_throttle_backfill(control->conn, run_task(run)->id, text, 0, error);
}

static bool
record_throttle(Control *control, Run *run, const char *cause, gint64 held_ms, GError **error)
{
    g_autofree char *duration = text_format_duration_ms(held_ms);
    g_autofree char *text = g_strdup_printf("backfill of %s was held for %s: %s",
                                            run_task(run)->table->quoted, duration, cause);

    if (!ledger_throttle_backfill(control->conn, run_task(run)->id, NULL, held_ms, error))
        return false;
    if (held_ms < EVENT_MS)
        return true;
    return ledger_append_event(
        control->conn, "throttle", run_task(run)->revision, 0, text,
        json_pack("{s:s, s:I}", "cause", cause, "held_ms", (json_int_t) held_ms), error);
}

static bool
end_throttle(Control *control, Run *run, GError **error)
{
    g_autofree char *cause = g_steal_pointer(&control->throttle);
    const gint64 held_ms = now_ms(control) - control->throttled_since_ms;

    if (cause == NULL)
        return true;
    control->held_ms += held_ms;
    if (!control->paused)
        run_hold(run, false);
    return !is_scribe(control, run) || record_throttle(control, run, cause, held_ms, error);
}

static bool
look_at_signals(Control *control, Run *run, GError **error)
{
    g_autoptr(GArray) pids = run_pids(run);
    SignalReading reading = {0};
    bool went = false;

    if (!signals_sample(control->signals, pids, &reading, error))
        return false;
    went = reading.text ? begin_throttle(control, run, reading.text, error)
                        : end_throttle(control, run, error);
    signal_reading_clear(&reading);
    return went;
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
    run_hold(run, paused || control->throttle != NULL);
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

/* Time left for this pass at the speed of this process and those beside it, stops left out; by
 * pages, for nobody knows how many rows there are. */
static gint64
estimate_eta(Control *control, const LedgerBackfill *backfill)
{
    const gint64 worked_ms = now_ms(control) - control->began_ms - control->held_ms;

    if (control->pages_began < 0)
        control->pages_began = backfill->pages_done;
    if (backfill->pass != 1 || backfill->pages_done <= control->pages_began)
        return -1;
    return worked_ms * (backfill->end_page - backfill->pages_done) /
           (backfill->pages_done - control->pages_began);
}

static void
tell_progress(Control *control, const Run *run, const LedgerBackfill *backfill)
{
    const gint64 now = now_ms(control);
    const gint64 since_ms = now - control->progress_ms;
    g_autofree char *what = g_strdup_printf("backfill %s", backfill->relation);
    ReportProgress progress = {.what = what, .done = backfill->rows, .total = -1};

    if (control->progress_ms != 0 && since_ms < PROGRESS_MS)
        return;
    if (control->progress_ms != 0)
        control->rows_per_s =
            1000.0 * (double) (backfill->rows - control->rows_then) / (double) since_ms;
    control->progress_ms = now;
    control->rows_then = backfill->rows;
    /* Later passes look for the few rows that are left: they have no total. */
    if (backfill->pass == 1 && run_task(run)->table->rows >= backfill->rows)
        progress.total = run_task(run)->table->rows;
    progress.per_second = control->rows_per_s;
    progress.eta_ms = estimate_eta(control, backfill);
    progress.note = control->paused ? "paused" : control->throttle;
    report_progress(control->context->report, &progress);
}

static void
start_workers(Control *control, Run *run)
{
    for (int i = run_start_missing(run); i > 0; i--)
        g_ptr_array_add(control->threads, g_thread_new("backfill", worker_main, run));
}

/* What `backfill set` wants, else what the call began with. */
static void
follow(Control *control, Run *run, const LedgerBackfill *backfill)
{
    const BackfillContext *context = control->context;
    const Settings *settings = context->settings;
    const int own = context->workers ? context->workers : settings->backfill_workers;
    const int workers = backfill->workers ? backfill->workers : own;
    const gint64 target_ms =
        backfill->target_ms ? backfill->target_ms : settings->backfill_target_ms;

    if (workers != run_workers(run))
        report_step(context->report, "backfill of %s goes on with %d workers", backfill->relation,
                    workers);
    run_adjust(run, workers, target_ms);
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
        !look_at_signals(control, run, error))
        return false;
    follow(control, run, backfill);
    tell_progress(control, run, backfill);
    return true;
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
    tell_progress(control, run, backfill);
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
    run_hold(run, control->paused || control->throttle != NULL);
    return true;
}

bool
control_watch(Control *control, Run *run, bool *ret_paused, GError **error)
{
    gint64 tick_ms = TICK_MIN_MS;
    GError *failure = NULL;

    start_workers(control, run);
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
    return end_throttle(control, run, error) && look_last(control, run, ret_paused, error);
}
