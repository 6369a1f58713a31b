/*
 * demo/stall.h - how long app sessions waited for a lock because of a migrating session.
 *
 * Sampled every few ms on a session of its own: pg_locks.waitstart says since when a session waits,
 * pg_blocking_pids for whom (also whom it merely queues behind). A wait can end just after it was
 * seen: so each is up to one interval longer than sampled, and the interval is reported too.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    double table_wait_ms; /* longest: behind DDL that holds, or queues for, a table */
    double row_wait_ms;   /* longest: for a row that is being backfilled */
    gint64 waits;         /* distinct ones seen */
    gint64 samples;
    double interval_ms; /* on average, between two samples */
    char worst[160];    /* what the migrating session ran during the longest one */
} StallReading;

typedef struct StallSampler StallSampler;

/* Watches waits of @role's sessions for sessions whose application_name begins with @blocker. */
StallSampler *stall_start(const char *url, const char *role, const char *blocker, GError **error);
/* The figures so far. */
void stall_read(StallSampler *sampler, StallReading *ret_reading);
void stall_free(StallSampler *sampler);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StallSampler, stall_free)
