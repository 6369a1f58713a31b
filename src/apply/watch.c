#include "apply/watch.h"

#include "base/stop.h"

enum { FIRST_MS = 1000, EVERY_MS = 500 };

struct Watch {
    const ApplyContext *context;
    char *what;
    GThread *thread;
    GMutex mutex;
    GCond wake;
    bool is_over; /* under mutex */
    int said_pid; /* whom the last report named */
    bool has_cancelled;
    char *phase; /* of the build; speed is measured within one */
    gint64 phase_done, phase_start_ms;
};

/* An index build tells whom it waits for itself: it waits for transactions, not for locks that
 * pg_blocking_pids would see at all times. */
static const char progress_sql[] =
    "SELECT p.command, p.phase, "
    "       CASE WHEN p.blocks_total > 0 THEN p.blocks_done ELSE p.tuples_done END, "
    "       CASE WHEN p.blocks_total > 0 THEN p.blocks_total "
    "            WHEN p.tuples_total > 0 THEN p.tuples_total ELSE -1 END, "
    "       w.pid, coalesce(nullif(w.application_name, ''), w.backend_type) || ' (' || "
    "       coalesce(w.usename, '-') || '), ' || coalesce(w.state, '-') || ', transaction open "
    "for ' || coalesce(round(extract(epoch FROM now() - w.xact_start))::text, '?') || ' s' "
    "  FROM (SELECT $1::int AS pid) AS me "
    "  LEFT JOIN pg_stat_progress_create_index p ON p.pid = me.pid "
    "  LEFT JOIN pg_stat_activity w ON w.pid = coalesce("
    "       nullif(p.current_locker_pid, 0)::int, (pg_blocking_pids(me.pid))[1])";

static void
report_waiting(Watch *watch, const PgRows *rows)
{
    const int pid = (int) pg_integer(rows, 0, 4);

    if (pid != watch->said_pid && pid != 0)
        report_data(
            watch->context->report, REPORT_WAIT,
            json_pack("{s:s, s:s, s:i}", "wait", "transaction", "for", watch->what, "pid", pid),
            "%s waits for pid %d %s", watch->what, pid, pg_text(rows, 0, 5));
    watch->said_pid = pid;
}

/* Speed and ETA since the phase began; unknown until there is something to measure. */
static void
measure(Watch *watch, ReportProgress *progress)
{
    const gint64 now = clock_now_ms(watch->context->clock);
    gint64 done;

    if (g_strcmp0(watch->phase, progress->note) != 0) {
        g_free(watch->phase);
        watch->phase = g_strdup(progress->note);
        watch->phase_done = progress->done;
        watch->phase_start_ms = now;
    }
    done = progress->done - watch->phase_done;
    if (done <= 0 || now <= watch->phase_start_ms)
        return;
    progress->per_second = (double) done * 1000 / (double) (now - watch->phase_start_ms);
    if (progress->total >= progress->done)
        progress->eta_ms =
            (gint64) ((double) (progress->total - progress->done) * 1000 / progress->per_second);
}

static void
look_once(Watch *watch, PgConn *conn)
{
    g_autofree char *pid = g_strdup_printf("%d", pg_backend_pid(watch->context->conn));
    g_autoptr(PgRows) rows = pg_query(conn, NULL, progress_sql, pid);
    ReportProgress progress = {.what = watch->what, .total = -1, .per_second = -1, .eta_ms = -1};

    if (rows == NULL || pg_rows_count(rows) == 0)
        return;
    report_waiting(watch, rows);
    if (pg_is_null(rows, 0, 1))
        return;
    progress.done = pg_integer(rows, 0, 2);
    progress.total = pg_integer(rows, 0, 3);
    progress.note = pg_text(rows, 0, 1);
    measure(watch, &progress);
    report_progress(watch->context->report, &progress);
}

/* True if it is time to look; false if the statement has ended. */
static bool
wait_until_due(Watch *watch, gint64 ms)
{
    const gint64 until = g_get_monotonic_time() + ms * 1000;
    bool is_over;

    g_mutex_lock(&watch->mutex);
    while (!watch->is_over && g_cond_wait_until(&watch->wake, &watch->mutex, until))
        ;
    is_over = watch->is_over;
    g_mutex_unlock(&watch->mutex);
    return !is_over;
}

static void
cancel_if_asked(Watch *watch)
{
    if (!stop_requested() || watch->has_cancelled)
        return;
    watch->has_cancelled = true;
    pg_cancel(watch->context->conn);
}

static gpointer
watch_loop(gpointer data)
{
    Watch *watch = data;
    const PgConnOptions options = {.purpose = "watch",
                                   .allow_pooler = true,
                                   .schema = watch->context->settings->database_schema};
    g_autoptr(PgConn) conn = NULL;

    for (gint64 ms = FIRST_MS; wait_until_due(watch, ms); ms = EVERY_MS) {
        const char *url = settings_require_database(watch->context->settings, NULL);

        cancel_if_asked(watch);
        if (conn == NULL && url != NULL)
            conn = pg_connect(url, &options, NULL);
        if (conn != NULL)
            look_once(watch, conn);
    }
    return NULL;
}

Watch *
watch_start(const ApplyContext *context, const char *what)
{
    Watch *watch = g_new0(Watch, 1);

    watch->context = context;
    watch->what = g_strdup(what);
    g_mutex_init(&watch->mutex);
    g_cond_init(&watch->wake);
    watch->thread = g_thread_new("watch", watch_loop, watch);
    return watch;
}

void
watch_stop(Watch *watch)
{
    if (watch == NULL)
        return;
    g_mutex_lock(&watch->mutex);
    watch->is_over = true;
    g_cond_signal(&watch->wake);
    g_mutex_unlock(&watch->mutex);
    g_thread_join(watch->thread);
    g_mutex_clear(&watch->mutex);
    g_cond_clear(&watch->wake);
    g_free(watch->phase);
    g_free(watch->what);
    g_free(watch);
}
