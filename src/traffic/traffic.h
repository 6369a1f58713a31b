/*
 * traffic/traffic.h - one interface to what splits the app's traffic; one file a driver.
 *
 * The router is the truth about traffic: every set is read back. Setting is absolute, so it is safe
 * to repeat. Counters are cumulative; the caller takes differences, and drops an interval whose
 * epoch changed.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/clock.h"
#include "conf/settings.h"

typedef enum { POOL_STABLE, POOL_CANARY, POOL_N } Pool;
const char *pool_name(Pool pool);

typedef struct {
    double share;      /* 0..1: what the weights of the servers not taken out amount to */
    guint servers, up; /* up: passes its health checks */
    guint drained;     /* servers taken out (drain or maintenance) by hand or by an abort */
    gint64 open;       /* requests in flight (haproxy: scur + qcur) */
    gint64 total, bad; /* cumulative: bad = 5xx + connect errors + response errors + redispatches;
                          a request that its client gave up is in neither */
} PoolState;

typedef struct {
    PoolState pools[POOL_N];
    gint64 epoch; /* changes when the router restarted: weights and counters began anew */
} TrafficState;

typedef struct Traffic Traffic;

/* The driver that @settings names, or NULL with ERROR_CONFIG (missing keys, unknown driver). Talks
 * to nobody yet. @settings and @clock must outlive it. Caller owns. */
Traffic *traffic_new(const Settings *settings, const Clock *clock, GError **error);
void traffic_free(Traffic *traffic);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Traffic, traffic_free)

/* Could the canary be given a share? ERROR_CONNECTION: socket gone; ERROR_CONFIG: an unknown
 * backend or server, one that is in neither pool, a way of balancing without weights. To be asked
 * before a rollout begins: reading, and the way back to 0 %, need less, for somebody may change the
 * router's configuration in the middle. */
bool traffic_check(Traffic *traffic, GError **error);
/* ERROR_CONNECTION: socket gone; ERROR_CONFIG: unknown backend. A server that the router does not
 * know counts in `servers`, not in `up`; those in neither pool lessen both shares. */
bool traffic_read(Traffic *traffic, TrafficState *ret_state, GError **error);
/* Canary gets @percent of the traffic, stable the rest; read back and compared (ERROR_DRIFT if it
 * differs). The servers of a pool with a share above 0 are made ready (those in maintenance only if
 * the whole pool is); those of a pool without one stay up, and warm. *@ret_state (may be NULL) is
 * what was read back. */
bool traffic_set(Traffic *traffic, int percent, TrafficState *ret_state, GError **error);
/* Has the canary @percent, and stable something of the rest? Within a point, for routers have
 * coarse weights; 0 and 100 are exact. */
bool traffic_is_at(const TrafficState *state, int percent);
/* No new requests to the pool (open ones end); false with ERROR_STATE if some are still open after
 * traffic.drain. */
bool traffic_drain(Traffic *traffic, Pool pool, GError **error);
/* Like traffic_drain, without waiting: what an abort does to the canary; every orchestrator reads
 * drained canary servers as "aborted". */
bool traffic_take_out(Traffic *traffic, Pool pool, GError **error);
/* Undoes take_out. */
bool traffic_put_back(Traffic *traffic, Pool pool, GError **error);
