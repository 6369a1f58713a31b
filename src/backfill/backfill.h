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
    int workers; /* 0: settings */
} BackfillContext;

typedef struct {
    gint64 rows;        /* updated by all processes, all passes */
    gint64 duration_ms; /* of this call */
    double rows_per_s;
    gint64 throttled_ms;
    bool paused; /* ended because somebody paused it: not done */
} BackfillResult;

/* Works until the revision's backfill is done, paused or cancelled (ERROR_STATE), waiting out what
 * throttles it. Rides out lost connections. Done already: returns at once. */
bool backfill_run(const BackfillContext *context, const Revision *revision,
                  BackfillResult *ret_result, GError **error);

typedef struct {
    gint64 checked, mismatches;
    char *example; /* "users.id = 17: ..", or NULL */
} VerifyResult;
/* Parity, range by range with bounded snapshots (or the author's verify query). True with
 * mismatches > 0 is a result, not an error. */
bool backfill_verify(const BackfillContext *context, const Revision *revision,
                     VerifyResult *ret_result, GError **error);
void verify_result_clear(VerifyResult *result);
