/* The time of day, by the server's clock and its tz database: one clock for all processes. */

#include "conf/window.h"

#include "base/text.h"
#include "signals/signal.h"

enum { EVERY_MS = 1000 };

static bool
is_limited(const Settings *settings)
{
    return settings->backfill_window != NULL;
}

static bool
measure(Signals *signals, const SignalSubject *subject G_GNUC_UNUSED, SignalReading *reading,
        GError **error)
{
    g_auto(Window) window = {0};
    g_autoptr(PgRows) rows = NULL;
    g_autofree char *left = NULL;

    if (!window_parse(signals->settings->backfill_window, &window, error))
        return false;
    rows = pg_query(signals->conn, error,
                    "SELECT extract(epoch FROM t::time)::int, to_char(t, 'HH24:MI') "
                    "FROM (SELECT clock_timestamp() AT TIME ZONE $1) AS now(t)",
                    window.zone);
    if (rows == NULL)
        return false;
    reading->unit = SIGNAL_MS;
    reading->value = 1000.0 * window_opens_in_s(&window, (int) pg_integer(rows, 0, 0));
    left = text_format_duration_ms((gint64) reading->value);
    reading->text =
        g_strdup_printf("window %s opens in %s (it is %s in %s)",
                        signals->settings->backfill_window, left, pg_text(rows, 0, 1), window.zone);
    return true;
}

const SignalKind signal_window = {
    .key = "window",
    .name = "window",
    .every_ms = EVERY_MS,
    .asked = true,
    .is_limited = is_limited,
    .measure = measure,
};
