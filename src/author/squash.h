/*
 * author/squash.h - makes the statements of a checkpoint (revision/checkpoint.h).
 *
 * The revisions run for real, whole lives in order, on a private PostgreSQL that is gone
 * afterwards; what they made is dumped: the schema, and the rows that revisions put there
 * themselves. Owners and tablespaces are left out: what is made belongs to who runs the checkpoint.
 */
#pragma once

#include "base/clock.h"
#include "base/report.h"
#include "conf/settings.h"
#include "revision/graph.h"

typedef struct {
    const Settings *settings;
    const Graph *graph;
    const Clock *clock;
    const Report *report;
} SquashContext;

/* The statements that make what @revision and all above it make; transactional all of them.
 * ERROR_STATE: no PostgreSQL server or pg_dump is installed; errors of the revisions as they come.
 * Caller owns. */
char *squash_dump(const SquashContext *context, const Revision *revision, GError **error);

/* @dump, as pg_dump prints it, as one transaction may run it: what sets up pg_dump's session is
 * gone, comments too. ERROR_SQL. Caller owns. */
char *squash_clean(const char *dump, GError **error);
