/*
 * cli/backfill-parity.h - compares old and new shape of revisions, and shows what differs.
 */
#pragma once

#include "base/json.h"
#include "cli/command.h"
#include "pg/conn.h"
#include "revision/graph.h"

/* Of the revision that @target names, or of all that can be compared. Each is printed and appended
 * to @list; *@mismatches grows by the rows that differ. ERROR_STATE: @target has nothing to
 * compare.
 */
bool backfill_parity_check(App *app, PgConn *conn, const Graph *graph, const char *target,
                           json_t *list, gint64 *mismatches, GError **error);
