/*
 * backfill/pass.h - planning: which ranges there are, when a pass ends, when there is no more.
 */
#pragma once

#include "backfill/run.h"

typedef enum {
    PASS_PLANNED, /* there may be ranges to claim */
    PASS_WAIT,    /* others are at work on what is left, or plan just now */
    PASS_DONE,    /* this call found that nothing is left */
    PASS_OVER,    /* the backfill is not running any more: done, failed, cancelled */
} PassOutcome;

/* One short transaction under the planning lock, if it is free: takes done ranges into the sums,
 * plans a little ahead, ends a pass, ends the backfill. ERROR_STATE: a pass updated as many rows as
 * the one before, so its WHERE does not exclude finished ones. */
bool pass_plan(PgConn *conn, Run *run, PassOutcome *ret_outcome, GError **error);
