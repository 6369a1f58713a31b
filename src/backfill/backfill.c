#include "backfill/backfill.h"

#include <string.h>

#include "backfill/control.h"
#include "backfill/worker.h"
#include "ledger/quarantine.h"
#include "ledger/revisions.h"

static bool
check_state(PgConn *conn, const Revision *revision, bool *ret_open, GError **error)
{
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(conn, error);
    const LedgerRevision *row = NULL;

    if (rows == NULL)
        return false;
    row = ledger_find_revision(rows, revision->id);
    if (row == NULL || row->state == STATE_PENDING) {
        error_set(error, ERROR_STATE, "revision %s is not expanded yet", revision->id);
        return error_hint(error, "Run `sluice upgrade` first: it adds the columns and triggers.");
    }
    *ret_open = row->state == STATE_EXPANDED;
    return true;
}

static void
join_threads(GPtrArray *threads)
{
    for (guint i = 0; i < threads->len; i++)
        g_thread_join(threads->pdata[i]);
    g_ptr_array_unref(threads);
}

/* Workers for one table, and the controller in this thread until they have left. */
static bool
fill_table(const BackfillContext *context, PgConn *conn, Signals *signals, const BackfillTask *task,
           bool *ret_paused, GError **error)
{
    const int workers = context->workers ? context->workers : context->settings->backfill_workers;
    GPtrArray *threads = g_ptr_array_new();
    g_autoptr(Control) control = control_new(context, conn, task, signals, threads);
    g_autoptr(Run) run = run_new(context, task, workers);
    bool went = false;

    if (!ledger_restart_backfill(conn, task->id, error) ||
        !backfill_task_begin(conn, task, error)) {
        g_ptr_array_unref(threads);
        return false;
    }
    went = control_watch(control, run, ret_paused, error);
    join_threads(threads);
    return went;
}

/* The reader of the columns comes next: the planner should know them. Finish does it for the tables
 * of mappings. Best effort, for it is only a help. */
static void
analyze(const BackfillContext *context, PgConn *conn, const BackfillTask *task)
{
    const char *analyzed =
        task->statement->drives_target ? task->table->quoted : task->target->quoted;
    g_autofree char *sql = g_strdup_printf("SET lock_timeout = '1s'; ANALYZE %s; "
                                           "SET lock_timeout = 0",
                                           analyzed);
    g_autoptr(GError) error = NULL;

    if (!pg_exec_script(conn, sql, &error))
        report_warning(context->report, "%s was not analyzed: %s", analyzed, error->message);
}

static bool
sum_up(PgConn *conn, const Revision *revision, gint64 *ret_rows, gint64 *ret_throttled_ms,
       GError **error)
{
    g_autoptr(GPtrArray) rows = ledger_load_backfills(conn, revision->id, error);

    if (rows == NULL)
        return false;
    *ret_rows = *ret_throttled_ms = 0;
    for (guint i = 0; i < rows->len; i++) {
        const LedgerBackfill *row = rows->pdata[i];

        *ret_rows += row->rows;
        *ret_throttled_ms += row->throttled_ms;
    }
    return true;
}

/* All tables that are open now. *@ret_more: there were some, so look again (a partition may have
 * been added meanwhile). */
static bool
fill_tables(const BackfillContext *context, PgConn *conn, Signals *signals,
            const Revision *revision, bool *ret_more, bool *ret_paused, GError **error)
{
    g_autoptr(BackfillTasks) tasks = backfill_tasks_plan(conn, context, revision, error);

    if (tasks == NULL)
        return false;
    *ret_more = tasks->tasks->len > 0;
    for (guint i = 0; i < tasks->tasks->len && !*ret_paused; i++) {
        const BackfillTask *task = tasks->tasks->pdata[i];

        if (!fill_table(context, conn, signals, task, ret_paused, error))
            return false;
        if (!*ret_paused && !task->synced)
            analyze(context, conn, task);
    }
    return true;
}

/* The rest is done; what waits in quarantine keeps the revision from being so. */
static bool
check_quarantine(PgConn *conn, const Revision *revision, GError **error)
{
    g_autoptr(GPtrArray) rows = ledger_load_quarantine(conn, revision->id, 0, error);

    if (rows == NULL)
        return false;
    for (guint i = 0; i < rows->len; i++) {
        const LedgerQuarantined *row = rows->pdata[i];

        if (row->skipped)
            continue;
        error_set(error, ERROR_SQL,
                  "%u rows of revision %s are in quarantine, the first of %s, %s: %s",
                  ledger_count_open(rows), revision->id, row->relation, row->key, row->message);
        if (error)
            error_add_server(*error, row->sqlstate, NULL);
        return error_hint(
            error,
            "All others are done. Mend the rows or the mapping, then `sluice backfill "
            "retry %s`; or leave a row as it is: `sluice backfill skip %s --key '%s' "
            "--reason ..`. `sluice backfill status` lists them.",
            revision->id, revision->id, row->key);
    }
    return true;
}

bool
backfill_run(const BackfillContext *context, const Revision *revision, BackfillResult *ret_result,
             GError **error)
{
    const PgConnOptions options = {.purpose = "backfill control",
                                   .schema = context->settings->database_schema};
    const gint64 began_ms = clock_now_ms(context->clock);
    g_autoptr(PgConn) conn = pg_connect(context->url, &options, error);
    g_autoptr(Signals) signals =
        signals_new(conn, context->settings, context->clock, context->report);
    BackfillResult result = {0};
    gint64 rows_before = 0;
    bool more = false;

    if (conn == NULL || !pg_exec(conn, error, "LISTEN " LEDGER_BACKFILL_CHANNEL) ||
        !check_state(conn, revision, &more, error) ||
        !sum_up(conn, revision, &rows_before, &result.throttled_ms, error))
        return false;
    while (more && !result.paused)
        if (!fill_tables(context, conn, signals, revision, &more, &result.paused, error) ||
            (!result.paused && !check_quarantine(conn, revision, error)))
            return false;
    if (!sum_up(conn, revision, &result.rows, &result.throttled_ms, error))
        return false;
    result.duration_ms = clock_now_ms(context->clock) - began_ms;
    result.rows_per_s =
        1000.0 * (double) (result.rows - rows_before) / (double) MAX(result.duration_ms, 1);
    *ret_result = result;
    return true;
}
