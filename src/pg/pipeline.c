#include "pg/pipeline.h"

#include <poll.h>

#include "base/error.h"
#include "pg/session.h"

static bool
send_failed(PgConn *conn, GError **error)
{
    PQexitPipelineMode(conn->pg);
    return pg_fail_result(conn, NULL, error);
}

/* In front of all commands, so that it is there whichever of them fails. */
static bool
prepare(PgConn *conn, const PgCommand *command, guint index)
{
    if (command->name == NULL || g_hash_table_contains(conn->prepared, command->name))
        return true;
    g_hash_table_add(conn->prepared, g_strdup(command->name));
    g_array_append_val(conn->sent, index);
    return PQsendPrepare(conn->pg, command->name, command->sql, (int) command->n_params, NULL) == 1;
}

static bool
send_one(PgConn *conn, const PgCommand *command, guint index)
{
    const int count = (int) command->n_params;

    g_array_append_val(conn->sent, index);
    if (command->name)
        return PQsendQueryPrepared(conn->pg, command->name, count, command->params, NULL, NULL,
                                   0) == 1;
    return PQsendQueryParams(conn->pg, command->sql, count, NULL, command->params, NULL, NULL, 0) ==
           1;
}

bool
pg_send_all(PgConn *conn, const PgCommand *commands, guint count, GError **error)
{
    g_assert(conn->sent->len == 0);
    if (!pg_check_deferred(conn, error))
        return false;
    if (PQenterPipelineMode(conn->pg) != 1)
        return pg_fail_result(conn, NULL, error);
    for (guint i = 0; i < count; i++)
        if (!prepare(conn, &commands[i], i))
            return send_failed(conn, error);
    conn->preparing = conn->sent->len;
    for (guint i = 0; i < count; i++)
        if (!send_one(conn, &commands[i], i))
            return send_failed(conn, error);
    return PQpipelineSync(conn->pg) == 1 || send_failed(conn, error);
}

bool
pg_is_answered(PgConn *conn, gint64 timeout_ms)
{
    struct pollfd poller = {.fd = PQsocket(conn->pg), .events = POLLIN};

    return poll(&poller, 1, (int) timeout_ms) > 0;
}

/* The answer to one command; what was skipped behind a failure is no failure of its own. */
static bool
receive_one(PgConn *conn, GError **error)
{
    PGresult *result = PQgetResult(conn->pg);
    const ExecStatusType status = PQresultStatus(result);
    const bool failed = result == NULL || status == PGRES_FATAL_ERROR;

    if (failed)
        pg_fail_result(conn, result, error);
    PQclear(result);
    if (result)
        PQclear(PQgetResult(conn->pg)); /* the NULL that ends it */
    return !failed;
}

bool
pg_receive_all(PgConn *conn, guint *ret_failed, GError **error)
{
    bool ok = true, is_prepared = true;

    for (guint i = 0; i < conn->sent->len && pg_is_connected(conn); i++) {
        if (receive_one(conn, ok ? error : NULL))
            continue;
        if (ok)
            *ret_failed = g_array_index(conn->sent, guint, i);
        ok = false;
        is_prepared = is_prepared && i >= conn->preparing;
    }
    g_array_set_size(conn->sent, 0);
    if (pg_is_connected(conn))
        PQclear(PQgetResult(conn->pg)); /* of the sync */
    PQexitPipelineMode(conn->pg);
    if (!is_prepared) {
        g_hash_table_remove_all(conn->prepared);
        PQclear(PQexec(conn->pg, "DEALLOCATE ALL"));
    }
    return ok;
}

/* Reads what the server has to say until the next result is whole; cancels once at @end_us. */
static bool
await_result(PgConn *conn, gint64 end_us, bool *is_cancelled)
{
    while (PQisBusy(conn->pg)) {
        const gint64 left_us = end_us - g_get_monotonic_time();

        if (!*is_cancelled && left_us <= 0) {
            pg_cancel(conn);
            *is_cancelled = true;
        }
        if (pg_is_answered(conn, *is_cancelled ? -1 : (left_us + 999) / 1000) &&
            PQconsumeInput(conn->pg) != 1)
            return false;
    }
    return true;
}

bool
pg_exec_within(PgConn *conn, const char *sql, gint64 limit_ms, guint *ret_done, GError **error)
{
    const gint64 end_us = g_get_monotonic_time() + limit_ms * 1000;
    bool is_cancelled = false, ok = true;

    *ret_done = 0;
    if (PQsendQuery(conn->pg, sql) != 1)
        return pg_fail_result(conn, NULL, error);
    for (;;) {
        const bool is_read = await_result(conn, end_us, &is_cancelled);
        PGresult *result = PQgetResult(conn->pg);
        const bool failed = !is_read || (result && PQresultStatus(result) == PGRES_FATAL_ERROR);

        if (ok && failed)
            ok = pg_fail_result(conn, result, error);
        PQclear(result);
        if (result == NULL)
            return ok;
        *ret_done += ok;
    }
}
