#include "api/pool.h"

#include <poll.h>

#include "api/version.h"

enum { BORROW_TIMEOUT_S = 10 };

struct Session {
    PGconn *pg;
    bool prepared[STATEMENT_N];
};

struct Pool {
    char *url;
    GMutex mutex;
    GCond returned;
    GPtrArray *sessions; /* all of them: owns */
    GPtrArray *idle;     /* most recently used last */
};

static void
session_close(Session *session)
{
    g_clear_pointer(&session->pg, PQfinish);
    memset(session->prepared, 0, sizeof session->prepared);
}

static void
session_free(gpointer data)
{
    Session *session = data;

    session_close(session);
    g_free(session);
}

Pool *
pool_new(const char *url, guint size)
{
    Pool *pool = g_new0(Pool, 1);

    pool->url = g_strdup(url);
    g_mutex_init(&pool->mutex);
    g_cond_init(&pool->returned);
    pool->sessions = g_ptr_array_new_with_free_func(session_free);
    pool->idle = g_ptr_array_new();
    for (guint i = 0; i < size; i++) {
        Session *session = g_new0(Session, 1);
        g_ptr_array_add(pool->sessions, session);
        g_ptr_array_add(pool->idle, session);
    }
    return pool;
}

void
pool_free(Pool *pool)
{
    if (pool == NULL)
        return;
    g_assert(pool->idle->len == pool->sessions->len);
    g_ptr_array_unref(pool->idle);
    g_ptr_array_unref(pool->sessions);
    g_mutex_clear(&pool->mutex);
    g_cond_clear(&pool->returned);
    g_free(pool->url);
    g_free(pool);
}

/* An idle session has nothing to say, unless the server ended it. */
static bool
session_is_alive(Session *session)
{
    struct pollfd poller = {.events = POLLIN};

    if (session->pg == NULL || PQstatus(session->pg) != CONNECTION_OK)
        return false;
    poller.fd = PQsocket(session->pg);
    if (poll(&poller, 1, 0) <= 0)
        return true;
    return PQconsumeInput(session->pg) == 1 && PQstatus(session->pg) == CONNECTION_OK;
}

static void
discard_notice(void *data G_GNUC_UNUSED, const PGresult *result G_GNUC_UNUSED)
{
}

static bool
session_open(Session *session, const char *url)
{
    const char *const keys[] = {"dbname", "application_name", "connect_timeout", NULL};
    const char *const values[] = {url, APPLICATION_NAME, "2", NULL};

    session_close(session);
    session->pg = PQconnectdbParams(keys, values, 1);
    PQsetNoticeReceiver(session->pg, discard_notice, NULL);
    return PQstatus(session->pg) == CONNECTION_OK;
}

static Session *
take_idle(Pool *pool)
{
    const gint64 deadline = g_get_monotonic_time() + BORROW_TIMEOUT_S * G_TIME_SPAN_SECOND;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pool->mutex);

    while (pool->idle->len == 0)
        if (!g_cond_wait_until(&pool->returned, &pool->mutex, deadline))
            return NULL;
    return g_ptr_array_steal_index(pool->idle, pool->idle->len - 1);
}

Session *
pool_borrow(Pool *pool, char **ret_reason)
{
    Session *session = take_idle(pool);

    if (session == NULL) {
        *ret_reason =
            g_strdup_printf("all database sessions are busy since %d s", (int) BORROW_TIMEOUT_S);
        return NULL;
    }
    if (session_is_alive(session) || session_open(session, pool->url))
        return session;
    *ret_reason = g_strstrip(g_strdup(PQerrorMessage(session->pg)));
    pool_return(pool, session);
    return NULL;
}

void
pool_return(Pool *pool, Session *session)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pool->mutex);

    g_ptr_array_add(pool->idle, session);
    g_cond_signal(&pool->returned);
}

PGresult *
session_run(Session *session, StatementId id, const char *const *values)
{
    const Statement *statement = &statements[id];

    if (!session->prepared[id]) {
        PGresult *result =
            PQprepare(session->pg, statement->name, statement->sql, statement->parameters, NULL);
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            return result;
        PQclear(result);
        session->prepared[id] = true;
    }
    return PQexecPrepared(session->pg, statement->name, statement->parameters, values, NULL, NULL,
                          0);
}

bool
session_is_lost(const Session *session)
{
    return PQstatus(session->pg) != CONNECTION_OK;
}
