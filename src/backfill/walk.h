/*
 * backfill/walk.h - how a table is gone through: along what, in ranges of which size, and in how
 * many parts each.
 */
#pragma once

#include "backfill/task.h"

/* The author's walk, else that of the settings: sets the task's key, or none. ERROR_STATE: the
 * author names one that there is not. */
bool walk_choose(PgConn *conn, const BackfillContext *context, const Revision *revision,
                 BackfillTask *task, GError **error);
/* A backfill ends on the walk that it began with: that of @row. ERROR_STATE if its index is gone.
 */
bool walk_adopt(PgConn *conn, BackfillTask *task, const LedgerBackfill *row, GError **error);

/* Parts of a range (in all slices), and pages (rows, along a key) of the first ranges. */
bool walk_measure(PgConn *conn, const BackfillContext *context, const BackfillTask *task,
                  int *ret_parts, int *ret_range_pages, GError **error);

/* Rows of @table that a page holds, as far as statistics tell. */
int walk_rows_per_page(const CatalogTable *table);
