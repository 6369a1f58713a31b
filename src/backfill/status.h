/*
 * backfill/status.h - how far each backfill is, and what it does to its table.
 */
#pragma once

#include "ledger/backfills.h"
#include "ledger/quarantine.h"
#include "ledger/throttles.h"

typedef struct {
    char *name;
    gint64 before, now; /* bytes; before 0: not known, as of one that was made meanwhile */
} BackfillIndex;

typedef struct {
    LedgerBackfill *backfill;
    GPtrArray *quarantine; /* LedgerQuarantined * */
    GPtrArray *throttles;  /* LedgerThrottle *: what held it, the longest first */
    GPtrArray *indexes;    /* BackfillIndex *: of its table, by name */
    const char
        *state;   /* running, throttled, paused, cancelling, stopped (nobody works), done, .. */
    int workers;  /* sessions that hold a range now */
    double share; /* of this pass, by pages, 0..1 */
    double rows_per_s;   /* over its whole time, stops left out */
    gint64 size;         /* bytes of the table now; 0: it is gone */
    double growth;       /* size now / before; 0: not known */
    double index_growth; /* of all its indexes together; 0: not known */
    double hot_share;    /* of its own updates, 0..1; < 0: not known */
} BackfillStatus;

void backfill_status_free(BackfillStatus *status);

/* The sessions that hold a range of it now, of all processes. Element-type int. Caller owns. */
GArray *backfill_worker_pids(PgConn *conn, gint64 backfill, GError **error);

/* Of @revision, or of all where it is NULL. Element-type BackfillStatus *. Caller owns. */
GPtrArray *backfill_load_status(PgConn *conn, const char *revision, GError **error);
