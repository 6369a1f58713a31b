/*
 * backfill/complete.h - a backfill and what follows from it: the revision becomes backfilled.
 */
#pragma once

#include "apply/apply.h"
#include "backfill/backfill.h"

/* backfill_run, then apply_finish under the migrator lock. A paused one is not finished. @revision
 * may be the graph's entry without sections. */
bool backfill_complete(const BackfillContext *context, const ApplyContext *apply,
                       const Revision *revision, BackfillResult *ret_result, GError **error);
