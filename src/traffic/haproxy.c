/* HAProxy's runtime API: weights and states of the servers of one backend. */

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "traffic/driver.h"
#include "traffic/haproxy-socket.h"
#include "traffic/haproxy-view.h"
#include "traffic/weights.h"

enum { COMMANDS_A_LINE = 64 };

/* The asked share and the nearest that weights can give may differ by a point. */
static const double SHARE_TOLERANCE = 0.01;

typedef struct {
    const Settings *settings;
    const Clock *clock;
    char *object; /* "backend 'app' at '/run/..'" for messages */
} Haproxy;

static void
haproxy_close(void *driver)
{
    Haproxy *haproxy = driver;

    g_free(haproxy->object);
    g_free(haproxy);
}

static void *
haproxy_open(const Settings *settings, const Clock *clock, GError **error)
{
    const struct {
        const char *key;
        bool is_set;
    } needed[] = {
        {"traffic.socket", settings->traffic_socket != NULL},
        {"traffic.backend", settings->traffic_backend != NULL},
        {"traffic.stable", settings->traffic_stable->len > 0},
        {"traffic.canary", settings->traffic_canary->len > 0},
    };
    Haproxy *haproxy;

    for (guint i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (needed[i].is_set)
            continue;
        error_set(error, ERROR_CONFIG, "%s is not set", needed[i].key);
        error_hint(error, "The haproxy driver needs traffic.socket, traffic.backend, and the names "
                          "of servers in traffic.stable and traffic.canary.");
        return NULL;
    }
    haproxy = g_new0(Haproxy, 1);
    haproxy->settings = settings;
    haproxy->clock = clock;
    haproxy->object = g_strdup_printf("backend '%s' at '%s'", settings->traffic_backend,
                                      settings->traffic_socket);
    return haproxy;
}

static View *
look(const Haproxy *haproxy, GError **error)
{
    return view_read(haproxy->settings, haproxy->clock, haproxy->object, error);
}

static bool
takes_traffic(const Server *server)
{
    return server->weight > 0 && !server->backup && !server->maintained && !server->drained;
}

static bool
haproxy_read(void *driver, TrafficState *ret_state, GError **error)
{
    const Haproxy *haproxy = driver;
    g_autoptr(View) view = look(haproxy, error);
    gint64 weights[POOL_N + 1] = {0}, sum = 0;
    TrafficState state = {0};

    if (view == NULL)
        return false;
    for (guint i = 0; i < view->servers->len; i++) {
        const Server *server = g_ptr_array_index(view->servers, i);

        weights[server->pool] += takes_traffic(server) ? server->weight : 0;
        if (server->pool == POOL_N)
            continue;
        state.pools[server->pool].up += server->running ? 1 : 0;
        state.pools[server->pool].drained += server->maintained || server->drained ? 1 : 0;
        state.pools[server->pool].open += server->open;
        state.pools[server->pool].total += server->total;
        state.pools[server->pool].bad += server->bad;
    }
    sum = MAX(weights[POOL_STABLE] + weights[POOL_CANARY] + weights[POOL_N], 1);
    for (Pool pool = 0; pool < POOL_N; pool++)
        state.pools[pool].share = (double) weights[pool] / (double) sum;
    state.pools[POOL_STABLE].servers = haproxy->settings->traffic_stable->len;
    state.pools[POOL_CANARY].servers = haproxy->settings->traffic_canary->len;
    state.epoch = view->epoch;
    *ret_state = state;
    return true;
}

static bool
check_names(const Haproxy *haproxy, const View *view, const GPtrArray *names, GError **error)
{
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);

        if (view_find(view, name) != NULL)
            continue;
        error_set(error, ERROR_CONFIG, "%s has no server '%s'", haproxy->object, name);
        return error_hint(error, "Name servers of this backend in traffic.stable and "
                                 "traffic.canary, as their 'server' lines do.");
    }
    return true;
}

/* A server in neither pool would take traffic that no share accounts for. */
static bool
check_no_others(const Haproxy *haproxy, const View *view, GError **error)
{
    for (guint i = 0; i < view->servers->len; i++) {
        const Server *server = g_ptr_array_index(view->servers, i);

        if (server->pool != POOL_N || !takes_traffic(server))
            continue;
        error_set(error, ERROR_CONFIG, "%s has server '%s', which is in neither pool",
                  haproxy->object, server->name);
        return error_hint(error, "Name it in traffic.stable or traffic.canary, or give it weight "
                                 "0: it takes traffic that sluice does not steer.");
    }
    return true;
}

static bool
check_view(const Haproxy *haproxy, const View *view, GError **error)
{
    if (strcmp(view->algorithm, "static-rr") == 0 || strcmp(view->algorithm, "first") == 0) {
        error_set(error, ERROR_CONFIG, "%s has 'balance %s', which does not follow weights",
                  haproxy->object, view->algorithm);
        return error_hint(error, "Use 'balance roundrobin', 'leastconn' or 'random'.");
    }
    return check_names(haproxy, view, haproxy->settings->traffic_stable, error) &&
           check_names(haproxy, view, haproxy->settings->traffic_canary, error) &&
           check_no_others(haproxy, view, error);
}

