/*
 * rehearse/twins.h - two more copies of the start, in which whole lives run in order, as on a new
 * database: in one undisturbed, in the other killed on the way.
 */
#pragma once

#include "rehearse/run.h"

typedef struct {
    char *fresh_url, *killed_url;
    MigrateContext fresh, killed;
    guint kills;
    char *problem; /* the first that killing brought */
} Twins;

/* Copies the copy; nobody is in the copies until they are compared. Must be cleared after an error
 * too. */
bool twins_open(Run *run, Twins *twins, GError **error);
void twins_clear(Twins *twins);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Twins, twins_clear)

/* Lives all lives, and adds the checks of both against @ended, the copy in production order. */
bool twins_compare(Run *run, Twins *twins, Snapshot *ended, GError **error);
