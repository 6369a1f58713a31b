/*
 * cli/backfill-watch.h - follows backfills that any process runs, by what the ledger says.
 */
#pragma once

#include "cli/command.h"
#include "pg/conn.h"

/* Tells the report, or prints JSON lines, until the backfills of the revisions @ids (char *) are
 * done. ERROR_STATE: one was cancelled, or there is none; ERROR_SQL: it failed, or rows are in
 * quarantine. A connection that is lost is waited for. */
bool backfill_watch(App *app, PgConn *conn, const GPtrArray *ids, GError **error);
