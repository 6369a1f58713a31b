/*
 * demo/people.h - those who approve: at each gate that waits, each in turn, from a terminal of
 * their own, after the demo has counted for itself that no row differs.
 */
#pragma once

#include "demo/findings.h"
#include "demo/stage.h"
#include "demo/watch.h"

typedef struct {
    const Stage *stage;
    int gate_step;        /* ordinal of the gate that waits; -1: none */
    gint64 waiting_since; /* us */
    bool counted;
    guint approved; /* how many have */
} People;

void people_init(People *people, const Stage *stage);
/* Called often; acts when a gate has waited for a moment. */
bool people_look(People *people, const RolloutView *view, Findings *findings, GError **error);
