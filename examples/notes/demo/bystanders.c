#include "demo/bystanders.h"

#include "demo/db.h"

enum { RECONNECT_US = 200 * 1000, HOT_USERS = 2000 };

struct Analyst {
    GThread *thread;
    PGconn *conn;
    Timeline *timeline;
    gint64 until_us;
    gint stopped; /* atomic */
};

static gpointer
sit_idle(gpointer data)
{
    Analyst *analyst = data;

    while (!g_atomic_int_get(&analyst->stopped) && g_get_monotonic_time() < analyst->until_us)
        g_usleep(20 * 1000);
    db_run(analyst->conn, "COMMIT", NULL);
    timeline_say(analyst->timeline, "analyst", "COMMIT");
    return NULL;
}

Analyst *
analyst_start(const char *url, Timeline *timeline, gint64 hold_ms, GError **error)
{
    g_autoptr(PGconn) conn = db_open(url, "psql", error);
    Analyst *analyst;

    if (conn == NULL || !db_run(conn, "BEGIN; SELECT count(email) FROM users", error))
        return NULL;
    timeline_say(timeline, "analyst",
                 "BEGIN; SELECT count(email) FROM users; -- then idle in "
                 "transaction for %.0f s",
                 (double) hold_ms / 1000);
    analyst = g_new0(Analyst, 1);
    analyst->conn = g_steal_pointer(&conn);
    analyst->timeline = timeline;
    analyst->until_us = g_get_monotonic_time() + hold_ms * 1000;
    analyst->thread = g_thread_new("analyst", sit_idle, analyst);
    return analyst;
}

void
analyst_free(Analyst *analyst)
{
    if (analyst == NULL)
        return;
    g_atomic_int_set(&analyst->stopped, TRUE);
    g_thread_join(analyst->thread);
    PQfinish(analyst->conn);
    g_free(analyst);
}

struct Job {
    GThread *thread;
    char *url;
    int users;
    gint64 interval_us;
    gint stopped; /* atomic */
    gint updates; /* atomic */
};

/* Half of the updates go to the rows that the load writes most. */
static void
update_until_lost(Job *job, PGconn *conn)
{
    while (!g_atomic_int_get(&job->stopped)) {
        const int range = g_random_boolean() ? job->users : MIN(job->users, HOT_USERS);
        g_autofree char *sql = g_strdup_printf("UPDATE users SET last_seen = now() WHERE id = %d",
                                               g_random_int_range(1, range + 1));
        if (!db_run(conn, sql, NULL))
            return;
        g_atomic_int_inc(&job->updates);
        g_usleep((gulong) job->interval_us);
    }
}

static gpointer
run_job(gpointer data)
{
    Job *job = data;

    while (!g_atomic_int_get(&job->stopped)) {
        g_autoptr(PGconn) conn = db_open(job->url, "last-seen-job/1", NULL);
        if (conn)
            update_until_lost(job, conn);
        else
            g_usleep(RECONNECT_US);
    }
    return NULL;
}

Job *
job_start(const char *url, int users, int per_second, GError **error)
{
    g_autoptr(PGconn) conn = db_open(url, "last-seen-job/1", error);
    Job *job;

    if (conn == NULL)
        return NULL;
    job = g_new0(Job, 1);
    job->url = g_strdup(url);
    job->users = users;
    job->interval_us = G_USEC_PER_SEC / per_second;
    job->thread = g_thread_new("job", run_job, job);
    return job;
}

gint64
job_updates(Job *job)
{
    return g_atomic_int_get(&job->updates);
}

void
job_free(Job *job)
{
    if (job == NULL)
        return;
    g_atomic_int_set(&job->stopped, TRUE);
    g_thread_join(job->thread);
    g_free(job->url);
    g_free(job);
}
