#include "backfill/worker.h"

#include <string.h>

#include "backfill/guard.h"
#include "backfill/part.h"
#include "backfill/pass.h"
#include "backfill/split.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/text.h"
#include "ledger/events.h"
#include "pg/lock.h"

enum {
    IDLE_MS = 50,   /* between looks for a range while others do the last ones */
    RETRY_MS = 100, /* after a lost connection or a locked table; doubled */
    RETRY_MAX_MS = 5000,
    SLOW_FACTOR = 20, /* so many target times: has the plan changed? */
};

typedef struct {
    Run *run;
    PgConn *conn;         /* NULL: not connected */
    bool guarded;         /* the plan of a part was looked at */
    gint64 claim;         /* key of the range's lock; 0: none */
    gint64 failing_since; /* of an unbroken row of failures; 0: the last try went well */
    gint64 retry_ms;
} Worker;

static bool
connect_worker(Worker *worker, GError **error)
{
    const PgConnOptions options = {.purpose = "backfill",
                                   .schema = run_context(worker->run)->settings->database_schema};

    if (worker->conn)
        return true;
    worker->conn = pg_connect(run_context(worker->run)->url, &options, error);
    if (worker->conn == NULL)
        return false;
    if (!backfill_prepare_session(worker->conn, error)) {
        g_clear_pointer(&worker->conn, pg_disconnect);
        return false;
    }
    return true;
}

static void
disconnect_worker(Worker *worker)
{
    if (worker->conn == NULL)
        return;
    g_clear_pointer(&worker->conn, pg_disconnect);
    worker->claim = 0;
}

static bool
release(Worker *worker, GError **error)
{
    const gint64 claim = worker->claim;

    worker->claim = 0;
    return claim == 0 || pg_unlock(worker->conn, claim, error);
}

/* Takes the first open range that nobody has; *ret_claimed false: there is none. Between the look
 * and the lock another worker may have done it, so it is read again. */
static bool
claim_range(Worker *worker, LedgerChunk *ret_chunk, bool *ret_claimed, GError **error)
{
    g_autoptr(GArray) chunks =
        ledger_load_open_chunks(worker->conn, run_task(worker->run)->id, error);

    *ret_claimed = false;
    if (chunks == NULL)
        return false;
    for (guint i = 0; i < chunks->len && !*ret_claimed; i++) {
        LedgerChunk *chunk = &g_array_index(chunks, LedgerChunk, i);
        const gint64 key = pg_lock_key(PG_LOCK_RANGE, chunk->backfill, chunk->first_page);
        bool got = false;

        if (!pg_try_lock(worker->conn, key, &got, error))
            return false;
        if (!got)
            continue;
        worker->claim = key;
        if (!ledger_begin_chunk(worker->conn, chunk, ret_claimed, error))
            return false;
        if (!*ret_claimed && !release(worker, error))
            return false;
        if (*ret_claimed) {
            *ret_chunk = *chunk;
            chunk->low = chunk->high = NULL;
        }
    }
    return true;
}

/* What the server says of the statement, not of a row: it is no use to go on. */
static void
record_failure(Worker *worker, const LedgerChunk *chunk, GError **error)
{
    const BackfillTask *task = run_task(worker->run);
    g_autofree char *message = NULL;

    if (error_is_sqlstate(*error, "40001") || error_is_sqlstate(*error, "42P01") ||
        (!error_is(*error, ERROR_SQL) && !error_is(*error, ERROR_STATE)))
        return;
    message =
        g_strdup_printf("the backfill of %s stopped: %s", task->table->quoted, (*error)->message);
    ledger_fail_chunk(worker->conn, chunk, message, NULL);
    ledger_end_backfill(worker->conn, task->id, LEDGER_BACKFILL_FAILED, message, NULL);
    g_prefix_error(error, "the backfill of %s stopped: ", task->table->quoted);
    if (error_get_hint(*error) == NULL)
        error_hint(error, "Mend the cause, then run `sluice backfill run` again: what is done "
                          "stays done.");
}

