#include "pg/lock.h"

#include <string.h>

#include "base/error.h"
#include "base/stop.h"
#include "pg/session.h"

enum { POLL_MS = 100 };

gint64
pg_lock_key(PgLockClass class, gint64 a, gint64 b)
{
    return (gint64) (((guint64) 0x51CE << 48) | ((guint64) class << 40) |
                     (((guint64) a & 0xFF) << 32) | ((guint64) b & 0xFFFFFFFF));
}

gint64
pg_migrator_key(const PgConn *conn)
{
    const char *schema = pg_schema(conn);

    return pg_lock_key(PG_LOCK_MIGRATOR, 0, schema ? g_str_hash(schema) : 0);
}

static bool
try_lock(PgConn *conn, const char *sql, gint64 key, bool *ret_got, GError **error)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, key);
    g_autoptr(PgRows) rows =
        pg_check_deferred(conn, error) ? pg_query(conn, error, sql, text) : NULL;

    if (rows == NULL)
        return false;
    *ret_got = pg_bool(rows, 0, 0);
    return true;
}

bool
pg_try_lock(PgConn *conn, gint64 key, bool *ret_got, GError **error)
{
    return try_lock(conn, "SELECT pg_try_advisory_lock($1)", key, ret_got, error);
}

bool
pg_try_transaction_lock(PgConn *conn, gint64 key, bool *ret_got, GError **error)
{
    return try_lock(conn, "SELECT pg_try_advisory_xact_lock($1)", key, ret_got, error);
}

bool
pg_unlock(PgConn *conn, gint64 key, GError **error)
{
    bool held = false;

    return try_lock(conn, "SELECT pg_advisory_unlock($1)", key, &held, error);
}

char *
pg_lock_holder(PgConn *conn, gint64 key)
{
    g_autofree char *high = g_strdup_printf("%u", (guint32) ((guint64) key >> 32));
    g_autofree char *low = g_strdup_printf("%u", (guint32) key);
    g_autoptr(PgRows) rows = pg_query(
        conn, NULL,
        "SELECT coalesce(nullif(a.application_name, ''), 'a session') || ' on ' "
        "    || coalesce(host(a.client_addr), 'this host') || ', pid ' || a.pid "
        "    || ', since ' || to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS') "
        "FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
        "  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "  AND l.classid = $1::oid AND l.objid = $2::oid",
        high, low);

    return rows && pg_rows_count(rows) > 0 ? g_strdup(pg_text(rows, 0, 0)) : NULL;
}

bool
pg_poll_lock(PgConn *conn, gint64 key, const Clock *clock, gint64 timeout_ms,
             void (*on_wait)(void *data, const char *holder), void *data, GError **error)
{
    const gint64 deadline = clock_now_ms(clock) + timeout_ms;
    g_autofree char *said = NULL;

    for (;;) {
        bool got = false;
        g_autofree char *holder = NULL;

        if (!pg_try_lock(conn, key, &got, error))
            return false;
        if (got)
            return true;
        holder = pg_lock_holder(conn, key);
        if (holder && on_wait && g_strcmp0(holder, said) != 0) {
            on_wait(data, holder);
            g_free(said);
            said = g_strdup(holder);
        }
        if (clock_now_ms(clock) >= deadline) {
            error_set(error, ERROR_OWNER, "another sluice is at work: %s",
                      holder ? holder : "it has just ended");
            return error_hint(error, "Wait until it has finished, then run the command again.");
        }
        if (!stop_check(error))
            return false;
        clock_sleep_ms(clock, clock_jitter_ms(clock, POLL_MS));
    }
}
