/* Dead rows of the table, while a vacuum of it is at work, or due: it would not catch up with us.
 * Where none will come they are no reason to wait. */

#include "signals/signal.h"

enum { EVERY_MS = 1000 };

static bool
is_limited(const Settings *settings)
{
    return settings->backfill_max_dead_rows > 0;
}

static bool
measure(Signals *signals, const SignalSubject *subject, SignalReading *reading, GError **error)
{
    g_autofree char *table = g_strdup_printf("%u", subject->table);
    g_autoptr(PgRows) rows = pg_query(
        signals->conn, error,
        "WITH option AS ("
        "    SELECT coalesce((SELECT option_value FROM pg_options_to_table(c.reloptions) "
        "                     WHERE option_name = d.name), current_setting(d.name)) AS value, "
        "           d.name, c.reltuples "
        "    FROM pg_class c, (VALUES ('autovacuum'), ('autovacuum_vacuum_threshold'), "
        "        ('autovacuum_vacuum_scale_factor')) AS d(name) WHERE c.oid = $1::oid), "
        "due AS ("
        "    SELECT bool_and(value::bool) FILTER (WHERE name = 'autovacuum') "
        "       AND pg_stat_get_dead_tuples($1::oid) > "
        "           sum(value::float8) FILTER (WHERE name LIKE '%threshold') "
        "           + sum(value::float8 * greatest(reltuples, 0)) FILTER (WHERE name LIKE "
        "'%factor') "
        "       AND NOT EXISTS (SELECT FROM pg_class c, pg_options_to_table(c.reloptions) "
        "           WHERE c.oid = $1::oid AND option_name = 'autovacuum_enabled' "
        "             AND NOT option_value::bool) AS soon "
        "    FROM option), "
        "work AS ("
        "    SELECT 'vacuum by pid ' || pid || ', ' || phase AS name "
        "    FROM pg_stat_progress_vacuum WHERE relid = $1::oid LIMIT 1) "
        "SELECT pg_stat_get_dead_tuples($1::oid)::float8 / greatest(1, "
        "           pg_stat_get_dead_tuples($1::oid) + pg_stat_get_live_tuples($1::oid)), "
        "       coalesce((SELECT name FROM work), (SELECT 'vacuum is due' FROM due WHERE soon))",
        table);

    if (rows == NULL)
        return false;
    reading->unit = SIGNAL_SHARE;
    reading->limit = signals->settings->backfill_max_dead_rows;
    reading->holder = signal_text(rows, 1);
    reading->value = reading->holder ? pg_double(rows, 0, 0) : 0;
    return true;
}

const SignalKind signal_dead_rows = {
    .key = "dead_rows",
    .name = "dead rows",
    .every_ms = EVERY_MS,
    .role = "pg_read_all_stats",
    .is_limited = is_limited,
    .measure = measure,
};
