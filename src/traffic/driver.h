/*
 * traffic/driver.h - what a traffic driver is: one file and one row in traffic.c's table.
 *
 * Private to the room. A driver acts and reads; reading back, comparing and waiting for drained
 * servers are traffic.c's, the same for all.
 */
#pragma once

#include "traffic/traffic.h"

typedef struct {
    const char *name; /* traffic.driver */
    /* Checks the keys it needs (ERROR_CONFIG); talks to nobody. */
    void *(*open)(const Settings *settings, const Clock *clock, GError **error);
    void (*close)(void *driver);
    /* Is the router configured so that shares above 0 can be given? */
    bool (*check)(void *driver, GError **error);
    bool (*read)(void *driver, TrafficState *ret_state, GError **error);
    /* *@ret_share: the canary's share that it aimed at, as near to @percent as the router's weights
     * allow. */
    bool (*set)(void *driver, int percent, double *ret_share, GError **error);
    /* Lets new requests reach the pool's servers, or keeps them away. */
    bool (*admit)(void *driver, Pool pool, bool admitted, GError **error);
} TrafficDriver;

extern const TrafficDriver traffic_exec;
extern const TrafficDriver traffic_haproxy;
