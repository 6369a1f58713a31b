#include "ledger/throttles.h"

void
ledger_throttle_free(LedgerThrottle *throttle)
{
    if (throttle == NULL)
        return;
    g_free(throttle->signal);
    g_free(throttle->cause);
    g_free(throttle->holder);
    g_free(throttle->last_at);
    g_free(throttle);
}

static char *
number(gint64 value)
{
    return g_strdup_printf("%" G_GINT64_FORMAT, value);
}

GPtrArray *
ledger_load_throttles(PgConn *conn, gint64 backfill, GError **error)
{
    g_autofree char *id = number(backfill);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT signal, stops, held_ms, cause, value, \"limit\", holder, last_at "
                 "FROM sluice.throttle WHERE backfill = $1 ORDER BY held_ms DESC, signal",
                 id);
    GPtrArray *list = NULL;

    if (rows == NULL)
        return NULL;
    list = g_ptr_array_new_with_free_func((GDestroyNotify) ledger_throttle_free);
    for (int i = 0; i < pg_rows_count(rows); i++) {
        LedgerThrottle *throttle = g_new0(LedgerThrottle, 1);

        throttle->signal = g_strdup(pg_text(rows, i, 0));
        throttle->stops = pg_integer(rows, i, 1);
        throttle->held_ms = pg_integer(rows, i, 2);
        throttle->cause = g_strdup(pg_text(rows, i, 3));
        throttle->value = pg_double(rows, i, 4);
        throttle->limit = pg_double(rows, i, 5);
        throttle->holder = pg_is_null(rows, i, 6) ? NULL : g_strdup(pg_text(rows, i, 6));
        throttle->last_at = g_strdup(pg_text(rows, i, 7));
        g_ptr_array_add(list, throttle);
    }
    return list;
}

bool
ledger_begin_throttle(PgConn *conn, gint64 backfill, const LedgerThrottle *throttle, GError **error)
{
    g_autofree char *id = number(backfill);
    char value[G_ASCII_DTOSTR_BUF_SIZE], limit[G_ASCII_DTOSTR_BUF_SIZE];

    g_ascii_dtostr(value, sizeof(value), throttle->value);
    g_ascii_dtostr(limit, sizeof(limit), throttle->limit);
    return pg_exec(conn, error,
                   "WITH held AS (UPDATE sluice.backfill SET throttle = $3 WHERE id = $1 "
                   "    RETURNING id) "
                   "INSERT INTO sluice.throttle AS t "
                   "    (backfill, signal, stops, cause, value, \"limit\", holder) "
                   "SELECT id, $2, 1, $3, $4, $5, $6 FROM held "
                   "ON CONFLICT (backfill, signal) DO UPDATE SET stops = t.stops + 1, "
                   "    cause = excluded.cause, value = excluded.value, "
                   "    \"limit\" = excluded.\"limit\", holder = excluded.holder, "
                   "    last_at = excluded.last_at",
                   id, throttle->signal, throttle->cause, value, limit, throttle->holder);
}

bool
ledger_add_throttle(PgConn *conn, gint64 backfill, const char *signal, const char *text,
                    gint64 add_ms, GError **error)
{
    g_autofree char *id = number(backfill);
    g_autofree char *more = number(add_ms);

    return pg_exec(conn, error,
                   "WITH sum AS (UPDATE sluice.backfill SET throttled_ms = throttled_ms + $3, "
                   "        throttle = $4 WHERE id = $1) "
                   "UPDATE sluice.throttle SET held_ms = held_ms + $3, "
                   "    last_at = clock_timestamp() WHERE backfill = $1 AND signal = $2",
                   id, signal, more, text);
}

bool
ledger_end_throttle(PgConn *conn, gint64 backfill, GError **error)
{
    g_autofree char *id = number(backfill);

    return pg_exec(conn, error, "UPDATE sluice.backfill SET throttle = NULL WHERE id = $1", id);
}
