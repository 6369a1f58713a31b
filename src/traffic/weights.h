/*
 * traffic/weights.h - a share of the traffic as whole-numbered weights of servers.
 *
 * Private to the room.
 */
#pragma once

#include <glib.h>

typedef struct {
    int stable, canary; /* of each server of the pool, 0..256; 0 only for a pool without a share */
    double share;       /* the canary's, that they amount to */
} Weights;

/* The weights up to 256 that come nearest to @percent for @canary_servers beside @stable_servers.
 * The heavier side stays near 256, so that weights of one step are on the scale of the next and no
 * moment between two commands gives the canary more than both steps do. A pool without servers has
 * weight 0. */
Weights weights_for(int percent, guint stable_servers, guint canary_servers);
