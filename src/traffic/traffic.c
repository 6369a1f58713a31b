#include "traffic/traffic.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/stop.h"
#include "traffic/driver.h"

enum { DRAIN_POLL_MS = 100 };

/* Shares are compared after a set with what the driver aimed at. */
static const double SHARE_EXACT = 0.001;
static const double SHARE_COARSE = 0.01 + 1e-9;

static const TrafficDriver *const drivers[] = {
    &traffic_exec,
    &traffic_haproxy,
};

struct Traffic {
    const TrafficDriver *driver;
    void *state;
    const Settings *settings;
    const Clock *clock;
};

const char *
pool_name(Pool pool)
{
    return pool == POOL_STABLE ? "stable" : "canary";
}

static const TrafficDriver *
find_driver(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(drivers); i++)
        if (strcmp(drivers[i]->name, name) == 0)
            return drivers[i];
    return NULL;
}

Traffic *
traffic_new(const Settings *settings, const Clock *clock, GError **error)
{
    const TrafficDriver *driver;
    void *state;
    Traffic *traffic;

    if (settings->traffic_driver == NULL) {
        error_set(error, ERROR_CONFIG, "no router is configured: traffic.driver is not set");
        error_hint(error,
                   "Set it to 'haproxy' or 'exec' in sluice.yaml; docs/traffic.md shows both.");
        return NULL;
    }
    driver = find_driver(settings->traffic_driver);
    if (driver == NULL) {
        error_set(error, ERROR_CONFIG, "unknown traffic.driver '%s'", settings->traffic_driver);
        error_hint(error, "Set it to 'haproxy' or 'exec'.");
        return NULL;
    }
    state = driver->open(settings, clock, error);
    if (state == NULL)
        return NULL;
    traffic = g_new0(Traffic, 1);
    *traffic = (Traffic){.driver = driver, .state = state, .settings = settings, .clock = clock};
    return traffic;
}

void
traffic_free(Traffic *traffic)
{
    if (traffic == NULL)
        return;
    traffic->driver->close(traffic->state);
    g_free(traffic);
}

bool
traffic_check(Traffic *traffic, GError **error)
{
    return traffic->driver->check(traffic->state, error);
}

bool
traffic_read(Traffic *traffic, TrafficState *ret_state, GError **error)
{
    return traffic->driver->read(traffic->state, ret_state, error);
}

bool
traffic_is_at(const TrafficState *state, int percent)
{
    const double wanted = percent / 100.0;
    const double allowed = percent == 0 || percent == 100 ? SHARE_EXACT : SHARE_COARSE;

    return fabs(state->pools[POOL_CANARY].share - wanted) <= allowed &&
           (percent == 100 || state->pools[POOL_STABLE].share > 0);
}

bool
traffic_set(Traffic *traffic, int percent, TrafficState *ret_state, GError **error)
{
    TrafficState state;
    double share = 0;

    g_assert(percent >= 0 && percent <= 100);
    FAULT_POINT("traffic-before-set");
    if (!traffic->driver->set(traffic->state, percent, &share, error))
        return false;
    FAULT_POINT("traffic-after-set");
    if (!traffic_read(traffic, &state, error))
        return false;
    if (fabs(state.pools[POOL_CANARY].share - share) > SHARE_EXACT) {
        error_set(error, ERROR_DRIFT,
                  "the router gives the canary %.1f %% of the traffic after it was told %.1f %%",
                  state.pools[POOL_CANARY].share * 100, share * 100);
        return error_hint(error, "Somebody else may be changing its weights; `sluice traffic` "
                                 "prints what it says now.");
    }
    if (ret_state)
        *ret_state = state;
    return true;
}

bool
traffic_take_out(Traffic *traffic, Pool pool, GError **error)
{
    FAULT_POINT("traffic-before-take-out");
    return traffic->driver->admit(traffic->state, pool, false, error);
}

bool
traffic_put_back(Traffic *traffic, Pool pool, GError **error)
{
    return traffic->driver->admit(traffic->state, pool, true, error);
}

bool
traffic_drain(Traffic *traffic, Pool pool, GError **error)
{
    const gint64 deadline = clock_now_ms(traffic->clock) + traffic->settings->traffic_drain_ms;
    TrafficState state;

    if (!traffic_take_out(traffic, pool, error))
        return false;
    for (;;) {
        if (!traffic_read(traffic, &state, error))
            return false;
        if (state.pools[pool].open == 0)
            return true;
        if (!stop_check(error))
            return false;
        if (clock_now_ms(traffic->clock) >= deadline) {
            error_set(error, ERROR_STATE,
                      "%" G_GINT64_FORMAT " requests are still open on the %s servers",
                      state.pools[pool].open, pool_name(pool));
            return error_hint(error,
                              "They were given traffic.drain to end; run it again to wait longer.");
        }
        clock_sleep_ms(traffic->clock, DRAIN_POLL_MS);
    }
}
