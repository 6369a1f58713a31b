/*
 * demo/bystanders.h - the others on the database: an analyst with a long transaction, and a job
 * that writes columns of the same rows that nobody renames.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "demo/timeline.h"

typedef struct Analyst Analyst;

/* BEGIN, reads users, then sits idle in transaction for @hold_ms. Returns once it has read. */
Analyst *analyst_start(const char *url, Timeline *timeline, gint64 hold_ms, GError **error);
/* Lets it COMMIT, now if it has not yet. */
void analyst_free(Analyst *analyst);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Analyst, analyst_free)

typedef struct Job Job;

/* UPDATE users SET last_seen = now(), one row of ids 1..@users at a time, @per_second. Survives a
 * database that goes away. */
Job *job_start(const char *url, int users, int per_second, GError **error);
gint64 job_updates(Job *job);
void job_free(Job *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Job, job_free)
