#include "demo/db.h"

#include "base/error.h"

static void
discard_notice(void *data G_GNUC_UNUSED, const PGresult *result G_GNUC_UNUSED)
{
}

PGconn *
db_open(const char *url, const char *name, GError **error)
{
    const char *const keys[] = {"dbname", "application_name", "connect_timeout", NULL};
    const char *const values[] = {url, name, "5", NULL};
    g_autoptr(PGconn) conn = PQconnectdbParams(keys, values, 1);

    PQsetNoticeReceiver(conn, discard_notice, NULL);
    if (PQstatus(conn) == CONNECTION_OK)
        return g_steal_pointer(&conn);
    error_set(error, ERROR_CONNECTION, "cannot connect as %s: %s", name,
              g_strchomp(PQerrorMessage(conn)));
    return NULL;
}

static bool
succeeded(PGconn *conn, const PGresult *result, const char *sql, GError **error)
{
    const ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        return true;
    return error_set(error, PQstatus(conn) == CONNECTION_OK ? ERROR_SQL : ERROR_CONNECTION,
                     "%s: %.60s", g_strchomp(PQerrorMessage(conn)), sql);
}

bool
db_run(PGconn *conn, const char *sql, GError **error)
{
    g_autoptr(PGresult) result = PQexec(conn, sql);

    return succeeded(conn, result, sql, error);
}

PGresult *
db_query(PGconn *conn, const char *sql, GError **error)
{
    g_autoptr(PGresult) result = PQexecParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0);

    return succeeded(conn, result, sql, error) ? g_steal_pointer(&result) : NULL;
}

bool
db_number(PGconn *conn, const char *sql, double *ret_number, GError **error)
{
    g_autoptr(PGresult) result = db_query(conn, sql, error);

    if (result == NULL)
        return false;
    *ret_number = PQntuples(result) > 0 ? g_ascii_strtod(PQgetvalue(result, 0, 0), NULL) : 0;
    return true;
}
