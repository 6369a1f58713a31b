/* Checkpoints that were forced (by WAL, for max_wal_size is small, or by a command) and did not
 * come with the clock: each makes every page's next change a full page of WAL. */

#include "signals/signal.h"

enum { EVERY_MS = 2000, SPAN_MS = 5 * 60 * 1000, VERSION_OWN_VIEW = 170000 };

static bool
is_limited(const Settings *settings)
{
    return settings->backfill_max_checkpoints > 0;
}

static bool
measure(Signals *signals, const SignalSubject *subject G_GNUC_UNUSED, SignalReading *reading,
        GError **error)
{
    const gint64 now_ms = clock_now_ms(signals->clock);
    const char *sql = pg_server_version(signals->conn) >= VERSION_OWN_VIEW
                          ? "SELECT num_requested FROM pg_stat_checkpointer"
                          : "SELECT checkpoints_req FROM pg_stat_bgwriter";
    g_autoptr(PgRows) rows = pg_query(signals->conn, error, sql);
    gint64 seen_ms = 0;

    if (rows == NULL)
        return false;
    series_add(signals->checkpoints, now_ms, pg_integer(rows, 0, 0), SPAN_MS);
    reading->unit = SIGNAL_COUNT;
    reading->value = (double) series_growth(signals->checkpoints, now_ms, SPAN_MS, &seen_ms);
    reading->limit = signals->settings->backfill_max_checkpoints;
    return true;
}

const SignalKind signal_checkpoints = {
    .key = "checkpoints",
    .name = "forced checkpoints in 5 minutes",
    .every_ms = EVERY_MS,
    .is_limited = is_limited,
    .measure = measure,
};
