/*
 * demo/watch.h - where the rollout stands, as the ledger tells anybody who may read it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    bool exists; /* there is a rollout */
    char state[16];
    int step; /* ordinal of the step that runs or waits; -1: none */
    char kind[16], name[32], step_state[16];
} RolloutView;

typedef struct Watch Watch;

Watch *watch_new(const char *url);
void watch_free(Watch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Watch, watch_free)

/* False if the database does not answer: it is asked again on the next call. */
bool watch_look(Watch *watch, RolloutView *ret_view);
