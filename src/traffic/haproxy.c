/* HAProxy's runtime API: weights and states of the servers of one backend. */

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "traffic/driver.h"
#include "traffic/haproxy-socket.h"
#include "traffic/haproxy-stat.h"
#include "traffic/weights.h"

/* srv_admin_state. Maintenance or drain, forced by hand or inherited from a tracked server; the
 * other bits (unresolved names, agents) say that a server is down, not that it was taken out. */
enum { ADMIN_MAINT = 0x01 | 0x02, ADMIN_DRAIN = 0x08 | 0x10 };

enum { PID_BITS = 22, COMMANDS_A_LINE = 64 };

/* The asked share and the nearest that weights can give may differ by a point. */
static const double SHARE_TOLERANCE = 0.01;

typedef struct {
    const Settings *settings;
    const Clock *clock;
    const char *socket;
    char *object; /* "backend 'app' at '/run/..'" for messages */
} Haproxy;

typedef struct {
    char *name;
    Pool pool;
    guint admin; /* bits of srv_admin_state */
    bool running;
    gint64 weight;
} Server;

static void
server_free(Server *server)
{
    g_free(server->name);
    g_free(server);
}

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
    haproxy->socket = settings->traffic_socket;
    haproxy->object =
        g_strdup_printf("backend '%s' at '%s'", settings->traffic_backend, haproxy->socket);
    return haproxy;
}

/* A reply that should be a table: a sentence instead is an error. */
static char *
ask_table(Haproxy *haproxy, const char *command, GError **error)
{
    g_autofree char *reply = haproxy_ask(haproxy->socket, haproxy->clock, command, error);

    if (reply == NULL)
        return NULL;
    if (strchr(reply, '#') == NULL) {
        if (haproxy_check_reply(reply, haproxy->object, error))
            error_set(error, ERROR_CONNECTION, "HAProxy gave no answer to '%s' for %s", command,
                      haproxy->object);
        return NULL;
    }
    return g_steal_pointer(&reply);
}

static bool
find_pool(const Settings *settings, const char *name, Pool *ret_pool)
{
    if (g_ptr_array_find_with_equal_func(settings->traffic_stable, name, g_str_equal, NULL))
        *ret_pool = POOL_STABLE;
    else if (g_ptr_array_find_with_equal_func(settings->traffic_canary, name, g_str_equal, NULL))
        *ret_pool = POOL_CANARY;
    else
        return false;
    return true;
}

static bool
check_names(Haproxy *haproxy, GPtrArray *servers, const GPtrArray *names, GError **error)
{
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        bool found = false;

        for (guint j = 0; j < servers->len && !found; j++)
            found = strcmp(((Server *) g_ptr_array_index(servers, j))->name, name) == 0;
        if (!found) {
            error_set(error, ERROR_CONFIG, "%s has no server '%s'", haproxy->object, name);
            return error_hint(error, "Name servers of this backend in traffic.stable and "
                                     "traffic.canary, as their 'server' lines do.");
        }
    }
    return true;
}

/* Server * of both pools; every configured name is among them. A server with a weight that is in
 * neither pool would take traffic that no share accounts for. */
static GPtrArray *
read_servers(Haproxy *haproxy, GError **error)
{
    const Settings *settings = haproxy->settings;
    g_autoptr(GPtrArray) servers = g_ptr_array_new_with_free_func((GDestroyNotify) server_free);
    g_autofree char *command = g_strdup_printf("show servers state %s", settings->traffic_backend);
    g_autofree char *reply = ask_table(haproxy, command, error);
    g_autoptr(StatTable) table = reply ? stat_table_parse_words(reply, error) : NULL;

    if (table == NULL)
        return NULL;
    for (guint i = 0; i < table->rows->len; i++) {
        Server *server = g_new0(Server, 1);

        server->name = g_strdup(stat_table_text(table, i, "srv_name"));
        server->admin = (guint) stat_table_number(table, i, "srv_admin_state");
        server->running = stat_table_number(table, i, "srv_op_state") != 0;
        server->weight = stat_table_number(table, i, "srv_uweight");
        g_ptr_array_add(servers, server);
        if (!find_pool(settings, server->name, &server->pool)) {
            if (server->weight > 0 && (server->admin & (ADMIN_MAINT | ADMIN_DRAIN)) == 0) {
                error_set(error, ERROR_CONFIG, "%s has server '%s', which is in neither pool",
                          haproxy->object, server->name);
                error_hint(error, "Name it in traffic.stable or traffic.canary, or give it weight "
                                  "0: it takes traffic that sluice does not steer.");
                return NULL;
            }
            g_ptr_array_remove_index(servers, servers->len - 1);
        }
    }
    if (!check_names(haproxy, servers, settings->traffic_stable, error) ||
        !check_names(haproxy, servers, settings->traffic_canary, error))
        return NULL;
    return g_steal_pointer(&servers);
}

