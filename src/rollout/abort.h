/*
 * rollout/abort.h - the way back, and the way on after it.
 *
 * Order: a line in the local journal; the cutover undone where the old app needs that; all traffic
 * to stable and the canary's servers taken out; then the ledger, then the backfill paused. What
 * comes before the ledger needs neither the database nor an approval.
 */
#pragma once

#include "rollout/runner.h"

/* For the process that runs the rollout: what a step saw or decided. */
bool abort_carry_out(Runner *run, const char *reason, GError **error);
/* What the journal holds and the ledger does not know: events, and an abort. */
bool abort_report_journal(Runner *run, GError **error);

/* rollout.c: a new row for the plan, the lease on it, and its first event. */
bool rollout_begin(Runner *run, GError **error);
