/* Sessions of others that run a query now. */

#include "signals/signal.h"

static bool
is_limited(const Settings *settings)
{
    return settings->backfill_max_active_sessions > 0;
}

static bool
measure(Signals *signals, const SignalSubject *subject G_GNUC_UNUSED, SignalReading *reading,
        GError **error)
{
    g_autoptr(PgRows) rows =
        pg_query(signals->conn, error,
                 "SELECT count(*) FROM pg_stat_activity "
                 "WHERE state = 'active' AND backend_type = 'client backend' "
                 "  AND pid <> pg_backend_pid() AND application_name NOT LIKE 'sluice/%'");

    if (rows == NULL)
        return false;
    reading->unit = SIGNAL_COUNT;
    reading->value = pg_double(rows, 0, 0);
    reading->limit = signals->settings->backfill_max_active_sessions;
    return true;
}

const SignalKind signal_sessions = {
    .key = "sessions",
    .name = "active sessions",
    .role = "pg_read_all_stats",
    .is_limited = is_limited,
    .measure = measure,
};
