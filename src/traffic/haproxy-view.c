#include "traffic/haproxy-view.h"

#include <string.h>

#include "base/error.h"
#include "traffic/haproxy-socket.h"
#include "traffic/haproxy-stat.h"

/* srv_admin_state: forced by hand, or inherited from a tracked server. The other bits (unresolved
 * names, agents) say that a server is down, not that it was taken out. */
enum { ADMIN_MAINT = 0x01 | 0x02, ADMIN_DRAIN = 0x08 | 0x10 };

enum { PID_BITS = 22 };

typedef struct {
    const Settings *settings;
    const Clock *clock;
    const char *object;
} Source;

static void
server_free(Server *server)
{
    g_free(server->name);
    g_free(server);
}

void
view_free(View *view)
{
    if (view == NULL)
        return;
    g_clear_pointer(&view->servers, g_ptr_array_unref);
    g_free(view->algorithm);
    g_free(view);
}

const Server *
view_find(const View *view, const char *name)
{
    for (guint i = 0; i < view->servers->len; i++) {
        const Server *server = g_ptr_array_index(view->servers, i);
        if (strcmp(server->name, name) == 0)
            return server;
    }
    return NULL;
}

/* A reply that should be a table: a sentence instead is an error. */
static char *
ask_table(const Source *source, const char *command, GError **error)
{
    g_autofree char *reply =
        haproxy_ask(source->settings->traffic_socket, source->clock, command, error);

    if (reply == NULL)
        return NULL;
    if (strchr(reply, '#') == NULL) {
        if (haproxy_check_reply(reply, source->object, error))
            error_set(error, ERROR_CONNECTION, "HAProxy gave no answer to '%s' for %s", command,
                      source->object);
        return NULL;
    }
    return g_steal_pointer(&reply);
}

static bool
is_named(const GPtrArray *names, const char *name)
{
    return g_ptr_array_find_with_equal_func((GPtrArray *) (guintptr) names, name, g_str_equal,
                                            NULL);
}

static Pool
pool_of(const Settings *settings, const char *name)
{
    if (is_named(settings->traffic_stable, name))
        return POOL_STABLE;
    return is_named(settings->traffic_canary, name) ? POOL_CANARY : POOL_N;
}

static bool
read_servers(const Source *source, View *view, GError **error)
{
    g_autofree char *command =
        g_strdup_printf("show servers state %s", source->settings->traffic_backend);
    g_autofree char *reply = ask_table(source, command, error);
    g_autoptr(StatTable) table = reply ? stat_table_parse_words(reply, error) : NULL;

    if (table == NULL)
        return false;
    for (guint i = 0; i < table->rows->len; i++) {
        const guint admin = (guint) stat_table_number(table, i, "srv_admin_state");
        Server *server = g_new0(Server, 1);

        server->name = g_strdup(stat_table_text(table, i, "srv_name"));
        server->pool = pool_of(source->settings, server->name);
        server->maintained = (admin & ADMIN_MAINT) != 0;
        server->drained = (admin & ADMIN_DRAIN) != 0;
        server->running = stat_table_number(table, i, "srv_op_state") != 0;
        server->weight = stat_table_number(table, i, "srv_uweight");
        g_ptr_array_add(view->servers, server);
    }
    return true;
}

/* Failures that HAProxy answers itself (refused, timed out, cut short) are not in the server's
 * hrsp_5xx but in econ and eresp; one that another server made good is in wredis. Requests are
 * counted as they end, for lbtot misses those that a cookie sent there, and holds those that the
 * client gave up. */
static void
read_counters(const StatTable *table, guint row, Server *server)
{
    static const char *const answered[] = {"hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx",
                                           "hrsp_other"};
    const bool is_http = strcmp(stat_table_text(table, row, "mode"), "http") == 0;
    const gint64 unanswered = stat_table_number(table, row, "econ") +
                              stat_table_number(table, row, "eresp") +
                              stat_table_number(table, row, "wredis");

    server->backup = stat_table_number(table, row, "bck") > 0;
    server->open = stat_table_number(table, row, "scur") + stat_table_number(table, row, "qcur");
    server->bad = unanswered + stat_table_number(table, row, "hrsp_5xx");
    server->total = is_http ? unanswered : stat_table_number(table, row, "lbtot");
    for (guint i = 0; is_http && i < G_N_ELEMENTS(answered); i++)
        server->total += stat_table_number(table, row, answered[i]);
}

/* Asks for all proxies and picks the backend: a frontend may have the same name, and HAProxy would
 * answer for that one. */
static bool
read_stat(const Source *source, View *view, GError **error)
{
    g_autofree char *reply = ask_table(source, "show stat -1 6 -1", error);
    g_autoptr(StatTable) table = reply ? stat_table_parse_csv(reply, error) : NULL;

    if (table == NULL)
        return false;
    for (guint i = 0; i < table->rows->len; i++) {
        const char *name = stat_table_text(table, i, "svname");
        Server *server = (Server *) (guintptr) view_find(view, name);

        if (strcmp(stat_table_text(table, i, "pxname"), source->settings->traffic_backend) != 0)
            continue;
        if (strcmp(name, "BACKEND") == 0) {
            g_free(view->algorithm);
            view->algorithm = g_strdup(stat_table_text(table, i, "algo"));
        } else if (server != NULL) {
            read_counters(table, i, server);
        }
    }
    return true;
}

/* The time of its start and its pid: a restarted container may well have the same pid. */
static bool
read_epoch(const Source *source, View *view, GError **error)
{
    g_autofree char *reply =
        haproxy_ask(source->settings->traffic_socket, source->clock, "show info", error);

    if (reply == NULL)
        return false;
    view->epoch = stat_info_number(reply, "Start_time_sec") * (G_GINT64_CONSTANT(1) << PID_BITS) +
                  stat_info_number(reply, "Pid");
    if (view->epoch == 0 && haproxy_check_reply(reply, source->object, error))
        error_set(error, ERROR_CONNECTION, "HAProxy gave no answer to 'show info' for %s",
                  source->object);
    return view->epoch != 0;
}

View *
view_read(const Settings *settings, const Clock *clock, const char *object, GError **error)
{
    const Source source = {.settings = settings, .clock = clock, .object = object};
    g_autoptr(View) view = g_new0(View, 1);

    view->servers = g_ptr_array_new_with_free_func((GDestroyNotify) server_free);
    view->algorithm = g_strdup("");
    if (!read_epoch(&source, view, error) || !read_servers(&source, view, error) ||
        !read_stat(&source, view, error))
        return NULL;
    return g_steal_pointer(&view);
}
