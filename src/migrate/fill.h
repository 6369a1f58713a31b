/*
 * migrate/fill.h - what may follow an expand at once: the backfill where there is leave or nothing
 * to fill, and what finishes it.
 */
#pragma once

#include "migrate/migrate.h"

/* @header is expanded and not final. Runs its backfill if @may_fill or its tables are empty, and
 * its finish. *@ret_done false: rows wait for `backfill run`, or somebody paused it. Takes the
 * migrator lock itself, and must not be called under it: a backfill takes its time. */
bool fill_and_finish(const MigrateContext *context, const Revision *header, bool may_fill,
                     bool *ret_done, GError **error);
/* Would fill_and_finish without leave come to its end: no rows to fill? */
bool fill_is_free(PgConn *conn, const Revision *revision, bool *ret_free, GError **error);
