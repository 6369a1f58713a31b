/*
 * load/worker.h - one connection's worth of load: does what is due, remembers, checks.
 *
 * Worker w of W owns the names and notes of the users whose index is w modulo W, and the emails of
 * those of its neighbour: so one row is written by two workers at once, one column by one only.
 */
#pragma once

#include "load/schedule.h"
#include "load/tally.h"

typedef struct {
    Schedule *schedule;
    Tally *tally;
    User *users; /* shared; ids 1..user_count */
    guint user_count;
    guint worker_count;
    guint16 port;
    guint32 seed;
} LoadPlan;

typedef struct Worker Worker;

Worker *worker_new(const LoadPlan *plan, guint number);
void worker_free(Worker *worker);

/* Works off the schedule until it is stopped. */
void worker_run(Worker *worker);
/* Reads every key that it wrote. */
void worker_sweep(Worker *worker);
