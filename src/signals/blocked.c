/* Sessions that wait for one of ours. A row of a part is locked for about the target time, so a
 * wait shorter than that is no sign of anything. */

#include "base/text.h"
#include "signals/signal.h"

static char *
array_of_pids(GArray *pids)
{
    GString *text = g_string_new("{");

    for (guint i = 0; i < pids->len; i++)
        g_string_append_printf(text, "%s%d", i ? "," : "", g_array_index(pids, int, i));
    g_string_append_c(text, '}');
    return g_string_free(text, FALSE);
}

bool
signal_blocked(Signals *signals, GArray *our_pids, SignalReading *reading, GError **error)
{
    const gint64 patience_ms = 2 * signals->settings->backfill_target_ms;
    g_autofree char *pids = array_of_pids(our_pids);
    g_autofree char *patience = g_strdup_printf("%" G_GINT64_FORMAT " ms", patience_ms);
    g_autofree char *patience_text = text_format_duration_ms(patience_ms);
    /* pg_blocking_pids takes all lock partitions at once: only of those who do wait. */
    g_autoptr(PgRows) rows = pg_query(signals->conn, error,
                                      "SELECT count(DISTINCT w.pid), min(w.pid) FROM pg_locks w "
                                      "WHERE NOT w.granted AND w.pid <> ALL ($1::int[]) "
                                      "  AND w.waitstart < clock_timestamp() - $2::interval "
                                      "  AND pg_blocking_pids(w.pid) && $1::int[]",
                                      pids, patience);

    if (rows == NULL)
        return false;
    reading->name = "blocked sessions";
    reading->value = pg_double(rows, 0, 0);
    reading->limit = signals->settings->backfill_max_blocked;
    if (reading->value > reading->limit)
        reading->text = g_strdup_printf(
            "%" G_GINT64_FORMAT
            " sessions blocked by the backfill for over %s > %d (pid %" G_GINT64_FORMAT ")",
            pg_integer(rows, 0, 0), patience_text, signals->settings->backfill_max_blocked,
            pg_integer(rows, 0, 1));
    return true;
}
