#include "demo/stage.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/proc.h"
#include "demo/database.h"
#include "demo/proxy.h"
#include "demo/tool.h"
#include "http/client.h"

enum {
    /* Below the kernel's ephemeral range, in which an outgoing connection may take a port. */
    FIRST_PORT = 20000,
    LAST_PORT = 32000,
    INSTANCES = 2,
    LOOK_US = 20 * 1000,
    READY_TIMEOUT_MS = 30 * 1000,
    DRAIN_TIMEOUT_MS = 40 * 1000,
};

static const char FIRST_REVISION[] = "127bcea40bef";
static const char *const version_names[] = {"1.0", "2.0"};
static const char *const version_programs[] = {"notes-api-1", "notes-api-2"};

static bool
is_port_free(int port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((guint16) port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool free = bind(fd, (const struct sockaddr *) &address, sizeof address) == 0;

    close(fd);
    return free;
}

/* @count free ports in a row. */
static int
find_ports(int count)
{
    int port, found;

    do {
        port = g_random_int_range(FIRST_PORT, LAST_PORT);
        for (found = 0; found < count && is_port_free(port + found); found++)
            ;
    } while (found < count);
    return port;
}

static char *
url_for(const Stage *stage, const char *role)
{
    return g_strdup_printf("postgresql:///notes?host=%s&port=%d&user=%s", stage->server->folder,
                           stage->server->port, role);
}

/* Logs of an earlier run. */
static void
remove_logs(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_str_has_suffix(name, ".log"))
            g_unlink(path);
    }
}

Stage *
stage_new(Timeline *timeline, const char *folder, const char *sluice, GError **error)
{
    g_autoptr(Stage) stage = g_new0(Stage, 1);
    g_autoptr(GError) cause = NULL;
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);

    stage->timeline = timeline;
    stage->programs = g_path_get_dirname(program);
    stage->sluice = sluice ? g_canonicalize_filename(sluice, NULL)
                           : g_build_filename(stage->programs, "../../src/sluice", NULL);
    stage->source = g_strdup(NOTES_SOURCE);
    stage->folder = g_canonicalize_filename(folder, NULL);
    stage->private = g_dir_make_tmp("notes-demo-XXXXXX", &cause);
    if (stage->private == NULL) {
        error_set(error, ERROR_STATE, "cannot make a private folder: %s", cause->message);
        return NULL;
    }
    /* PostgreSQL may run as another user: it must get through, and sees only its own folder. */
    g_assert(g_chmod(stage->private, 0711) == 0);
    if (!file_make_folder(stage->folder, 0755, error))
        return NULL;
    remove_logs(stage->folder);
    return g_steal_pointer(&stage);
}

static bool
remove_folder(const char *folder, GError **error)
{
    const char *const argv[] = {"rm", "-rf", "--", folder, NULL};

    return proc_run(argv, NULL, 0, NULL, error);
}

static bool
start_server(Stage *stage, GError **error)
{
    g_autofree char *folder = g_build_filename(stage->private, "pg", NULL);
    const char *const settings[] = {"synchronous_commit=on", "max_connections=100",
                                    "shared_buffers=128MB",  "max_wal_size=2GB",
                                    "log_lock_waits=on",     NULL};

    stage->server = pg_server_start(
        &(PgServerOptions){.folder = folder, .replica = true, .settings = settings}, error);
    if (stage->server == NULL)
        return false;
    stage->admin_url = url_for(stage, "postgres");
    stage->owner_url = url_for(stage, "notes_owner");
    stage->app_url = url_for(stage, "notes_app");
    stage->analyst_url = url_for(stage, "analyst");
    stage->job_url = url_for(stage, "notes_job");
    return true;
}

