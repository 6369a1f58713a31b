/*
 * backfill/progress.h - how far a backfill is, how fast, and how long it will take: what its own
 * controller tells, and anybody who watches the ledger.
 *
 * How far is measured in pages, for nobody knows how many rows there are to fill; how many there
 * will be follows from those of the pages that are done. Time in which it was held is no time.
 */
#pragma once

#include "base/clock.h"
#include "base/report.h"
#include "ledger/backfills.h"

typedef struct Progress Progress;

/* @clock outlives the result. */
Progress *progress_new(const Clock *clock);
void progress_free(Progress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Progress, progress_free)

/* @backfill is as far as this now; another one than before begins anew. @working: neither held nor
 * paused since the last look. */
void progress_see(Progress *progress, const LedgerBackfill *backfill, bool working);

/* What was seen last, with what has held it (LedgerThrottle *): share, rows, total, remaining
 * (null: not known), rows_per_s, eta_ms, hot_share, throttled_ms, throttles by signal. Caller owns.
 */
json_t *progress_to_json(const Progress *progress, const LedgerBackfill *backfill,
                         const GPtrArray *throttles);
/* The same to a Report. @note: what holds it now, or NULL. */
void progress_tell(const Progress *progress, const LedgerBackfill *backfill,
                   const GPtrArray *throttles, const char *note, const Report *report);
