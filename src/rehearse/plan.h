/*
 * rehearse/plan.h - the statements that a phase is going to run, as one would type them.
 */
#pragma once

#include "rehearse/copy.h"

typedef struct {
    char *sql;
    char *label;       /* of what sluice adds: "sync triggers on users"; NULL: the author's */
    const char *phase; /* "finish" of what runs at the end of a backfill; borrowed */
    guint run;         /* statements of a number share a transaction in production */
    bool transactional;
} Planned;

/* @revision with its sections. Of Planned *; caller owns. */
GPtrArray *plan_phase(const Copy *copy, const Revision *revision, const char *phase,
                      GError **error);
