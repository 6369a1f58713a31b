/*
 * demo/havoc.h - CRASH: when sluice is killed, and when the database is.
 *
 * In each step sluice is killed once, at a random moment of the time that the step usually takes;
 * if the step ends sooner, then at once. The database is crashed once, in a random step of those
 * that take long enough to feel it.
 */
#pragma once

#include "demo/watch.h"

typedef struct {
    GRand *random;
    int steps_begun;       /* ordinals below this have had their kill planned */
    gint64 kill_at;        /* us; 0: none planned */
    int steps_until_crash; /* of those that feel it; < 0: over */
    gint64 crash_at;       /* us; 0: none planned */
} Havoc;

typedef enum { HAVOC_NOTHING, HAVOC_KILL_SLUICE, HAVOC_CRASH_DATABASE } HavocAct;

void havoc_init(Havoc *havoc, guint32 seed);
void havoc_clear(Havoc *havoc);
/* What is due now; each act is named once. */
HavocAct havoc_look(Havoc *havoc, const RolloutView *view);
