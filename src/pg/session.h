/*
 * pg/session.h - what conn, query and pipeline share; private to the room.
 */
#pragma once

#include <libpq-fe.h>

#include "pg/conn.h"

struct PgConn {
    PGconn *pg;
    char *url;
    char *purpose;
    char *target;
    char *schema; /* NULL: none entered */
    gint64 connect_timeout_ms;
    bool allow_standby;
    bool allow_pooler;
    GString *recording; /* where statements go instead (pg_record); NULL: they are sent */
    bool defer_checks;
    bool is_checked;
    GHashTable *prepared; /* names that this session knows */
    GArray *sent;         /* the pipeline on its way: which command each answer is of */
    guint preparing;      /* so many of the answers are to what prepares */
};

/* Before whatever relies on the session: checks it now, where that was put off. */
bool pg_check_deferred(PgConn *conn, GError **error);
/* A message of libpq's, which ends with a newline and may hold the connection's address. Caller
 * owns. */
char *pg_one_line(const char *message);
/* Sets @error from what the server said, or from the lost connection; returns false. @result may be
 * NULL. */
bool pg_fail_result(PgConn *conn, const PGresult *result, GError **error);