static bool
haproxy_check(void *driver, GError **error)
{
    const Haproxy *haproxy = driver;
    g_autoptr(View) view = look(haproxy, error);

    return view != NULL && check_view(haproxy, view, error);
}

/* Servers of @pool that a set makes serve. One in maintenance is somebody's hand at work, and stays
 * so; if all are, the configuration had them wait for us ('disabled'). */
static guint
count_usable(const View *view, Pool pool, bool *ret_all_maintained)
{
    guint n = 0, maintained = 0;

    for (guint i = 0; i < view->servers->len; i++) {
        const Server *server = g_ptr_array_index(view->servers, i);
        if (server->pool == pool) {
            n++;
            maintained += server->maintained ? 1 : 0;
        }
    }
    *ret_all_maintained = n == maintained;
    return n == maintained ? n : n - maintained;
}

/* Several in a line, so that no other's request comes between; a line has to fit HAProxy's buffer.
 */
static bool
command_all(const Haproxy *haproxy, GPtrArray *commands, GError **error)
{
    for (guint at = 0; at < commands->len; at += COMMANDS_A_LINE) {
        g_autoptr(GString) line = g_string_new(NULL);
        g_autofree char *reply = NULL;

        for (guint i = at; i < MIN(at + COMMANDS_A_LINE, commands->len); i++)
            g_string_append_printf(line, "%s%s", i > at ? "; " : "",
                                   (const char *) g_ptr_array_index(commands, i));
        reply = haproxy_ask(haproxy->settings->traffic_socket, haproxy->clock, line->str, error);
        if (reply == NULL || !haproxy_check_reply(reply, haproxy->object, error))
            return false;
    }
    return true;
}

static void
add_command(GPtrArray *commands, const Haproxy *haproxy, const Server *server, const char *what,
            const char *value)
{
    g_ptr_array_add(commands,
                    g_strdup_printf("set server %s/%s %s %s", haproxy->settings->traffic_backend,
                                    server->name, what, value));
}

static void
add_pool(GPtrArray *commands, const Haproxy *haproxy, const View *view, Pool pool, int weight)
{
    g_autofree char *text = g_strdup_printf("%d", weight);
    bool all_maintained;

    count_usable(view, pool, &all_maintained);
    for (guint i = 0; i < view->servers->len; i++) {
        const Server *server = g_ptr_array_index(view->servers, i);

        if (server->pool != pool)
            continue;
        add_command(commands, haproxy, server, "weight", text);
        if (weight > 0 && (server->drained || server->maintained) &&
            (all_maintained || !server->maintained))
            add_command(commands, haproxy, server, "state", "ready");
    }
}

static bool
weigh(int percent, const View *view, Weights *ret_weights, GError **error)
{
    bool unused;
    const guint stable = count_usable(view, POOL_STABLE, &unused);
    const guint canary = count_usable(view, POOL_CANARY, &unused);

    *ret_weights = weights_for(percent, stable, canary);
    if (fabs(ret_weights->share - percent / 100.0) <= SHARE_TOLERANCE)
        return true;
    error_set(
        error, ERROR_CONFIG,
        "weights of %u stable and %u canary servers cannot give the canary %d %%: the nearest "
        "is %.1f %%",
        stable, canary, percent, ret_weights->share * 100);
    return error_hint(error, "Choose a weight nearer to that, or pools of more equal size.");
}

/* The way back, to 0 %, is not refused for anything that leaves it possible. */
static bool
haproxy_set(void *driver, int percent, double *ret_share, GError **error)
{
    const Haproxy *haproxy = driver;
    g_autoptr(View) view = look(haproxy, error);
    g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func(g_free);
    Weights weights;

    if (view == NULL || (percent > 0 && !check_view(haproxy, view, error)) ||
        !weigh(percent, view, &weights, error))
        return false;
    /* Never a moment without a server, and never more for the canary than before or after. */
    if (weights.stable > 0)
        add_pool(commands, haproxy, view, POOL_STABLE, weights.stable);
    add_pool(commands, haproxy, view, POOL_CANARY, weights.canary);
    if (weights.stable == 0)
        add_pool(commands, haproxy, view, POOL_STABLE, weights.stable);
    *ret_share = weights.share;
    return command_all(haproxy, commands, error);
}

static bool
haproxy_admit(void *driver, Pool pool, bool admitted, GError **error)
{
    const Haproxy *haproxy = driver;
    g_autoptr(View) view = look(haproxy, error);
    g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func(g_free);

    if (view == NULL)
        return false;
    for (guint i = 0; i < view->servers->len; i++) {
        const Server *server = g_ptr_array_index(view->servers, i);
        if (server->pool == pool && !server->maintained)
            add_command(commands, haproxy, server, "state", admitted ? "ready" : "drain");
    }
    return command_all(haproxy, commands, error);
}

const TrafficDriver traffic_haproxy = {
    .name = "haproxy",
    .open = haproxy_open,
    .close = haproxy_close,
    .check = haproxy_check,
    .read = haproxy_read,
    .set = haproxy_set,
    .admit = haproxy_admit,
};
