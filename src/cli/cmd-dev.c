#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "pg/server.h"

#define GROUP "Development"
#define DIR_ARG(type)                                                                              \
    {                                                                                              \
        "dir", 'D', ARG_TEXT, offsetof(type, folder), "FOLDER",                                    \
            "folder of the server (default: one below the temporary folder)"                       \
    }

typedef struct {
    const char *folder;
    gint64 port;
    GPtrArray *settings;
    bool tcp, replica, durable;
} StartOptions;

typedef struct {
    const char *folder;
    bool replica;
} FindOptions;

typedef struct {
    const char *folder;
    bool immediate, remove;
} StopOptions;

static json_t *
server_json(const PgServer *server)
{
    g_autoptr(json_t) object =
        json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:s}", "url", server->url, "socket_url",
                  server->socket_url, "folder", server->folder, "port", server->port, "pid",
                  server->pid, "version", server->version, "log", server->log);

    if (server->replica)
        json_object_set_new(object, "replica",
                            json_pack("{s:s, s:i, s:i}", "url", server->replica_url, "port",
                                      server->replica_port, "pid", server->replica_pid));
    return g_steal_pointer(&object);
}

static bool
run_start(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    StartOptions *options = data;
    g_autoptr(GPtrArray) settings = g_ptr_array_new();
    g_autoptr(PgServer) server = NULL;

    for (guint i = 0; options->settings && i < options->settings->len; i++)
        g_ptr_array_add(settings, g_ptr_array_index(options->settings, i));
    g_ptr_array_add(settings, NULL);
    if (options->port > 65535)
        return error_set(error, ERROR_USAGE, "--port: %" G_GINT64_FORMAT " is not a TCP port",
                         options->port);
    server = pg_server_start(&(PgServerOptions){.folder = options->folder,
                                                .tcp = options->tcp,
                                                .port = (int) options->port,
                                                .replica = options->replica,
                                                .durable = options->durable,
                                                .settings = (const char *const *) settings->pdata},
                             error);
    if (server == NULL)
        return false;
    output_line(app->output, "PostgreSQL %s runs in %s (pid %d)", server->version, server->folder,
                server->pid);
    output_line(app->output, "url      %s", server->url);
    if (server->replica)
        output_line(app->output, "replica  %s (pid %d)", server->replica_url, server->replica_pid);
    output_json(app->output, server_json(server));
    return true;
}

static PgServer *
find_running(const char *folder, GError **error)
{
    g_autoptr(PgServer) server = pg_server_find(folder, error);

    if (server == NULL || server->pid != 0)
        return g_steal_pointer(&server);
    error_set(error, ERROR_STATE, "the server in '%s' is stopped", server->folder);
    error_hint(error, "Start it with `sluice dev start`.");
    return NULL;
}

static bool
choose_url(const PgServer *server, bool replica, const char **ret_url, GError **error)
{
    if (replica && server->replica_url == NULL) {
        error_set(error, ERROR_STATE, "the server in '%s' has no replica", server->folder);
        return error_hint(error, "Add one with `sluice dev start --replica`.");
    }
    *ret_url = replica ? server->replica_url : server->url;
    return true;
}

static bool
run_url(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    FindOptions *options = data;
    g_autoptr(PgServer) server = find_running(options->folder, error);
    const char *url = NULL;

    if (server == NULL || !choose_url(server, options->replica, &url, error))
        return false;
    output_line(app->output, "%s", url);
    output_json(app->output, server_json(server));
    return true;
}

static char *
find_psql(const PgServer *server)
{
    g_autofree char *beside = g_build_filename(server->bin, "psql", NULL);

    if (g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE))
        return g_steal_pointer(&beside);
    return g_find_program_in_path("psql");
}

static bool
run_psql(App *app G_GNUC_UNUSED, void *data, const char *const *words, GError **error)
{
    FindOptions *options = data;
    g_autoptr(PgServer) server = find_running(options->folder, error);
    g_autofree char *psql = server ? find_psql(server) : NULL;
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    const char *url = NULL;

    if (server == NULL || !choose_url(server, options->replica, &url, error))
        return false;
    if (psql == NULL) {
        error_set(error, ERROR_STATE, "psql is not installed");
        return error_hint(error, "Install it (Debian: apt-get install postgresql-client).");
    }
    g_ptr_array_add(argv, psql);
    g_ptr_array_add(argv, (gpointer) (guintptr) "-d");
    g_ptr_array_add(argv, (gpointer) (guintptr) url);
    for (; *words; words++)
        g_ptr_array_add(argv, (gpointer) (guintptr) *words);
    g_ptr_array_add(argv, NULL);
    execv(psql, (char **) argv->pdata);
    return error_set(error, ERROR_STATE, "cannot run '%s': %s", psql, g_strerror(errno));
}

