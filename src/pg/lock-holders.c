#include "base/error.h"
#include "pg/lock.h"

static const char *const class_names[] = {
    [PG_LOCK_MIGRATOR] = "migrator",    [PG_LOCK_LEDGER] = "ledger",
    [PG_LOCK_ROLLOUT] = "rollout",      [PG_LOCK_BACKFILL] = "backfill",
    [PG_LOCK_RANGE] = "backfill range",
};

/* A key is 0x51CE, the class, 8 bits and 32 bits: pg_lock_key. Those 8 bits are the low ones of a
 * backfill's id where the lock is of a range. */
#define HOLDERS                                                                                    \
    "SELECT (l.classid::bigint >> 8) & 255 AS class, "                                             \
    "       CASE WHEN (l.classid::bigint >> 8) & 255 IN (1, 3, 4) THEN l.objid::bigint "           \
    "            ELSE l.classid::bigint & 255 END AS number, "                                     \
    "       a.pid, coalesce(a.application_name, ''), coalesce(a.usename, ''), "                    \
    "       coalesce(host(a.client_addr), 'this host'), "                                          \
    "       to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), "       \
    "       coalesce(a.state, ''), coalesce(a.query, '') "                                         \
    "FROM pg_locks l JOIN pg_stat_activity a USING (pid) "                                         \
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "                              \
    "  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "         \
    "  AND l.classid::bigint >> 16 = 20942 AND (l.classid::bigint >> 8) & 255 BETWEEN 1 AND 5 "

const char *
pg_lock_class_name(PgLockClass class)
{
    return class_names[class];
}

void
pg_lock_holder_free(PgLockHolder *holder)
{
    g_free(holder->application);
    g_free(holder->role);
    g_free(holder->host);
    g_free(holder->since);
    g_free(holder->state);
    g_free(holder->query);
    g_free(holder);
}

static PgLockHolder *
holder_of(const PgRows *rows, int i)
{
    PgLockHolder *holder = g_new0(PgLockHolder, 1);

    holder->class = (PgLockClass) pg_integer(rows, i, 0);
    holder->number = pg_integer(rows, i, 1);
    holder->pid = (int) pg_integer(rows, i, 2);
    holder->application = g_strdup(pg_text(rows, i, 3));
    holder->role = g_strdup(pg_text(rows, i, 4));
    holder->host = g_strdup(pg_text(rows, i, 5));
    holder->since = g_strdup(pg_text(rows, i, 6));
    holder->state = g_strdup(pg_text(rows, i, 7));
    holder->query = g_strdup(pg_text(rows, i, 8));
    return holder;
}

GPtrArray *
pg_load_lock_holders(PgConn *conn, GError **error)
{
    GPtrArray *holders;
    g_autoptr(PgRows) rows = pg_query(conn, error, HOLDERS "ORDER BY 1, 2, l.objid, 3");

    if (rows == NULL)
        return NULL;
    holders = g_ptr_array_new_with_free_func((GDestroyNotify) pg_lock_holder_free);
    for (int i = 0; i < pg_rows_count(rows); i++)
        g_ptr_array_add(holders, holder_of(rows, i));
    return holders;
}

bool
pg_lock_holder_is_ours(const PgLockHolder *holder)
{
    return g_str_has_prefix(holder->application, "sluice/");
}

bool
pg_lock_holder_is_migrator(const PgLockHolder *holder, const PgConn *conn)
{
    return holder->class == PG_LOCK_MIGRATOR &&
           holder->number == (pg_migrator_key(conn) & G_MAXUINT32);
}

bool
pg_end_lock_holder(PgConn *conn, const PgLockHolder *holder, bool *ret_ended, GError **error)
{
    g_autofree char *pid = g_strdup_printf("%d", holder->pid);
    g_autofree char *class = g_strdup_printf("%d", (int) holder->class);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT pg_terminate_backend(h.pid) FROM (" HOLDERS
                 "AND a.application_name LIKE 'sluice/%') AS h (class, number, pid) "
                 "WHERE h.pid = $1::int AND h.class = $2::bigint",
                 pid, class);

    if (rows == NULL)
        return false;
    *ret_ended = pg_rows_count(rows) > 0 && pg_bool(rows, 0, 0);
    return true;
}