/* The chunk's next part; in pieces, where the server refuses it as a whole. */
static bool
do_part(Worker *worker, LedgerChunk *chunk, bool *guarded, PartResult *ret_result, GError **error)
{
    const BackfillTask *task = run_task(worker->run);
    const int max_quarantined = run_context(worker->run)->settings->backfill_max_quarantined;
    g_autoptr(GError) cause = NULL;

    if (!*guarded && part_run(worker->conn, task, chunk, ret_result, &cause))
        return true;
    if (!*guarded && !split_helps(task, cause)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    return split_run(worker->conn, task, chunk, max_quarantined, ret_result, error) &&
           split_is_needed(worker->conn, task, chunk, guarded, error);
}

/* At the first part, and whenever one took suspiciously long. */
static bool
check_plan(Worker *worker, const LedgerChunk *chunk, GError **error)
{
    const BackfillContext *context = run_context(worker->run);

    if (worker->guarded || !context->settings->backfill_plan_guard)
        return true;
    worker->guarded = true;
    if (guard_check(worker->conn, run_task(worker->run), chunk, error))
        return true;
    record_failure(worker, chunk, error);
    return false;
}

static void
measure(Worker *worker, const LedgerChunk *chunk, gint64 part_us, gint64 wal_bytes)
{
    run_measure(worker->run, chunk->parts, chunk->end_page - chunk->first_page, part_us, wal_bytes);
    if (part_us > SLOW_FACTOR * run_context(worker->run)->settings->backfill_target_ms * 1000)
        worker->guarded = false;
}

static bool
do_range(Worker *worker, LedgerChunk *chunk, GError **error)
{
    const Clock *clock = run_context(worker->run)->clock;
    bool guarded = false;

    if (!check_plan(worker, chunk, error) ||
        !split_is_needed(worker->conn, run_task(worker->run), chunk, &guarded, error))
        return false;
    while (chunk->parts_done < chunk->parts && run_may_go_on(worker->run)) {
        const gint64 began_us = clock->monotonic_us(clock->data);
        PartResult result = {0};
        gint64 took_us;

        if (!do_part(worker, chunk, &guarded, &result, error)) {
            record_failure(worker, chunk, error);
            return false;
        }
        took_us = clock->monotonic_us(clock->data) - began_us;
        if (!guarded)
            measure(worker, chunk, took_us, result.outcome.wal_bytes);
        worker->failing_since = 0;
        /* The controller sees it too, but may be busy: a pause takes hold at the next part. */
        if (result.outcome.wanted != LEDGER_WANT_RUN)
            run_hold(worker->run, true);
        if (result.outcome.state != LEDGER_BACKFILL_RUNNING)
            run_end(worker->run);
        run_rest(worker->run, took_us);
    }
    return release(worker, error);
}

/* Of all workers the one that found the end says so. */
static bool
tell_done(Worker *worker, GError **error)
{
    const BackfillTask *task = run_task(worker->run);
    g_autoptr(LedgerBackfill) backfill = ledger_load_backfill(worker->conn, task->id, error);
    g_autofree char *rows = backfill ? text_format_count(backfill->rows) : NULL;
    g_autofree char *text = g_strdup_printf("filled %s rows of %s", rows, task->table->quoted);

    return backfill &&
           ledger_append_event(worker->conn, "filled", task->revision, 0, text,
                               json_pack("{s:I, s:i}", "rows", (json_int_t) backfill->rows,
                                         "passes", backfill->pass),
                               error);
}

/* One range, or one look for more. */
static bool
work(Worker *worker, GError **error)
{
    PassOutcome outcome = PASS_WAIT;
    g_auto(LedgerChunk) chunk = {0};
    bool claimed = false;

    if (!connect_worker(worker, error) || !release(worker, error) ||
        !claim_range(worker, &chunk, &claimed, error))
        return false;
    if (claimed) {
        FAULT_POINT("backfill-range-claimed");
        return do_range(worker, &chunk, error);
    }
    if (!pass_plan(worker->conn, worker->run, &outcome, error))
        return false;
    worker->failing_since = 0;
    if (outcome == PASS_WAIT)
        run_sleep_ms(worker->run, clock_jitter_ms(run_context(worker->run)->clock, IDLE_MS));
    if (outcome == PASS_DONE && !tell_done(worker, error))
        return false;
    if (outcome == PASS_DONE || outcome == PASS_OVER)
        run_end(worker->run);
    return true;
}

/* The partition that we fill was dropped: no work, and no error. */
static bool
is_gone(Worker *worker, const GError *error)
{
    gint64 pages = 0;

    return error_is_sqlstate(error, "42P01") && worker->conn &&
           backfill_task_pages(worker->conn, run_task(worker->run), &pages, NULL) && pages < 0;
}

/* A lost connection, a locked table, a deadlock: worth another try, for a while. */
static bool
may_retry(Worker *worker, const GError *error)
{
    const BackfillContext *context = run_context(worker->run);
    const gint64 now_ms = clock_now_ms(context->clock);

    if (!error_is(error, ERROR_CONNECTION) && !error_is(error, ERROR_LOCK) &&
        !error_is_sqlstate(error, "40001"))
        return false;
    if (worker->failing_since == 0) {
        worker->failing_since = now_ms;
        worker->retry_ms = RETRY_MS;
    }
    if (now_ms - worker->failing_since > context->settings->give_up_after_ms)
        return false;
    report_wait(context->report, "backfill of %s: %s", run_task(worker->run)->table->quoted,
                error->message);
    return true;
}

static void
recover(Worker *worker, const GError *error)
{
    if (error_is(error, ERROR_CONNECTION) || (worker->conn && !pg_is_connected(worker->conn)))
        disconnect_worker(worker);
    run_sleep_ms(worker->run, clock_jitter_ms(run_context(worker->run)->clock, worker->retry_ms));
    worker->retry_ms = MIN(worker->retry_ms * 2, RETRY_MAX_MS);
}

gpointer
worker_main(gpointer data)
{
    Worker worker = {.run = data};
    bool surplus = false;

    while (run_may_go_on(worker.run) && !(surplus = run_leave_surplus(worker.run))) {
        g_autoptr(GError) error = NULL;

        if (work(&worker, &error))
            continue;
        if (may_retry(&worker, error))
            recover(&worker, error);
        else if (is_gone(&worker, error))
            run_end(worker.run);
        else
            run_fail(worker.run, g_steal_pointer(&error));
    }
    disconnect_worker(&worker);
    if (!surplus)
        run_finish_worker(worker.run);
    return NULL;
}