static json_t *
describe_version(const Stage *stage, int version, int first_port)
{
    g_autofree char *program = g_build_filename(stage->programs, version_programs[version], NULL);
    json_t *ports = json_array();

    for (int i = 0; i < INSTANCES; i++)
        json_array_append_new(ports, json_integer(first_port + i));
    return json_pack("{s:s, s:o}", "program", program, "ports", ports);
}

/* fleet.json, and the environment in which sluice and HAProxy find everything. */
static bool
describe_fleet(Stage *stage, GError **error)
{
    const int port = find_ports(1 + 2 * INSTANCES);
    g_autofree char *path = g_build_filename(stage->private, "fleet.json", NULL);
    g_autofree char *ctl = g_build_filename(stage->programs, "notes-ctl", NULL);
    g_autoptr(json_t) fleet = json_pack(
        "{s:s, s:s, s:s, s:{s:o, s:o}}", "run", stage->private, "logs", stage->folder, "database",
        stage->app_url, "versions", version_names[0], describe_version(stage, 0, port + 1),
        version_names[1], describe_version(stage, 1, port + 1 + INSTANCES));
    g_autoptr(GPtrArray) env = g_ptr_array_new();

    stage->proxy_port = port;
    stage->proxy_socket = g_build_filename(stage->private, "haproxy.sock", NULL);
    if (json_dump_file(fleet, path, JSON_INDENT(2)) != 0)
        return error_set(error, ERROR_STATE, "cannot write '%s'", path);
    g_ptr_array_add(env, g_strdup_printf("DATABASE_URL=%s", stage->owner_url));
    g_ptr_array_add(env, g_strdup_printf("SLUICE_TRAFFIC_SOCKET=%s", stage->proxy_socket));
    g_ptr_array_add(env, g_strdup_printf("XDG_STATE_HOME=%s/state", stage->private));
    g_ptr_array_add(env, g_strdup_printf("NOTES_CTL=%s", ctl));
    g_ptr_array_add(env, g_strdup_printf("NOTES_FLEET=%s", path));
    g_ptr_array_add(env, g_strdup_printf("NOTES_SOCKET=%s", stage->proxy_socket));
    g_ptr_array_add(env, g_strdup_printf("NOTES_PORT=%d", port));
    for (int i = 0; i < INSTANCES; i++) {
        g_ptr_array_add(env, g_strdup_printf("NOTES_OLD%d=%d", i + 1, port + 1 + i));
        g_ptr_array_add(env, g_strdup_printf("NOTES_NEW%d=%d", i + 1, port + 1 + INSTANCES + i));
    }
    g_ptr_array_add(env, NULL);
    stage->env = (GStrv) g_ptr_array_free(g_steal_pointer(&env), FALSE);
    stage->fleet = fleet_load(path, error);
    return stage->fleet != NULL;
}

static void
log_proxy(void *data, const char *name G_GNUC_UNUSED, const char *line)
{
    const Stage *stage = data;
    g_autofree char *path = g_build_filename(stage->folder, "haproxy.log", NULL);

    file_append_line(path, line, NULL);
}

static bool
start_proxy(Stage *stage, GError **error)
{
    g_autofree char *config = g_build_filename(stage->source, "haproxy.cfg", NULL);
    /* Debian keeps it where a plain user's PATH does not look. */
    g_autofree char *found = g_find_program_in_path("haproxy");
    const char *const argv[] = {found ? found : "/usr/sbin/haproxy", "-db", "-f", config, NULL};

    stage->proxy =
        child_start("haproxy", argv, (const char *const *) stage->env, log_proxy, stage, error);
    return stage->proxy != NULL;
}

