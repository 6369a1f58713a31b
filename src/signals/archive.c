/* WAL segments that are ready and not archived yet, where the server archives at all. They are
 * counted as the server keeps them: pg_stat_archiver is empty after a restart or a promotion. */

#include "signals/signal.h"

enum { EVERY_MS = 2000 };

static bool
is_limited(const Settings *settings)
{
    return settings->backfill_max_archive_backlog > 0;
}

static bool
measure(Signals *signals, const SignalSubject *subject G_GNUC_UNUSED, SignalReading *reading,
        GError **error)
{
    g_autoptr(PgRows) rows = pg_query(
        signals->conn, error,
        "SELECT CASE WHEN current_setting('archive_mode') <> 'off' THEN "
        "    (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready') END, "
        "    (SELECT 'archiving of ' || last_failed_wal || ' failed at ' || last_failed_time "
        "     FROM pg_stat_archiver "
        "     WHERE last_failed_time > coalesce(last_archived_time, '-infinity'))");

    if (rows == NULL)
        return false;
    reading->unit = SIGNAL_COUNT;
    reading->value = pg_double(rows, 0, 0);
    reading->limit = signals->settings->backfill_max_archive_backlog;
    reading->holder = signal_text(rows, 1);
    return true;
}

const SignalKind signal_archive = {
    .key = "archive",
    .name = "WAL segments not archived",
    .every_ms = EVERY_MS,
    .role = "pg_monitor",
    .is_limited = is_limited,
    .measure = measure,
};
