/*
 * api/pool.h - a fixed number of database sessions, shared by the request threads.
 *
 * A session that the server closed while it was idle is noticed before it is lent out and opened
 * anew; one that breaks under a query costs that query and no other. Nothing is ever run twice.
 */
#pragma once

#include <glib.h>
#include <libpq-fe.h>
#include <stdbool.h>

#include "api/statements.h"

typedef struct Pool Pool;
typedef struct Session Session;

/* Connects lazily: a database that is down is not an error here. */
Pool *pool_new(const char *url, guint size);
/* All sessions must have been returned. */
void pool_free(Pool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pool, pool_free)

/* A connected session, or NULL if the database does not answer or all are busy for too long;
 * *@ret_reason then says which. Give it back with pool_return, whatever happened to it. */
Session *pool_borrow(Pool *pool, char **ret_reason);
void pool_return(Pool *pool, Session *session);

/* Runs a prepared statement, preparing it where this session has not yet. @values: one text a
 * parameter. The result is never NULL and owned by the caller. */
PGresult *session_run(Session *session, StatementId id, const char *const *values);
/* After a failed result: is the session lost? */
bool session_is_lost(const Session *session);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PGresult, PQclear)
