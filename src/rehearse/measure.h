/*
 * rehearse/measure.h - one statement, run and looked at.
 */
#pragma once

#include "rehearse/rehearse.h"

/* Runs @sql (one statement or several) in @conn, a session of @url, in a transaction of its own
 * where @transactional, and commits it. Caller owns; the caller sets revision, phase, run. */
RehearsedStatement *measure_statement(PgConn *conn, const char *url, const char *sql,
                                      bool transactional, GError **error);
void rehearsed_lock_free(RehearsedLock *lock);
void rehearsed_statement_free(RehearsedStatement *statement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RehearsedStatement, rehearsed_statement_free)
