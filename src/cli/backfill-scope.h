/*
 * cli/backfill-scope.h - which backfills a command of the group Backfill is about.
 */
#pragma once

#include "cli/command.h"
#include "pg/conn.h"

/* A session on the configured database for @purpose. NULL: ERROR_STATE where it has no ledger,
 * ERROR_CONFIG, ERROR_CONNECTION. Caller owns. */
PgConn *backfill_connect(App *app, const char *purpose, GError **error);

/* *@ret_id: the revision that @target names, whole; NULL where it is NULL. Caller owns. */
bool backfill_find_id(App *app, const char *target, char **ret_id, GError **error);

/* Ids of @target, or of all revisions whose backfill is not done; ERROR_STATE where there is none.
 * Element-type char *. Caller owns. */
GPtrArray *backfill_choose(App *app, PgConn *conn, const char *target, GError **error);
