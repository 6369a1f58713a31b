/* The oldest snapshot that keeps dead rows from being pruned, and who holds it: a transaction, a
 * prepared one, a replication slot, a standby that tells of its queries.
 *
 * Its age is measured in the transaction ids that were given since: a long transaction of many
 * statements is none, if each took a new snapshot. What was there before the first look is as old
 * as its transaction says, or else as our own looks tell. A vacuum holds nothing back. Whoever has
 * the oldest id himself is the holder; others were only begun meanwhile. */

#include "signals/signal.h"

enum { EVERY_MS = 1000 };

static bool
is_limited(const Settings *settings)
{
    return settings->backfill_max_xmin_age_ms > 0;
}

static PgRows *
load_oldest(Signals *signals, GError **error)
{
    return pg_query(
        signals->conn, error,
        "WITH holder AS ("
        "    SELECT greatest(age(a.backend_xid), age(a.backend_xmin)) AS behind, "
        "           age(a.backend_xid) AS own, "
        "           extract(epoch FROM clock_timestamp() - a.xact_start) * 1000 AS age_ms, "
        "           CASE WHEN a.backend_type = 'walsender' THEN "
        "               concat('standby ', a.application_name, ' with hot_standby_feedback') "
        "           ELSE concat(" SIGNAL_SESSION(
            "a") ", ', ' || a.state) END AS name "
                 "    FROM pg_stat_activity a "
                 "    WHERE (a.datid IS NULL "
                 "           OR a.datid = (SELECT oid FROM pg_database WHERE datname = "
                 "current_database())) "
                 "      AND (a.backend_xid IS NOT NULL OR a.backend_xmin IS NOT NULL) "
                 "      AND a.pid <> pg_backend_pid() AND a.application_name <> 'sluice/backfill' "
                 "      AND a.backend_type <> 'parallel worker' "
                 "      AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum v WHERE v.pid = a.pid) "
                 "    UNION ALL "
                 "    SELECT age(transaction), age(transaction), "
                 "           extract(epoch FROM clock_timestamp() - prepared) * 1000, "
                 "           concat('prepared transaction ', quote_literal(gid), ' (', owner, ')') "
                 "    FROM pg_prepared_xacts WHERE database = current_database() "
                 "    UNION ALL "
                 "    SELECT age(xmin), NULL, NULL, concat('slot ', slot_name, "
                 "           CASE WHEN active THEN '' ELSE ', not connected' END) "
                 "    FROM pg_replication_slots WHERE xmin IS NOT NULL) "
                 "SELECT n.next, n.next - h.behind, h.age_ms, h.name "
                 "FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next) n "
                 "LEFT JOIN holder h ON true "
                 "ORDER BY h.behind DESC NULLS LAST, h.own IS NOT DISTINCT FROM h.behind DESC, "
                 "         h.age_ms DESC NULLS LAST LIMIT 1");
}

static bool
measure(Signals *signals, const SignalSubject *subject, SignalReading *reading, GError **error)
{
    const gint64 limit_ms = signals->settings->backfill_max_xmin_age_ms;
    const gint64 now_ms = clock_now_ms(signals->clock);
    g_autoptr(PgRows) rows = NULL;
    bool before = false;

    reading->unit = SIGNAL_MS;
    reading->limit = (double) limit_ms;
    if (!subject->prunes)
        return true;
    rows = load_oldest(signals, error);
    if (rows == NULL)
        return false;
    series_add(signals->xids, now_ms, pg_integer(rows, 0, 0), 2 * limit_ms);
    if (pg_is_null(rows, 0, 1))
        return true;
    reading->value = (double) series_age_ms(signals->xids, now_ms, pg_integer(rows, 0, 1), &before);
    if (before)
        reading->value = MAX(reading->value, pg_double(rows, 0, 2));
    reading->holder = signal_text(rows, 3);
    return true;
}

const SignalKind signal_xmin = {
    .key = "xmin",
    .name = "oldest snapshot",
    .every_ms = EVERY_MS,
    .role = "pg_read_all_stats",
    .is_limited = is_limited,
    .measure = measure,
};
