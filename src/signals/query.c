/* A query of the user's own: its first value, above a limit. It runs read-only and with a deadline.
 * No row, or NULL, is no answer. */

#include "base/error.h"
#include "signals/signal.h"

enum { EVERY_MS = 1000 };

static bool
is_limited(const Settings *settings)
{
    return settings->backfill_signal_query != NULL;
}

static bool
ask(Signals *signals, PgRows **ret_rows, GError **error)
{
    if (!pg_exec_script(signals->conn, "BEGIN READ ONLY; SET LOCAL statement_timeout = '5s'",
                        error))
        return false;
    *ret_rows = pg_query(signals->conn, error, signals->settings->backfill_signal_query);
    pg_rollback(signals->conn);
    return *ret_rows != NULL;
}

static double
to_number(const char *text)
{
    return g_str_equal(text, "t") ? 1 : g_str_equal(text, "f") ? 0 : g_ascii_strtod(text, NULL);
}

static bool
measure(Signals *signals, const SignalSubject *subject G_GNUC_UNUSED, SignalReading *reading,
        GError **error)
{
    g_autoptr(PgRows) rows = NULL;

    if (!ask(signals, &rows, error))
        return false;
    if (pg_rows_count(rows) == 0 || pg_is_null(rows, 0, 0))
        return error_set(error, ERROR_STATE, "backfill.signal_query gave no value");
    reading->unit = SIGNAL_COUNT;
    reading->value = to_number(pg_text(rows, 0, 0));
    reading->limit = signals->settings->backfill_signal_limit;
    reading->holder = pg_columns_count(rows) > 1 ? signal_text(rows, 1) : NULL;
    return true;
}

const SignalKind signal_query = {
    .key = "query",
    .name = "backfill.signal_query",
    .every_ms = EVERY_MS,
    .asked = true,
    .is_limited = is_limited,
    .measure = measure,
};
