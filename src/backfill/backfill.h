/*
 * backfill/backfill.h - runs the backfills of a revision: ranges, parts, workers, passes, throttle.
 *
 * Any number of processes may run the same backfill; PostgreSQL coordinates them (ranges are
 * claimed by session advisory locks). Does not hold the migrator lock.
 */
#pragma once

#include "base/clock.h"
#include "base/report.h"
#include "conf/settings.h"
#include "ledger/ledger.h"
#include "pg/conn.h"
#include "revision/graph.h"

typedef struct {
    const char *url;
    const Settings *settings; /* workers, target time, limits */
    const Clock *clock;
    const Report *report;
    int workers;            /* 0: settings */
    bool unthrottled;       /* no rest, and no shorter parts, where apps are at work */
    bool wait_while_paused; /* else a pause ends the call */
    bool doubts;            /* looks for rows that are left where all is done, too */
} BackfillContext;

typedef struct {
    gint64 rows;        /* updated by all processes, all passes */
    gint64 duration_ms; /* of this call */
    double rows_per_s;  /* during this call */
    gint64 throttled_ms;
    bool paused; /* ended because somebody paused it: not done */
} BackfillResult;

/* @revision comes with its sections. Works until the revision's backfill is done, paused or
 * cancelled (ERROR_STATE), waiting out what throttles it. Rides out lost connections. Done already:
 * returns at once. ERROR_SQL: rows are in quarantine, all others are done; or the server
 * refuses the statement, and the same call goes on there. */
bool backfill_run(const BackfillContext *context, const Revision *revision,
                  BackfillResult *ret_result, GError **error);
