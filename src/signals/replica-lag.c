/* How far behind the replicas are, in bytes and in time.
 *
 * pg_stat_replication.replay_lag stays at its old value while a standby is stuck, so the time is
 * measured here: a standby that has not replayed what was written at t is now() - t behind. A
 * standby that is gone has no row; if it has a slot, the slot tells what it lacks. */

#include "signals/signal.h"

static bool
is_limited(const Settings *settings)
{
    return settings->backfill_max_lag_ms > 0 || settings->backfill_max_lag_bytes > 0;
}

/* The nearer of the two limits is the reading. */
static void
judge(Signals *signals, const PgRows *rows, int row, SignalReading *worst)
{
    const Settings *settings = signals->settings;
    const gint64 replayed = pg_integer(rows, row, 1);
    const double behind[] = {
        (double) (pg_integer(rows, row, 0) - replayed),
        (double) series_age_ms(signals->written, clock_now_ms(signals->clock), replayed, NULL),
    };
    const double limits[] = {(double) settings->backfill_max_lag_bytes,
                             (double) settings->backfill_max_lag_ms};

    for (int i = 0; i < 2; i++) {
        if (limits[i] <= 0 ||
            (worst->limit > 0 && behind[i] / limits[i] <= worst->value / worst->limit))
            continue;
        worst->unit = i == 0 ? SIGNAL_BYTES : SIGNAL_MS;
        worst->value = behind[i];
        worst->limit = limits[i];
        g_free(worst->holder);
        worst->holder = g_strdup(pg_text(rows, row, 2));
    }
}

static bool
measure(Signals *signals, const SignalSubject *subject G_GNUC_UNUSED, SignalReading *reading,
        GError **error)
{
    const gint64 now_ms = clock_now_ms(signals->clock);
    g_autoptr(PgRows) rows = pg_query(
        signals->conn, error,
        "WITH written AS (SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS bytes) "
        "SELECT w.bytes, r.bytes, r.name FROM written w LEFT JOIN ("
        "    SELECT pg_wal_lsn_diff(replay_lsn, '0/0')::bigint AS bytes, "
        "           'replica ' || coalesce(nullif(application_name, ''), host(client_addr), 'pid ' "
        "|| pid) "
        "               AS name "
        "    FROM pg_stat_replication WHERE state IN ('streaming', 'catchup') "
        "    UNION ALL "
        "    SELECT pg_wal_lsn_diff(restart_lsn, '0/0')::bigint, 'slot ' || slot_name || ', not "
        "connected' "
        "    FROM pg_replication_slots WHERE slot_type = 'physical' AND NOT active) r "
        "  ON r.bytes IS NOT NULL");

    if (rows == NULL)
        return false;
    series_add(signals->written, now_ms, pg_integer(rows, 0, 0),
               2 * signals->settings->backfill_max_lag_ms);
    for (int i = 0; i < pg_rows_count(rows); i++)
        if (!pg_is_null(rows, i, 1))
            judge(signals, rows, i, reading);
    return true;
}

const SignalKind signal_replica_lag = {
    .key = "replica_lag",
    .name = "replica lag",
    .role = "pg_read_all_stats",
    .is_limited = is_limited,
    .measure = measure,
};
