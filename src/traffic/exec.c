/* A command of the user's that steers a router of which sluice knows nothing. */

#include "base/error.h"
#include "base/json.h"
#include "base/proc.h"
#include "traffic/driver.h"

enum { COMMAND_TIMEOUT_MS = 30000 };

typedef struct {
    const Settings *settings;
} Exec;

static void *
exec_open(const Settings *settings, const Clock *clock G_GNUC_UNUSED, GError **error)
{
    Exec *exec;

    if (settings->traffic_command == NULL) {
        error_set(error, ERROR_CONFIG, "traffic.command is not set");
        error_hint(error,
                   "The exec driver needs a command; docs/traffic.md says how it is called.");
        return NULL;
    }
    exec = g_new0(Exec, 1);
    exec->settings = settings;
    return exec;
}

static void
exec_close(void *driver)
{
    g_free(driver);
}

static bool
run(const Exec *exec, const char *words, char **ret_output, GError **error)
{
    g_autofree char *line = g_strdup_printf("%s %s", exec->settings->traffic_command, words);

    return proc_run_shell(line, exec->settings->folder, NULL, COMMAND_TIMEOUT_MS, ret_output,
                          error);
}

static bool
fail(const Exec *exec, const char *why, GError **error)
{
    error_set(error, ERROR_CONFIG, "'%s read' answered %s", exec->settings->traffic_command, why);
    return error_hint(error, "It has to print one JSON object and nothing else; docs/traffic.md "
                             "shows it.");
}

static bool
unpack_pool(json_t *object, PoolState *ret_pool, json_error_t *ret_why)
{
    json_int_t servers, up, drained, open, total, bad;

    if (json_unpack_ex(object, ret_why, JSON_STRICT, "{s:F, s:I, s:I, s:I, s:I, s:I, s:I}", "share",
                       &ret_pool->share, "servers", &servers, "up", &up, "drained", &drained,
                       "open", &open, "total", &total, "bad", &bad) != 0)
        return false;
    ret_pool->servers = (guint) servers;
    ret_pool->up = (guint) up;
    ret_pool->drained = (guint) drained;
    ret_pool->open = open;
    ret_pool->total = total;
    ret_pool->bad = bad;
    return true;
}

static bool
check_pool(const Exec *exec, Pool pool, const PoolState *state, GError **error)
{
    g_autofree char *why = NULL;

    if (state->share < 0 || state->share > 1)
        why = g_strdup_printf("%s.share %g, which is not in 0..1", pool_name(pool), state->share);
    else if (state->up > state->servers || state->drained > state->servers)
        why = g_strdup_printf("%s with more servers up or drained than it has", pool_name(pool));
    else if (state->open < 0 || state->bad < 0 || state->total < 0)
        why = g_strdup_printf("%s with a count below 0", pool_name(pool));
    return why == NULL || fail(exec, why, error);
}

static bool
exec_read(void *driver, TrafficState *ret_state, GError **error)
{
    const Exec *exec = driver;
    g_autofree char *output = NULL;
    g_autofree char *why = NULL;
    g_autoptr(json_t) root = NULL;
    TrafficState state = {0};
    json_error_t at;
    json_t *pools[POOL_N];
    json_int_t epoch;

    if (!run(exec, "read", &output, error))
        return false;
    root = json_loads(output, JSON_REJECT_DUPLICATES, &at);
    if (root == NULL ||
        json_unpack_ex(root, &at, JSON_STRICT, "{s:o, s:o, s:I}", pool_name(POOL_STABLE),
                       &pools[POOL_STABLE], pool_name(POOL_CANARY), &pools[POOL_CANARY], "epoch",
                       &epoch) != 0 ||
        !unpack_pool(pools[POOL_STABLE], &state.pools[POOL_STABLE], &at) ||
        !unpack_pool(pools[POOL_CANARY], &state.pools[POOL_CANARY], &at)) {
        why = g_strdup_printf("what is not the JSON asked for: %s", at.text);
        return fail(exec, why, error);
    }
    for (Pool pool = 0; pool < POOL_N; pool++)
        if (!check_pool(exec, pool, &state.pools[pool], error))
            return false;
    state.epoch = epoch;
    *ret_state = state;
    return true;
}

static bool
exec_check(void *driver, GError **error)
{
    TrafficState unused;

    return exec_read(driver, &unused, error);
}

static bool
exec_set(void *driver, int percent, double *ret_share, GError **error)
{
    g_autofree char *words = g_strdup_printf("set %d %d", 100 - percent, percent);

    *ret_share = percent / 100.0;
    return run(driver, words, NULL, error);
}

static bool
exec_admit(void *driver, Pool pool, bool admitted, GError **error)
{
    g_autofree char *words =
        g_strdup_printf("%s %s", admitted ? "put-back" : "take-out", pool_name(pool));

    return run(driver, words, NULL, error);
}

const TrafficDriver traffic_exec = {
    .name = "exec",
    .open = exec_open,
    .close = exec_close,
    .check = exec_check,
    .read = exec_read,
    .set = exec_set,
    .admit = exec_admit,
};
