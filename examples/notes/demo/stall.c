#include "demo/stall.h"

#include <string.h>

#include "demo/db.h"

enum { INTERVAL_US = 4 * 1000, RECONNECT_US = 200 * 1000 };

struct StallSampler {
    GThread *thread;
    gint stopped; /* atomic */
    char *url;
    char *query;
    GMutex mutex;
    StallReading reading;
    gint64 busy_us;   /* time with a session */
    GHashTable *seen; /* char *: "pid waitstart" */
};

/* Waiters first: mostly there is none, and nothing else is asked. */
static const char query_text[] =
    "WITH waiter AS MATERIALIZED ("
    "  SELECT pid, locktype, waitstart FROM pg_locks"
    "  WHERE NOT granted AND waitstart IS NOT NULL) "
    "SELECT w.pid || ' ' || w.waitstart, w.locktype = 'relation', "
    "       extract(epoch FROM clock_timestamp() - w.waitstart) * 1000, "
    "       left(regexp_replace(s.query, '\\s+', ' ', 'g'), 120) "
    "FROM waiter w "
    "CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) b(pid) "
    "JOIN pg_stat_activity s ON s.pid = b.pid AND s.application_name LIKE '%s%%' "
    "JOIN pg_stat_activity a ON a.pid = w.pid AND a.usename = '%s'";

static void
take_row(StallSampler *sampler, const PGresult *result, int row)
{
    StallReading *reading = &sampler->reading;
    const bool is_table = strcmp(PQgetvalue(result, row, 1), "t") == 0;
    const double ms = g_ascii_strtod(PQgetvalue(result, row, 2), NULL);
    double *longest = is_table ? &reading->table_wait_ms : &reading->row_wait_ms;

    if (g_hash_table_add(sampler->seen, g_strdup(PQgetvalue(result, row, 0))))
        reading->waits++;
    if (ms > MAX(reading->table_wait_ms, reading->row_wait_ms))
        g_strlcpy(reading->worst, PQgetvalue(result, row, 3), sizeof reading->worst);
    *longest = MAX(*longest, ms);
}

static void
take_sample(StallSampler *sampler, const PGresult *result, gint64 spent_us)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sampler->mutex);

    sampler->reading.samples++;
    sampler->busy_us += spent_us;
    for (int row = 0; row < PQntuples(result); row++)
        take_row(sampler, result, row);
}

static void
sample_until_lost(StallSampler *sampler, PGconn *conn)
{
    gint64 before = g_get_monotonic_time();
    g_autoptr(PGresult) prepared = PQprepare(conn, "waits", sampler->query, 0, NULL);

    while (!g_atomic_int_get(&sampler->stopped) && PQstatus(conn) == CONNECTION_OK) {
        g_autoptr(PGresult) result = PQexecPrepared(conn, "waits", 0, NULL, NULL, NULL, 0);
        gint64 now;
        g_usleep(INTERVAL_US);
        now = g_get_monotonic_time();
        if (PQresultStatus(result) == PGRES_TUPLES_OK)
            take_sample(sampler, result, now - before);
        before = now;
    }
}

static gpointer
run(gpointer data)
{
    StallSampler *sampler = data;

    while (!g_atomic_int_get(&sampler->stopped)) {
        g_autoptr(PGconn) conn = db_open(sampler->url, "demo/stall", NULL);
        if (conn)
            sample_until_lost(sampler, conn);
        else
            g_usleep(RECONNECT_US);
    }
    return NULL;
}

StallSampler *
stall_start(const char *url, const char *role, const char *blocker, GError **error)
{
    g_autoptr(PGconn) conn = db_open(url, "demo/stall", error);
    StallSampler *sampler;

    if (conn == NULL)
        return NULL;
    sampler = g_new0(StallSampler, 1);
    g_mutex_init(&sampler->mutex);
    sampler->url = g_strdup(url);
    sampler->query = g_strdup_printf(query_text, blocker, role);
    sampler->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    sampler->thread = g_thread_new("stall", run, sampler);
    return sampler;
}

void
stall_read(StallSampler *sampler, StallReading *ret_reading)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sampler->mutex);

    *ret_reading = sampler->reading;
    if (sampler->reading.samples > 0)
        ret_reading->interval_ms =
            (double) sampler->busy_us / 1000 / (double) sampler->reading.samples;
}

void
stall_free(StallSampler *sampler)
{
    if (sampler == NULL)
        return;
    g_atomic_int_set(&sampler->stopped, TRUE);
    g_thread_join(sampler->thread);
    g_hash_table_unref(sampler->seen);
    g_mutex_clear(&sampler->mutex);
    g_free(sampler->url);
    g_free(sampler->query);
    g_free(sampler);
}
