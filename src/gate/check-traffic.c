#include "gate/check.h"

static json_t *
pool_json(const PoolState *pool)
{
    return json_pack("{s:f, s:i, s:i, s:i, s:I}", "share", pool->share, "servers",
                     (int) pool->servers, "up", (int) pool->up, "drained", (int) pool->drained,
                     "open", (json_int_t) pool->open);
}

static bool
no_router(GateCheck *check)
{
    return check_pass(check, NULL, "no router is configured: not asked");
}

static bool
unhealthy(GateCheck *check, const PoolState *pool, Pool which)
{
    g_autofree char *next = g_strdup_printf(
        "Bring the servers of pool %s up; the router's own checks must pass.", pool_name(which));

    if (pool->drained > 0)
        return check_fail(check, pool_json(pool), "Put them back in the router, or abort.",
                          "%u of %u %s servers are taken out", pool->drained, pool->servers,
                          pool_name(which));
    return check_wait(check, 0, pool_json(pool), next, "%u of %u %s servers are up", pool->up,
                      pool->servers, pool_name(which));
}

/* A pool that carries traffic is healthy if its last judged step passed; one without is if it
 * passed when it had some. Both: every server up. */
static bool
check_pool(const GateContext *context, Pool which, GateCheck *check, GError **error)
{
    TrafficState state;
    const PoolState *pool = &state.pools[which];

    if (context->traffic == NULL)
        return no_router(check);
    if (!traffic_read(context->traffic, &state, error))
        return false;
    if (pool->drained > 0 || pool->servers == 0 || pool->up < pool->servers)
        return unhealthy(check, pool, which);
    if (context->judged > 0 && !context->judged_passed)
        return check_fail(check, pool_json(pool), "Find the cause, or abort the rollout.",
                          "%u of %u servers are up, but its last analysis did not pass", pool->up,
                          pool->servers);
    if (context->judged == 0)
        return check_pass(check, pool_json(pool),
                          "%u of %u servers are up, %.0f %% of the traffic; no analysis judged it",
                          pool->up, pool->servers, pool->share * 100);
    return check_pass(check, pool_json(pool),
                      "%u of %u servers are up, %.0f %% of the traffic; passed its last analysis",
                      pool->up, pool->servers, pool->share * 100);
}

bool
check_canary(const GateContext *context, const Revision *revision G_GNUC_UNUSED, GateCheck *check,
             GError **error)
{
    return check_pool(context, POOL_CANARY, check, error);
}

bool
check_stable(const GateContext *context, const Revision *revision G_GNUC_UNUSED, GateCheck *check,
             GError **error)
{
    if (context->old_version == NULL || context->retired)
        return check_pass(check, NULL, "no old version runs: not asked");
    return check_pool(context, POOL_STABLE, check, error);
}

/* The old version must be able to take the traffic back at any moment, without the database. */
bool
check_way_back(const GateContext *context, const Revision *revision G_GNUC_UNUSED, GateCheck *check,
               GError **error)
{
    g_autoptr(GError) local = NULL;
    bool ready = false;

    if (context->old_version == NULL)
        return check_pass(check, NULL, "there is no old version to go back to");
    if (context->retired)
        return check_pass(check, NULL, "not asked: the plan has retired %s already",
                          context->old_version);
    if (context->journal && !journal_is_writable(context->journal, &local))
        return check_fail(check, NULL, error_get_hint(local),
                          "the journal of traffic actions cannot be written: %s", local->message);
    if (context->deploy == NULL)
        return check_pass(check, NULL, "journal writable; no deploy driver to ask about %s",
                          context->old_version);
    if (!deploy_is_ready(context->deploy, context->old_version, &ready, error))
        return false;
    if (ready)
        return check_pass(check, NULL, "the instances of %s are ready%s", context->old_version,
                          context->journal ? ", the journal is writable" : "");
    return check_wait(check, 0, NULL, "Bring the old version's instances up, or abort.",
                      "the instances of %s are not all ready", context->old_version);
}

bool
check_retired(const GateContext *context, const Revision *revision G_GNUC_UNUSED, GateCheck *check,
              GError **error)
{
    TrafficState state;
    const PoolState *stable = &state.pools[POOL_STABLE];
    bool ready = false;

    if (context->old_version == NULL)
        return check_pass(check, NULL, "there is no old version");
    if (context->deploy && !deploy_is_ready(context->deploy, context->old_version, &ready, error))
        return false;
    if (ready)
        return check_fail(check, NULL, "Retire it: `sluice rollout step retire`.",
                          "%s still answers", context->old_version);
    if (context->traffic == NULL)
        return check_pass(check, NULL, "%s does not answer", context->old_version);
    if (!traffic_read(context->traffic, &state, error))
        return false;
    if (stable->open > 0 || (stable->up > 0 && stable->share > 0))
        return check_wait(check, 0, pool_json(stable), "Take the old servers out of the router.",
                          "stable still has %.0f %% of the traffic, %" G_GINT64_FORMAT
                          " requests in flight",
                          stable->share * 100, stable->open);
    return check_pass(check, pool_json(stable), "%s does not answer, and has no traffic",
                      context->old_version);
}
