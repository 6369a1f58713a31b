/* How far behind the replicas are, in bytes and in time.
 *
 * pg_stat_replication.replay_lag stays at its old value while a standby is stuck, so the time is
 * measured here: a standby that has not replayed what was written at t is now() - t behind. A
 * standby that is gone has no row; if it has a slot, the slot tells what it lacks. */

#include "base/error.h"
#include "base/text.h"
#include "signals/signal.h"

static bool
check_rights(Signals *signals, GError **error)
{
    g_autoptr(PgRows) rows =
        pg_query(signals->conn, error,
                 "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'), current_user");
    g_autofree char *role = NULL;

    if (rows == NULL)
        return false;
    if (pg_bool(rows, 0, 0))
        return true;
    role = pg_quote_identifier(pg_text(rows, 0, 1));
    error_set(error, ERROR_STATE, "replica lag cannot be measured: role %s may not see replication",
              role);
    return error_hint(error, "GRANT pg_monitor TO %s, or set backfill.require_replica_lag: no.",
                      role);
}

static void
remember(Signals *signals, gint64 now_ms, gint64 written)
{
    const gint64 horizon_ms = now_ms - 2 * signals->settings->backfill_max_lag_ms;
    const WalMark mark = {.at_ms = now_ms, .written = written};
    guint stale = 0;

    /* One mark from before the horizon stays: it tells that something is at least that late. */
    while (stale + 1 < signals->marks->len &&
           g_array_index(signals->marks, WalMark, stale + 1).at_ms < horizon_ms)
        stale++;
    if (stale > 0)
        g_array_remove_range(signals->marks, 0, stale);
    g_array_append_val(signals->marks, mark);
}

/* How long ago the first WAL was written that is not replayed at @replayed. */
static gint64
time_behind(const Signals *signals, gint64 now_ms, gint64 replayed)
{
    for (guint i = 0; i < signals->marks->len; i++) {
        const WalMark *mark = &g_array_index(signals->marks, WalMark, i);

        if (mark->written > replayed)
            return now_ms - mark->at_ms;
    }
    return 0;
}

static void
judge(Signals *signals, gint64 now_ms, const PgRows *rows, int row, SignalReading *worst)
{
    const Settings *settings = signals->settings;
    const gint64 bytes = pg_integer(rows, row, 0) - pg_integer(rows, row, 1);
    const gint64 ms = time_behind(signals, now_ms, pg_integer(rows, row, 1));
    const double size_share = settings->backfill_max_lag_bytes > 0
                                  ? (double) bytes / (double) settings->backfill_max_lag_bytes
                                  : 0;
    const double time_share = (double) ms / (double) settings->backfill_max_lag_ms;
    const double share = MAX(size_share, time_share);

    if (share <= 1 || share <= worst->value)
        return;
    g_free(worst->text);
    worst->value = share;
    if (size_share > time_share) {
        g_autofree char *value = text_format_size(bytes);
        g_autofree char *limit = text_format_size(settings->backfill_max_lag_bytes);

        worst->text =
            g_strdup_printf("replica lag %s > %s (%s)", value, limit, pg_text(rows, row, 2));
    } else {
        g_autofree char *value = text_format_duration_ms(ms);
        g_autofree char *limit = text_format_duration_ms(settings->backfill_max_lag_ms);

        worst->text =
            g_strdup_printf("replica lag %s > %s (%s)", value, limit, pg_text(rows, row, 2));
    }
}

bool
signal_replica_lag(Signals *signals, GArray *our_pids G_GNUC_UNUSED, SignalReading *reading,
                   GError **error)
{
    const gint64 now_ms = clock_now_ms(signals->clock);
    g_autoptr(PgRows) rows = NULL;

    reading->name = "replica lag";
    reading->limit = 1;
    if (signals->settings->backfill_max_lag_ms <= 0)
        return true;
    if (signals->settings->backfill_require_replica_lag && !check_rights(signals, error))
        return false;
    rows = pg_query(
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
    remember(signals, now_ms, pg_integer(rows, 0, 0));
    for (int i = 0; i < pg_rows_count(rows); i++)
        if (!pg_is_null(rows, i, 1))
            judge(signals, now_ms, rows, i, reading);
    return true;
}
