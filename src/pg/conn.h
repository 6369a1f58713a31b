/*
 * pg/conn.h - a connection to a PostgreSQL server, its queries and transactions.
 *
 * Every connection of ours sets application_name "sluice/<purpose>", TCP keepalives,
 * tcp_user_timeout, idle_in_transaction_session_timeout (30 s), and lock_timeout/statement_timeout
 * 0 until told otherwise; so a host that is lost frees its locks. Values are parameters, always;
 * identifiers are quoted with pg_quote_identifier. Not shared between threads: one connection each.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct PgConn PgConn;
typedef struct PgRows PgRows;

typedef struct {
    const char *purpose;       /* behind "sluice/" in application_name: "upgrade", "backfill" */
    gint64 connect_timeout_ms; /* 0: 10 s */
    bool defer_checks;  /* what the session is and its settings: before its first lock, transaction
                         * or effect; until then it may read the ledger */
    bool allow_standby; /* else a read-only replica is refused (ERROR_CONNECTION, named) */
    bool allow_pooler;  /* else a transaction-pooling proxy is refused (ERROR_CONNECTION, named) */
    const char *schema; /* a tenant's, entered as by pg_enter_schema; NULL: none */
} PgConnOptions;

/* Connects to @url (a libpq URI or key=value string). ERROR_CONNECTION with the password redacted:
 * no server, wrong password, server older than 14, standby, pooler. ERROR_CONFIG: the URL cannot be
 * read. @options may be NULL. */
PgConn *pg_connect(const char *url, const PgConnOptions *options, GError **error);
void pg_disconnect(PgConn *conn);
/* A new session with the same parameters in place of a broken one. Session locks are gone. */
bool pg_reconnect(PgConn *conn, GError **error);
bool pg_is_connected(const PgConn *conn);

/* Makes @schema the first in which names are found, and public the second; pg_reconnect keeps it.
 * So the same revisions serve one schema a tenant, and what the ledger keeps of them is kept for
 * each. ERROR_STATE if there is no such schema. */
bool pg_enter_schema(PgConn *conn, const char *schema, GError **error);
/* The schema entered; NULL: none. Borrowed. */
const char *pg_schema(const PgConn *conn);

int pg_backend_pid(const PgConn *conn);
/* 150020 for 15.20. */
int pg_server_version(const PgConn *conn);
/* "host:port/dbname" without credentials, with ", schema x" where one was entered; for messages.
 * Borrowed. */
const char *pg_target(const PgConn *conn);

/* Runs @sql with text parameters $1.. ; a NULL parameter is SQL NULL. Errors: ERROR_CONNECTION
 * (session lost: SQLSTATE 08*, 57P01-57P03), ERROR_LOCK (55P03 lock timeout, 40P01 deadlock, 57014
 * statement timeout), ERROR_SQL otherwise; SQLSTATE, detail and hint ride along. Caller owns the
 * rows. */
PgRows *pg_query_array(PgConn *conn, const char *sql, const char *const *params, guint n_params,
                       GError **error);
/* pg_query(conn, error, "SELECT .. $1 .. $2", a, b): the parameters are const char *. */
#define pg_query(conn, error, sql, ...)                                                            \
    pg_query_array((conn), (sql), (const char *const[]){NULL, ##__VA_ARGS__} + 1,                  \
                   (guint) (G_N_ELEMENTS(((const char *const[]){NULL, ##__VA_ARGS__})) - 1),       \
                   (error))
/* The same, of a statement that is asked again and again: the session prepares it under @name,
 * once, and the server keeps its plan. */
PgRows *pg_query_prepared_array(PgConn *conn, const char *name, const char *sql,
                                const char *const *params, guint n_params, GError **error);
#define pg_query_prepared(conn, error, name, sql, ...)                                             \
    pg_query_prepared_array(                                                                       \
        (conn), (name), (sql), (const char *const[]){NULL, ##__VA_ARGS__} + 1,                     \
        (guint) (G_N_ELEMENTS(((const char *const[]){NULL, ##__VA_ARGS__})) - 1), (error))
/* For the effect only. *@ret_affected (may be NULL): rows inserted, updated, deleted. */
bool pg_exec_array(PgConn *conn, const char *sql, const char *const *params, guint n_params,
                   gint64 *ret_affected, GError **error);
#define pg_exec(conn, error, sql, ...)                                                             \
    pg_exec_array((conn), (sql), (const char *const[]){NULL, ##__VA_ARGS__} + 1,                   \
                  (guint) (G_N_ELEMENTS(((const char *const[]){NULL, ##__VA_ARGS__})) - 1), NULL,  \
                  (error))
/* From now on pg_exec appends what it would send to @script (borrowed), as a statement that any
 * client can run, and claims that it touched one row; NULL: it sends again. So what writes rows can
 * print them too. */
void pg_record(PgConn *conn, GString *script);
/* @sql with its parameters as literals, without comments. Caller owns. */
char *pg_bind(const char *sql, const char *const *params, guint n_params);
/* Several statements in one simple-protocol message, no parameters: for a script that is ours, and
 * for a user's statement that must not be prepared. The first error ends it. */
bool pg_exec_script(PgConn *conn, const char *sql, GError **error);

/* BEGIN, COMMIT, ROLLBACK. pg_rollback never fails: a broken connection has rolled back already. */
bool pg_begin(PgConn *conn, GError **error);
bool pg_commit(PgConn *conn, GError **error);
void pg_rollback(PgConn *conn);
bool pg_in_transaction(const PgConn *conn);

/* From another thread: asks the server to cancel what @conn runs now. Best effort. */
void pg_cancel(PgConn *conn);

int pg_rows_count(const PgRows *rows);
int pg_columns_count(const PgRows *rows);
bool pg_is_null(const PgRows *rows, int row, int column);
/* Text of a value; "" for NULL. Borrowed from @rows. */
const char *pg_text(const PgRows *rows, int row, int column);
gint64 pg_integer(const PgRows *rows, int row, int column); /* 0 for NULL */
double pg_double(const PgRows *rows, int row, int column);
bool pg_bool(const PgRows *rows, int row, int column);
gint64 pg_rows_affected(const PgRows *rows);
void pg_rows_free(PgRows *rows);

/* Quoted where needed: users, "Users". Caller owns. */
char *pg_quote_identifier(const char *name);
char *pg_quote_qualified(const char *schema, const char *name);
/* 'it''s' (E'' where it holds a backslash): only for statements that take no parameters. Caller
 * owns. */
char *pg_quote_literal(const char *value);

/* Waits up to @timeout_ms for a NOTIFY on a channel LISTENed to. True if one came. */
bool pg_wait_notify(PgConn *conn, gint64 timeout_ms);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PgConn, pg_disconnect)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PgRows, pg_rows_free)