/* Failures that HAProxy answers itself (refused, timed out, cut short) are not in the server's
 * hrsp_5xx but in econ and eresp; one that another server made good is in wredis. Requests are
 * counted as they end, for lbtot misses those that a cookie sent there, and holds those that the
 * client gave up. */
static void
add_counters(const StatTable *table, guint row, PoolState *pool)
{
    static const char *const answered[] = {"hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx",
                                           "hrsp_other"};
    const bool is_http = strcmp(stat_table_text(table, row, "mode"), "http") == 0;
    const gint64 unanswered = stat_table_number(table, row, "econ") +
                              stat_table_number(table, row, "eresp") +
                              stat_table_number(table, row, "wredis");

    pool->bad += unanswered + stat_table_number(table, row, "hrsp_5xx");
    pool->open += stat_table_number(table, row, "scur") + stat_table_number(table, row, "qcur");
    if (!is_http) {
        pool->total += stat_table_number(table, row, "lbtot");
        return;
    }
    pool->total += unanswered;
    for (guint i = 0; i < G_N_ELEMENTS(answered); i++)
        pool->total += stat_table_number(table, row, answered[i]);
}

static bool
check_algorithm(Haproxy *haproxy, const char *algorithm, GError **error)
{
    if (strcmp(algorithm, "static-rr") != 0 && strcmp(algorithm, "first") != 0)
        return true;
    error_set(error, ERROR_CONFIG, "%s has 'balance %s', which does not follow weights",
              haproxy->object, algorithm);
    return error_hint(error, "Use 'balance roundrobin', 'leastconn' or 'random'.");
}

/* Asks for all proxies and picks the backend: a frontend may have the same name, and HAProxy would
 * answer for that one. */
static bool
read_counters(Haproxy *haproxy, TrafficState *state, GError **error)
{
    const Settings *settings = haproxy->settings;
    g_autofree char *reply = ask_table(haproxy, "show stat -1 6 -1", error);
    g_autoptr(StatTable) table = reply ? stat_table_parse_csv(reply, error) : NULL;

    if (table == NULL)
        return false;
    for (guint i = 0; i < table->rows->len; i++) {
        const char *name = stat_table_text(table, i, "svname");
        Pool pool;

        if (strcmp(stat_table_text(table, i, "pxname"), settings->traffic_backend) != 0)
            continue;
        if (strcmp(name, "BACKEND") == 0) {
            if (!check_algorithm(haproxy, stat_table_text(table, i, "algo"), error))
                return false;
        } else if (find_pool(settings, name, &pool)) {
            add_counters(table, i, &state->pools[pool]);
        }
    }
    return true;
}

/* The time of its start and its pid: a restarted container may well have the same pid. */
static bool
read_epoch(Haproxy *haproxy, gint64 *ret_epoch, GError **error)
{
    g_autofree char *reply = haproxy_ask(haproxy->socket, haproxy->clock, "show info", error);

    if (reply == NULL)
        return false;
    *ret_epoch = stat_info_number(reply, "Start_time_sec") * (G_GINT64_CONSTANT(1) << PID_BITS) +
                 stat_info_number(reply, "Pid");
    if (*ret_epoch == 0 && haproxy_check_reply(reply, haproxy->object, error))
        error_set(error, ERROR_CONNECTION, "HAProxy gave no answer to 'show info' at '%s'",
                  haproxy->socket);
    return *ret_epoch != 0;
}

static bool
haproxy_read(void *driver, TrafficState *ret_state, GError **error)
{
    Haproxy *haproxy = driver;
    g_autoptr(GPtrArray) servers = read_servers(haproxy, error);
    TrafficState state = {0};
    gint64 weights[POOL_N] = {0};

    if (servers == NULL || !read_counters(haproxy, &state, error) ||
        !read_epoch(haproxy, &state.epoch, error))
        return false;
    for (guint i = 0; i < servers->len; i++) {
        const Server *server = g_ptr_array_index(servers, i);
        PoolState *pool = &state.pools[server->pool];

        pool->servers++;
        pool->up += server->running ? 1 : 0;
        if ((server->admin & (ADMIN_MAINT | ADMIN_DRAIN)) != 0)
            pool->drained++;
        else
            weights[server->pool] += server->weight;
    }
    for (Pool pool = 0; pool < POOL_N; pool++)
        if (weights[pool] > 0)
            state.pools[pool].share =
                (double) weights[pool] / (double) (weights[POOL_STABLE] + weights[POOL_CANARY]);
    *ret_state = state;
    return true;
}

static bool
is_maintained(const Server *server)
{
    return (server->admin & ADMIN_MAINT) != 0;
}

