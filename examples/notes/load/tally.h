/*
 * load/tally.h - what was counted: per step latencies, failures by reason, verdicts on reads.
 *
 * Thread-safe. A request belongs to the step in which it was due, not to the one in which it ended,
 * and its latency runs from when it was due: a stall shows in full (open loop).
 */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "load/memory.h"

typedef struct Tally Tally;

Tally *tally_new(void);
void tally_free(Tally *tally);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tally, tally_free)

/* A new step begins; no-op if it is the current one. */
void tally_begin_step(Tally *tally, const char *name);
/* The last step ends: the sweep's time is not its. */
void tally_end_steps(Tally *tally);
/* Failures that overlap the time between the two are counted apart. */
void tally_database_down(Tally *tally);
void tally_database_up(Tally *tally);

typedef struct {
    gint64 due_us, sent_us, ended_us; /* g_get_monotonic_time */
    const char *version;              /* that answered: "1.0"; "" for none */
    const char *failure;              /* NULL: a good answer */
} Outcome;
void tally_request(Tally *tally, const Outcome *outcome);
/* The last sweep's requests: failures count, latencies do not. */
void tally_sweep_request(Tally *tally, const Outcome *outcome);
/* @what for the report's examples. */
void tally_read(Tally *tally, ReadVerdict verdict, const char *what);
void tally_write_acknowledged(Tally *tally);

/* One line about the last second and the whole so far. Caller owns. */
json_t *tally_pulse(Tally *tally);
/* Everything: see examples/notes/README.md. Caller owns. */
json_t *tally_report(Tally *tally);
