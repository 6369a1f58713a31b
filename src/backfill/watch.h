/*
 * backfill/watch.h - follows backfills that any process runs, by what the ledger says.
 */
#pragma once

#include "backfill/status.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/report.h"

typedef struct {
    PgConn *conn;
    const Clock *clock;
    const Report *report; /* progress, and what is waited for */
    gint64 give_up_ms;    /* how long a lost connection is waited for */
    /* A look at one of them, as programs see it; takes over @line. NULL: only the report is told.
     */
    void (*on_look)(void *data, json_t *take_line);
    void (*on_done)(void *data, const BackfillStatus *status);
    void *data;
} WatchContext;

/* Until the backfills of the revisions @ids (char *) are done. ERROR_STATE: one was cancelled, or
 * there is none; ERROR_SQL: it failed, or rows are in quarantine. */
bool backfill_watch(const WatchContext *context, const GPtrArray *ids, GError **error);