static bool
run_stop(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    StopOptions *options = data;
    g_autoptr(PgServer) server = pg_server_find(options->folder, error);

    if (server == NULL)
        return false;
    if (!(options->remove ? pg_server_remove(server, error)
                          : pg_server_stop(server, options->immediate, error)))
        return false;
    output_line(app->output, "%s %s", options->remove ? "removed" : "stopped", server->folder);
    output_json(app->output,
                json_pack("{s:s, s:b}", "folder", server->folder, "removed", options->remove));
    return true;
}

static const ArgSpec start_args[] = {
    DIR_ARG(StartOptions),
    {"port", 'p', ARG_INT, offsetof(StartOptions, port), "N",
     "listen on this TCP port of 127.0.0.1, with a password"},
    {"tcp", 0, ARG_FLAG, offsetof(StartOptions, tcp), NULL, "the same, on a free port"},
    {"replica", 0, ARG_FLAG, offsetof(StartOptions, replica), NULL,
     "with a streaming replica beside it"},
    {"durable", 0, ARG_FLAG, offsetof(StartOptions, durable), NULL,
     "with fsync: survives a crash of the machine too"},
    {"setting", 'c', ARG_LIST, offsetof(StartOptions, settings), "NAME=VALUE",
     "a setting of PostgreSQL"},
    {NULL},
};

static const ArgSpec find_args[] = {
    DIR_ARG(FindOptions),
    {"replica", 0, ARG_FLAG, offsetof(FindOptions, replica), NULL, "the replica's"},
    {NULL},
};

static const ArgSpec stop_args[] = {
    DIR_ARG(StopOptions),
    {"immediate", 0, ARG_FLAG, offsetof(StopOptions, immediate), NULL,
     "as if it crashed: the next start recovers"},
    {"remove", 0, ARG_FLAG, offsetof(StopOptions, remove), NULL, "remove its folder with all data"},
    {NULL},
};

const Command command_dev_start = {
    .group = GROUP,
    .name = "dev start",
    .summary = "start a private PostgreSQL, or start it again",
    .usage = "",
    .details = "Uses the newest server that is installed (or the one in SLUICE_PG_BIN). It runs "
               "until it is stopped, and keeps its data, ports and settings from one start to the "
               "next. fsync is off. As root it runs as user postgres, or nobody.",
    .example = "sluice dev start\n"
               "sluice dev start --dir /tmp/try --replica -c work_mem=64MB\n"
               "export DATABASE_URL=$(sluice dev url)",
    .args = start_args,
    .args_size = sizeof(StartOptions),
    .run = run_start,
};

const Command command_dev_url = {
    .group = GROUP,
    .name = "dev url",
    .summary = "print the URL of the private PostgreSQL",
    .usage = "",
    .example = "export DATABASE_URL=$(sluice dev url)",
    .args = find_args,
    .args_size = sizeof(FindOptions),
    .run = run_url,
};

const Command command_dev_psql = {
    .group = GROUP,
    .name = "dev psql",
    .summary = "run psql on the private PostgreSQL",
    .usage = "[ARGUMENT]...",
    .details = "Arguments for psql that begin with a dash stand behind `--`.",
    .example = "sluice dev psql\n"
               "sluice dev psql -- -c 'SELECT * FROM sluice.schema_state'",
    .args = find_args,
    .args_size = sizeof(FindOptions),
    .run = run_psql,
};

const Command command_dev_stop = {
    .group = GROUP,
    .name = "dev stop",
    .summary = "stop the private PostgreSQL",
    .usage = "",
    .details = "Its data stays for the next start, unless it is removed.",
    .example = "sluice dev stop\n"
               "sluice dev stop --remove",
    .args = stop_args,
    .args_size = sizeof(StopOptions),
    .run = run_stop,
};
