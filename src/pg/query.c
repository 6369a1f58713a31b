/* Statements, transactions, and the rows that come of them. */

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "pg/session.h"

struct PgRows {
    PGresult *result;
};

char *
pg_one_line(const char *message)
{
    g_autofree char *redacted = text_redact_url(message);
    char *line = g_strstrip(g_strdelimit(g_steal_pointer(&redacted), "\n\t", ' '));

    return line;
}

static ErrorCode
code_of(const PgConn *conn, const char *sqlstate)
{
    static const char *const lock_states[] = {"55P03", "40P01", "57014", NULL};
    static const char *const lost_states[] = {"57P01", "57P02", "57P03", NULL};

    if (PQstatus(conn->pg) != CONNECTION_OK || sqlstate == NULL ||
        g_str_has_prefix(sqlstate, "08") || g_strv_contains(lost_states, sqlstate))
        return ERROR_CONNECTION;
    return g_strv_contains(lock_states, sqlstate) ? ERROR_LOCK : ERROR_SQL;
}

bool
pg_fail_result(PgConn *conn, const PGresult *result, GError **error)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    g_autofree char *message = pg_one_line(primary ? primary : PQerrorMessage(conn->pg));

    error_set(error, code_of(conn, sqlstate), "%s", *message ? message : "the connection was lost");
    if (error == NULL)
        return false;
    error_add_server(*error, sqlstate ? sqlstate : "08006",
                     PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
    if (hint)
        error_hint(error, "%s", hint);
    return false;
}

static bool
succeeded(const PGresult *result)
{
    const ExecStatusType status = PQresultStatus(result);

    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
}

static PgRows *
take_rows(PgConn *conn, PGresult *take_result, GError **error)
{
    g_autoptr(PgRows) rows = g_new0(PgRows, 1);

    rows->result = take_result;
    if (succeeded(take_result))
        return g_steal_pointer(&rows);
    pg_fail_result(conn, take_result, error);
    return NULL;
}

PgRows *
pg_query_array(PgConn *conn, const char *sql, const char *const *params, guint n_params,
               GError **error)
{
    return take_rows(conn, PQexecParams(conn->pg, sql, (int) n_params, NULL, params, NULL, NULL, 0),
                     error);
}

static bool
prepare(PgConn *conn, const char *name, const char *sql, GError **error)
{
    g_autoptr(PgRows) done = NULL;

    if (g_hash_table_contains(conn->prepared, name))
        return true;
    done = take_rows(conn, PQprepare(conn->pg, name, sql, 0, NULL), error);
    return done && g_hash_table_add(conn->prepared, g_strdup(name));
}

PgRows *
pg_query_prepared_array(PgConn *conn, const char *name, const char *sql, const char *const *params,
                        guint n_params, GError **error)
{
    if (!prepare(conn, name, sql, error))
        return NULL;
    return take_rows(conn, PQexecPrepared(conn->pg, name, (int) n_params, params, NULL, NULL, 0),
                     error);
}

void
pg_record(PgConn *conn, GString *script)
{
    conn->recording = script;
}

static bool
record(const PgConn *conn, const char *sql, const char *const *params, guint n_params,
       gint64 *ret_affected)
{
    g_autofree char *bound = pg_bind(sql, params, n_params);

    g_string_append_printf(conn->recording, "%s;\n", g_strchomp(bound));
    if (ret_affected)
        *ret_affected = 1;
    return true;
}

bool
pg_exec_array(PgConn *conn, const char *sql, const char *const *params, guint n_params,
              gint64 *ret_affected, GError **error)
{
    g_autoptr(PgRows) rows = NULL;

    if (conn->recording)
        return record(conn, sql, params, n_params, ret_affected);
    if (pg_check_deferred(conn, error))
        rows = pg_query_array(conn, sql, params, n_params, error);
    if (rows == NULL)
        return false;
    if (ret_affected)
        *ret_affected = pg_rows_affected(rows);
    return true;
}

bool
pg_exec_script(PgConn *conn, const char *sql, GError **error)
{
    g_autoptr(PgRows) rows = NULL;

    if (!pg_check_deferred(conn, error))
        return false;
    rows = g_new0(PgRows, 1);
    rows->result = PQexec(conn->pg, sql);
    return succeeded(rows->result) || pg_fail_result(conn, rows->result, error);
}

bool
pg_begin(PgConn *conn, GError **error)
{
    return pg_exec_script(conn, "BEGIN", error);
}

bool
pg_commit(PgConn *conn, GError **error)
{
    g_autoptr(PgRows) rows = g_new0(PgRows, 1);

    rows->result = PQexec(conn->pg, "COMMIT");
    if (!succeeded(rows->result))
        return pg_fail_result(conn, rows->result, error);
    /* COMMIT of a failed transaction answers ROLLBACK, without an error. */
    if (strcmp(PQcmdStatus(rows->result), "COMMIT") != 0)
        return error_set(error, ERROR_SQL, "the transaction had failed and was rolled back");
    return true;
}

/* A transaction's own statement_timeout can cancel its ROLLBACK; the setting is gone then, so the
 * second one ends it. */
void
pg_rollback(PgConn *conn)
{
    for (int i = 0; i < 2 && pg_in_transaction(conn); i++)
        PQclear(PQexec(conn->pg, "ROLLBACK"));
}

bool
pg_in_transaction(const PgConn *conn)
{
    const PGTransactionStatusType status = PQtransactionStatus(conn->pg);

    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

void
pg_cancel(PgConn *conn)
{
    char ignored[256];
    PGcancel *cancel = PQgetCancel(conn->pg);

    if (cancel) {
        PQcancel(cancel, ignored, sizeof ignored);
        PQfreeCancel(cancel);
    }
}

int
pg_rows_count(const PgRows *rows)
{
    return PQntuples(rows->result);
}

int
pg_columns_count(const PgRows *rows)
{
    return PQnfields(rows->result);
}

bool
pg_is_null(const PgRows *rows, int row, int column)
{
    return PQgetisnull(rows->result, row, column) != 0;
}

const char *
pg_text(const PgRows *rows, int row, int column)
{
    return PQgetvalue(rows->result, row, column);
}

gint64
pg_integer(const PgRows *rows, int row, int column)
{
    return g_ascii_strtoll(pg_text(rows, row, column), NULL, 10);
}

double
pg_double(const PgRows *rows, int row, int column)
{
    return g_ascii_strtod(pg_text(rows, row, column), NULL);
}

bool
pg_bool(const PgRows *rows, int row, int column)
{
    return pg_text(rows, row, column)[0] == 't';
}

gint64
pg_rows_affected(const PgRows *rows)
{
    return g_ascii_strtoll(PQcmdTuples(rows->result), NULL, 10);
}

void
pg_rows_free(PgRows *rows)
{
    if (rows == NULL)
        return;
    PQclear(rows->result);
    g_free(rows);
}
