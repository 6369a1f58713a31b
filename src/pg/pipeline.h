/*
 * pg/pipeline.h - several commands in one round trip.
 *
 * The server runs them in turn, and skips all behind one that failed. Between sending and receiving
 * the connection is good for nothing else, and the client may work meanwhile.
 */
#pragma once

#include "pg/conn.h"

typedef struct {
    const char *sql;  /* one statement */
    const char *name; /* it is prepared under this, once a session; NULL: it is not */
    const char *const *params;
    guint n_params;
} PgCommand;

/* Not inside of another one that is not received yet. ERROR_CONNECTION. */
bool pg_send_all(PgConn *conn, const PgCommand *commands, guint count, GError **error);
/* Waits up to @timeout_ms for the first sign of an answer. */
bool pg_is_answered(PgConn *conn, gint64 timeout_ms);
/* Waits for all answers. Errors as pg_query, of the first command that failed: *@ret_failed is its
 * place. A transaction that it stood in is still to be rolled back. */
bool pg_receive_all(PgConn *conn, guint *ret_failed, GError **error);

/* Runs @sql, statements that may share a message, inside a transaction; the server's own
 * statement_timeout bounds each, and what is not over after @limit_ms is cancelled: SQLSTATE 57014.
 * *@ret_done: how many are done, on an error too. */
bool pg_exec_within(PgConn *conn, const char *sql, gint64 limit_ms, guint *ret_done,
                    GError **error);