/* Servers of @pool that a set makes serve. One in maintenance is somebody's hand at work, and stays
 * so; if all are, the configuration had them wait for us ('disabled'). */
static guint
count_usable(GPtrArray *servers, Pool pool, bool *ret_all_maintained)
{
    guint n = 0, maintained = 0;

    for (guint i = 0; i < servers->len; i++) {
        const Server *server = g_ptr_array_index(servers, i);
        if (server->pool == pool) {
            n++;
            maintained += is_maintained(server) ? 1 : 0;
        }
    }
    *ret_all_maintained = n == maintained;
    return n == maintained ? n : n - maintained;
}

/* Several in a line, so that no other's request comes between; a line has to fit HAProxy's buffer.
 */
static bool
command_all(Haproxy *haproxy, GPtrArray *commands, GError **error)
{
    for (guint at = 0; at < commands->len; at += COMMANDS_A_LINE) {
        g_autoptr(GString) line = g_string_new(NULL);
        g_autofree char *reply = NULL;

        for (guint i = at; i < MIN(at + COMMANDS_A_LINE, commands->len); i++)
            g_string_append_printf(line, "%s%s", i > at ? "; " : "",
                                   (const char *) g_ptr_array_index(commands, i));
        reply = haproxy_ask(haproxy->socket, haproxy->clock, line->str, error);
        if (reply == NULL || !haproxy_check_reply(reply, haproxy->object, error))
            return false;
    }
    return true;
}

static void
append_command(GPtrArray *commands, const Haproxy *haproxy, const Server *server, const char *what,
               const char *value)
{
    g_ptr_array_add(commands,
                    g_strdup_printf("set server %s/%s %s %s", haproxy->settings->traffic_backend,
                                    server->name, what, value));
}

static void
append_pool(GPtrArray *commands, const Haproxy *haproxy, GPtrArray *servers, Pool pool, int weight)
{
    g_autofree char *text = g_strdup_printf("%d", weight);
    bool all_maintained;

    count_usable(servers, pool, &all_maintained);
    for (guint i = 0; i < servers->len; i++) {
        const Server *server = g_ptr_array_index(servers, i);
        if (server->pool != pool)
            continue;
        append_command(commands, haproxy, server, "weight", text);
        if (weight > 0 && server->admin != 0 && (all_maintained || !is_maintained(server)))
            append_command(commands, haproxy, server, "state", "ready");
    }
}

static bool
haproxy_set(void *driver, int percent, double *ret_share, GError **error)
{
    Haproxy *haproxy = driver;
    g_autoptr(GPtrArray) servers = read_servers(haproxy, error);
    g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func(g_free);
    guint usable[POOL_N];
    Weights weights;
    bool unused;

    if (servers == NULL)
        return false;
    for (Pool pool = 0; pool < POOL_N; pool++)
        usable[pool] = count_usable(servers, pool, &unused);
    weights = weights_for(percent, usable[POOL_STABLE], usable[POOL_CANARY]);
    if (fabs(weights.share - percent / 100.0) > SHARE_TOLERANCE) {
        error_set(error, ERROR_CONFIG,
                  "weights of %u stable and %u canary servers cannot give the canary %d %%: the "
                  "nearest is %.1f %%",
                  usable[POOL_STABLE], usable[POOL_CANARY], percent, weights.share * 100);
        return error_hint(error, "Choose a weight nearer to that, or pools of more equal size.");
    }
    /* Never a moment without a server, and never more for the canary than before or after. */
    if (weights.stable > 0)
        append_pool(commands, haproxy, servers, POOL_STABLE, weights.stable);
    append_pool(commands, haproxy, servers, POOL_CANARY, weights.canary);
    if (weights.stable == 0)
        append_pool(commands, haproxy, servers, POOL_STABLE, weights.stable);
    *ret_share = weights.share;
    return command_all(haproxy, commands, error);
}

static bool
haproxy_admit(void *driver, Pool pool, bool admitted, GError **error)
{
    Haproxy *haproxy = driver;
    g_autoptr(GPtrArray) servers = read_servers(haproxy, error);
    g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func(g_free);

    if (servers == NULL)
        return false;
    for (guint i = 0; i < servers->len; i++) {
        const Server *server = g_ptr_array_index(servers, i);
        if (server->pool == pool && !is_maintained(server))
            append_command(commands, haproxy, server, "state", admitted ? "ready" : "drain");
    }
    return command_all(haproxy, commands, error);
}

const TrafficDriver traffic_haproxy = {
    .name = "haproxy",
    .open = haproxy_open,
    .close = haproxy_close,
    .read = haproxy_read,
    .set = haproxy_set,
    .admit = haproxy_admit,
};
