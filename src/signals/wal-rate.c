/* How much WAL the whole server writes, over the last seconds: while it is held, a backfill adds
 * none, so it is let go on in turns, about as often as the limit allows. */

#include "signals/signal.h"

enum { SPAN_MS = 3000, LEAST_MS = 500 };

static bool
is_limited(const Settings *settings)
{
    return settings->backfill_max_wal_rate > 0;
}

static bool
measure(Signals *signals, const SignalSubject *subject G_GNUC_UNUSED, SignalReading *reading,
        GError **error)
{
    const gint64 now_ms = clock_now_ms(signals->clock);
    g_autoptr(PgRows) rows = pg_query(
        signals->conn, error, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint");
    gint64 bytes = 0, ms = 0;

    if (rows == NULL)
        return false;
    series_add(signals->rate, now_ms, pg_integer(rows, 0, 0), SPAN_MS);
    bytes = series_growth(signals->rate, now_ms, SPAN_MS, &ms);
    reading->unit = SIGNAL_RATE;
    reading->value = ms >= LEAST_MS ? 1000.0 * (double) bytes / (double) ms : 0;
    reading->limit = (double) signals->settings->backfill_max_wal_rate;
    return true;
}

const SignalKind signal_wal_rate = {
    .key = "wal_rate",
    .name = "WAL written",
    .is_limited = is_limited,
    .measure = measure,
};
