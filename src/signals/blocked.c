/* Sessions that wait for one of ours. A row of a part is locked for about the target time, so a
 * wait shorter than two of them is no sign of anything. */

#include "base/text.h"
#include "signals/signal.h"

static char *
array_of_pids(const GArray *pids)
{
    GString *text = g_string_new("{");

    for (guint i = 0; i < pids->len; i++)
        g_string_append_printf(text, "%s%d", i ? "," : "", g_array_index(pids, int, i));
    g_string_append_c(text, '}');
    return g_string_free(text, FALSE);
}

/* Any number of them is limited; more than fit on a machine is no limit. */
static bool
is_limited(const Settings *settings G_GNUC_UNUSED)
{
    return true;
}

static bool
measure(Signals *signals, const SignalSubject *subject, SignalReading *reading, GError **error)
{
    const gint64 patience_ms = 2 * signals->settings->backfill_target_ms;
    g_autofree char *pids = array_of_pids(subject->pids);
    g_autofree char *patience = g_strdup_printf("%" G_GINT64_FORMAT " ms", patience_ms);
    g_autofree char *patience_text = text_format_duration_ms(patience_ms);
    /* pg_blocking_pids takes all lock partitions at once: only of those who do wait. */
    g_autoptr(PgRows) rows =
        pg_query(signals->conn, error,
                 "SELECT count(DISTINCT w.pid), min(" SIGNAL_SESSION(
                     "a") ") FROM pg_locks w "
                          "LEFT JOIN pg_stat_activity a ON a.pid = w.pid "
                          "WHERE NOT w.granted AND w.pid <> ALL ($1::int[]) "
                          "  AND w.waitstart < clock_timestamp() - $2::interval "
                          "  AND pg_blocking_pids(w.pid) && $1::int[]",
                 pids, patience);

    if (rows == NULL)
        return false;
    reading->unit = SIGNAL_COUNT;
    reading->value = pg_double(rows, 0, 0);
    reading->limit = signals->settings->backfill_max_blocked;
    if (reading->value > 0)
        reading->holder = g_strdup_printf("%s for over %s", pg_text(rows, 0, 1), patience_text);
    return true;
}

const SignalKind signal_blocked = {
    .key = "blocked",
    .name = "sessions blocked by the backfill",
    .is_limited = is_limited,
    .measure = measure,
};
