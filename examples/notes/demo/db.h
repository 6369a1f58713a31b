/*
 * demo/db.h - sessions of the demo itself, with its own names: not sluice's, not the app's.
 */
#pragma once

#include <glib.h>
#include <libpq-fe.h>
#include <stdbool.h>

/* @name: application_name. ERROR_CONNECTION. */
PGconn *db_open(const char *url, const char *name, GError **error);
/* One or more statements. ERROR_CONNECTION if the session was lost, else ERROR_SQL. */
bool db_run(PGconn *conn, const char *sql, GError **error);
/* The rows, or NULL. */
PGresult *db_query(PGconn *conn, const char *sql, GError **error);
/* First value of the first row: 0 if there is none. */
bool db_number(PGconn *conn, const char *sql, double *ret_number, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PGconn, PQfinish)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PGresult, PQclear)
