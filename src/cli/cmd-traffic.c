#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "traffic/traffic.h"

static json_t *
pool_json(const PoolState *pool)
{
    return json_pack("{s:f, s:I, s:I, s:I, s:I, s:I, s:I}", "share", pool->share, "servers",
                     (json_int_t) pool->servers, "up", (json_int_t) pool->up, "drained",
                     (json_int_t) pool->drained, "open", (json_int_t) pool->open, "total",
                     (json_int_t) pool->total, "bad", (json_int_t) pool->bad);
}

static void
add_row(GPtrArray *rows, Pool which, const PoolState *pool)
{
    GStrv row = g_new0(char *, 8);

    row[0] = g_strdup(pool_name(which));
    row[1] = g_strdup_printf("%.1f %%", pool->share * 100);
    row[2] = g_strdup_printf("%u of %u", pool->up, pool->servers);
    row[3] = g_strdup_printf("%u", pool->drained);
    row[4] = g_strdup_printf("%" G_GINT64_FORMAT, pool->open);
    row[5] = g_strdup_printf("%" G_GINT64_FORMAT, pool->total);
    row[6] = g_strdup_printf("%" G_GINT64_FORMAT, pool->bad);
    g_ptr_array_add(rows, row);
}

static bool
run_traffic(App *app, void *options G_GNUC_UNUSED, const char *const *words G_GNUC_UNUSED,
            GError **error)
{
    static const char *const header[] = {"POOL", "SHARE",    "UP",  "DRAINED",
                                         "OPEN", "REQUESTS", "BAD", NULL};
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    g_autoptr(Traffic) traffic = traffic_new(app->settings, app->clock, error);
    TrafficState state;

    if (traffic == NULL || !traffic_read(traffic, &state, error))
        return false;
    for (Pool pool = 0; pool < POOL_N; pool++)
        add_row(rows, pool, &state.pools[pool]);
    output_table(app->output, header, rows);
    output_json(app->output,
                json_pack("{s:o, s:o, s:I}", "stable", pool_json(&state.pools[POOL_STABLE]),
                          "canary", pool_json(&state.pools[POOL_CANARY]), "epoch",
                          (json_int_t) state.epoch));
    return traffic_check(traffic, error);
}

const Command command_traffic = {
    .group = "Rollout",
    .name = "traffic",
    .summary = "show what the router does with the app's traffic",
    .usage = "",
    .details = "Asks the router itself: the share of both pools as their weights say it, servers "
               "that pass their health checks, servers taken out, and the counters that the "
               "analysis works from. Fails if the router is not configured so that a rollout could "
               "steer it. Changes nothing: weights are set by the rollout alone.",
    .example = "sluice traffic --format json",
    .needs = NEED_SETTINGS,
    .run = run_traffic,
};
