/* WAL that replication slots keep: what nobody consumes fills the server's disk. Where the server
 * gives up slots at a size (max_slot_wal_keep_size), its limit counts too, a fifth before it. */

#include "signals/signal.h"

enum { EVERY_MS = 1000 };

static bool
is_limited(const Settings *settings)
{
    return settings->backfill_max_slot_wal > 0;
}

static bool
measure(Signals *signals, const SignalSubject *subject G_GNUC_UNUSED, SignalReading *reading,
        GError **error)
{
    g_autofree char *limit =
        g_strdup_printf("%" G_GINT64_FORMAT, signals->settings->backfill_max_slot_wal);
    g_autoptr(PgRows) rows = pg_query(
        signals->conn, error,
        "SELECT s.kept, l.bytes, concat('slot ', slot_name, CASE WHEN active THEN ', pid ' || "
        "           active_pid ELSE ', not connected' END) "
        "FROM pg_replication_slots, "
        "    LATERAL (SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) AS kept) s, "
        "    LATERAL (SELECT least($1::numeric, CASE WHEN safe_wal_size IS NOT NULL THEN 0.8 * "
        "             (s.kept + greatest(safe_wal_size, 0)) END) AS bytes) l "
        "WHERE restart_lsn IS NOT NULL AND wal_status <> 'lost' "
        "ORDER BY s.kept / l.bytes DESC NULLS LAST LIMIT 1",
        limit);

    if (rows == NULL)
        return false;
    reading->unit = SIGNAL_BYTES;
    reading->limit = (double) signals->settings->backfill_max_slot_wal;
    if (pg_rows_count(rows) == 0)
        return true;
    reading->value = pg_double(rows, 0, 0);
    reading->limit = pg_double(rows, 0, 1);
    reading->holder = signal_text(rows, 2);
    return true;
}

const SignalKind signal_slots = {
    .key = "slots",
    .name = "WAL kept by a slot",
    .every_ms = EVERY_MS,
    .is_limited = is_limited,
    .measure = measure,
};
