/*
 * backfill/run.h - what the threads of one process share while they fill one table.
 *
 * Workers ask between parts whether to go on; the controller (the caller's thread) holds and
 * releases them, and ends them. Everything in here is behind its mutex.
 */
#pragma once

#include "backfill/task.h"

typedef struct Run Run;

Run *run_new(const BackfillContext *context, const BackfillTask *task, int workers);
void run_free(Run *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Run, run_free)

const BackfillContext *run_context(const Run *run);
const BackfillTask *run_task(const Run *run);

/* What may change meanwhile. */
typedef struct {
    int workers;         /* that are wanted */
    gint64 target_ms;    /* how long a part should take */
    gint64 max_part_wal; /* bytes; 0: any */
    double duty;         /* share of the time in which a worker works, 0..1 */
    bool plain;          /* an old snapshot keeps dead rows: to scatter is of no use for now */
} RunPace;
RunPace run_pace(Run *run);
void run_adjust(Run *run, const RunPace *pace);

/* Blocks while the workers are held, or nobody has looked for a while at what the server feels.
 * False once the run is to end. */
bool run_may_go_on(Run *run);
/* The controller has looked, just now. */
void run_seen(Run *run);
/* Sleeps, but no longer than until the run is to end. */
void run_sleep_ms(Run *run, gint64 ms);
/* Rests as long as the pace asks for after a part that took so long; a new pace counts at once. */
void run_rest(Run *run, gint64 part_us);
gint64 run_rest_us(const RunPace *pace, gint64 part_us);
void run_hold(Run *run, bool held);
void run_end(Run *run);
/* Ends it with @take_error as its reason; the first one stays. */
void run_fail(Run *run, GError *take_error);
/* The reason, given away; NULL if it did not fail. */
GError *run_take_failure(Run *run);

void run_finish_worker(Run *run);
/* Are there more workers than wanted? Then the caller has left, as by run_finish_worker. */
bool run_leave_surplus(Run *run);
/* How many more are wanted; they count as started. */
int run_start_missing(Run *run);
/* Workers were started, and have all left; or none will be. */
bool run_is_over(Run *run);

/* A part of a range of @pages took so long, and made so much WAL: what the size of the next ranges
 * is made of. */
void run_measure(Run *run, int parts, gint64 pages, gint64 part_us, gint64 wal_bytes);
/* Pages that a range should have so that one of its @parts takes the target time, and makes no more
 * WAL than it may; at most double of @range_pages. */
int run_range_pages(Run *run, int parts, int range_pages);