/* The old version, until the proxy sees all of it. */
static bool
start_old_version(Stage *stage, GError **error)
{
    const gint64 deadline = g_get_monotonic_time() + READY_TIMEOUT_MS * 1000;

    if (!fleet_start(stage->fleet, version_names[0], error))
        return false;
    for (;;) {
        ProxyState state = {0};
        if (fleet_answers(stage->fleet, version_names[0], "/users/1") &&
            proxy_read(stage->proxy_socket, &state, NULL) && state.old_up == INSTANCES)
            return true;
        if (g_get_monotonic_time() > deadline)
            return error_set(error, ERROR_STATE,
                             "version 1.0 does not answer; see notes-api-*.log and haproxy.log in "
                             "'%s'",
                             stage->folder);
        if (!timeline_rest(LOOK_US, error))
            return false;
    }
}

bool
stage_set(Stage *stage, GError **error)
{
    const char *const first[] = {"upgrade", FIRST_REVISION, NULL};

    timeline_say(stage->timeline, "demo", "PostgreSQL with a streaming replica in %s",
                 stage->private);
    if (!start_server(stage, error) || !describe_fleet(stage, error) ||
        !database_create(stage, error))
        return false;
    if (!tool_run(stage, "sluice", first, error))
        return false;
    timeline_say(stage->timeline, "demo", "%d users and %d notes", USER_COUNT, NOTE_COUNT);
    if (!database_fill(stage, error))
        return false;
    timeline_say(stage->timeline, "demo",
                 "HAProxy, and notes-api 1.0 twice behind it: "
                 "http://127.0.0.1:%d/users/1",
                 stage->proxy_port);
    return start_proxy(stage, error) && start_old_version(stage, error);
}

static void
complain(const Stage *stage, GError *problem)
{
    if (problem)
        timeline_say(stage->timeline, "demo", "%s", problem->message);
    g_clear_error(&problem);
}

static void
stop_instances(Stage *stage)
{
    for (size_t i = 0; i < G_N_ELEMENTS(version_names); i++) {
        g_autoptr(GError) problem = NULL;
        if (!fleet_stop(stage->fleet, version_names[i], DRAIN_TIMEOUT_MS, &problem))
            complain(stage, g_steal_pointer(&problem));
    }
}

void
stage_free(Stage *stage)
{
    g_autoptr(GError) problem = NULL;

    if (stage == NULL)
        return;
    child_free(stage->proxy);
    if (stage->fleet)
        stop_instances(stage);
    fleet_free(stage->fleet);
    if (stage->server && !pg_server_remove(stage->server, &problem))
        complain(stage, g_steal_pointer(&problem));
    pg_server_free(stage->server);
    if (stage->private && !remove_folder(stage->private, &problem))
        complain(stage, g_steal_pointer(&problem));
    g_strfreev(stage->env);
    g_free(stage->proxy_socket);
    g_free(stage->admin_url);
    g_free(stage->owner_url);
    g_free(stage->app_url);
    g_free(stage->analyst_url);
    g_free(stage->job_url);
    g_free(stage->programs);
    g_free(stage->sluice);
    g_free(stage->source);
    g_free(stage->folder);
    g_free(stage->private);
    g_free(stage);
}

bool
stage_crash_database(Stage *stage, GError **error)
{
    return pg_server_stop(stage->server, true, error);
}

bool
stage_restart_database(Stage *stage, GError **error)
{
    g_autofree char *folder = g_strdup(stage->server->folder);

    pg_server_free(stage->server);
    stage->server = pg_server_start(&(PgServerOptions){.folder = folder, .replica = true}, error);
    return stage->server != NULL;
}

bool
stage_wait_instances(Stage *stage, GError **error)
{
    const gint64 deadline = g_get_monotonic_time() + READY_TIMEOUT_MS * 1000;

    for (size_t i = 0; i < G_N_ELEMENTS(version_names); i++)
        while (fleet_count_running(stage->fleet, version_names[i]) > 0 &&
               !fleet_answers(stage->fleet, version_names[i], "/users/1")) {
            if (g_get_monotonic_time() > deadline)
                return error_set(error, ERROR_STATE, "version %s does not answer",
                                 version_names[i]);
            if (!timeline_rest(LOOK_US, error))
                return false;
        }
    return true;
}
