#include "pg/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/proc.h"
#include "pg/cluster.h"
#include "pg/conn.h"

enum {
    SOCKET_PORT = 5432, /* names the socket's file only */
    /* Below the kernel's range for outgoing connections, which would take one away. */
    FIRST_PORT = 20000,
    LAST_PORT = 31999,
};

#define STATE_FILE "server.json"
#define LOCK_FILE "sluice.lock"
#define SLOT "replica"

char *
pg_server_default_folder(void)
{
    g_autofree char *name = g_strdup_printf("sluice-dev-%u", geteuid());

    return g_build_filename(g_get_tmp_dir(), name, NULL);
}

static char *
path_in(const PgServer *server, const char *name)
{
    return g_build_filename(server->folder, name, NULL);
}

static char *
random_hex(void)
{
    guint8 bytes[16];
    GString *text = g_string_new(NULL);

    g_assert(getrandom(bytes, sizeof bytes, 0) == sizeof bytes);
    for (guint i = 0; i < sizeof bytes; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    return g_string_free(text, FALSE);
}

static bool
is_free(int port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((guint16) port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    g_auto(Descriptor) fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd >= 0 && bind(fd, (const struct sockaddr *) &address, sizeof address) == 0;
}

/* Another one than @taken. */
static int
free_port(int taken)
{
    guint16 start = 0;

    g_assert(getrandom(&start, sizeof start, 0) == sizeof start);
    for (int i = 0; i <= LAST_PORT - FIRST_PORT; i++) {
        const int port = FIRST_PORT + (start + i) % (LAST_PORT - FIRST_PORT + 1);
        if (port != taken && is_free(port))
            return port;
    }
    return 0;
}

/* A folder below /tmp can have been made by anybody: only one of ours, or of the user that our
 * server runs as, is used. */
static bool
check_owner(const PgInstall *install, const char *folder, GError **error)
{
    struct stat about;

    if (g_lstat(folder, &about) != 0)
        return error_set(error, ERROR_STATE, "cannot look at '%s': %s", folder, g_strerror(errno));
    if (!S_ISDIR(about.st_mode))
        return error_set(error, ERROR_STATE, "'%s' is not a folder", folder);
    if (about.st_uid == geteuid() || about.st_uid == install->uid)
        return true;
    error_set(error, ERROR_STATE, "'%s' belongs to another user", folder);
    return error_hint(error, "Name another folder.");
}

/* Every folder above must let the server's user through. */
static bool
check_reachable(const PgInstall *install, const char *folder, GError **error)
{
    g_autofree char *above = g_path_get_dirname(folder);

    while (install->user && strcmp(above, "/") != 0) {
        g_autofree char *path = g_steal_pointer(&above);
        struct stat about;

        if (g_stat(path, &about) == 0 && (about.st_mode & S_IXOTH) == 0 &&
            about.st_uid != install->uid) {
            error_set(error, ERROR_STATE,
                      "'%s' cannot be reached by user '%s', as whom root runs PostgreSQL: '%s' is "
                      "closed to it",
                      folder, install->user, path);
            return error_hint(error, "Name a folder below /tmp, or run this as another user.");
        }
        above = g_path_get_dirname(path);
    }
    return true;
}

static bool
check_socket_path(const char *folder, GError **error)
{
    const size_t longest = sizeof((struct sockaddr_un *) NULL)->sun_path - sizeof "/.s.PGSQL.65535";

    if (strlen(folder) <= longest)
        return true;
    error_set(error, ERROR_STATE, "'%s' is too long for the folder of a unix socket", folder);
    return error_hint(error, "Name a folder with a path of at most %d bytes.", (int) longest);
}

/* The lock file is made in an empty folder, before anything else. */
static bool
is_empty_or_ours(const char *folder)
{
    g_autofree char *lock = g_build_filename(folder, LOCK_FILE, NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

    return g_file_test(lock, G_FILE_TEST_EXISTS) || (dir && g_dir_read_name(dir) == NULL);
}

static bool
prepare_folder(const PgInstall *install, const char *folder, GError **error)
{
    if (!check_socket_path(folder, error) || !check_reachable(install, folder, error))
        return false;
    /* Open at first, for folders above that are missing must let the server's user through. */
    if (g_mkdir_with_parents(folder, 0755) != 0)
        return error_set(error, ERROR_STATE, "cannot make folder '%s': %s", folder,
                         g_strerror(errno));
    if (!check_owner(install, folder, error))
        return false;
    if (!is_empty_or_ours(folder)) {
        error_set(error, ERROR_STATE, "folder '%s' holds other things than a server of sluice",
                  folder);
        return error_hint(error, "Name an empty folder, or one that does not exist.");
    }
    if (g_chmod(folder, 0700) != 0)
        return error_set(error, ERROR_STATE, "cannot close folder '%s' to others: %s", folder,
                         g_strerror(errno));
    return pg_install_own(install, folder, error);
}

/* Two starts at the same time: the second one waits, and finds it running. */
static bool
lock_folder(const char *folder, Descriptor *ret_fd, GError **error)
{
    g_autofree char *path = g_build_filename(folder, LOCK_FILE, NULL);

    *ret_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*ret_fd < 0 || flock(*ret_fd, LOCK_EX) != 0)
        return error_set(error, ERROR_STATE, "cannot lock '%s': %s", path, g_strerror(errno));
    return true;
}

static bool
save_state(const PgServer *server, const PgInstall *install, GError **error)
{
    g_autofree char *path = path_in(server, STATE_FILE);
    g_autoptr(json_t) settings = json_array();
    g_autoptr(json_t) state = NULL;
    g_autofree char *text = NULL;

    for (guint i = 0; g_ptr_array_index(server->settings, i) != NULL; i++)
        json_array_append_new(settings, json_string(g_ptr_array_index(server->settings, i)));
    state =
        json_pack("{s:i, s:b, s:b, s:b, s:i, s:s*, s:O}", "port", server->port, "tcp", server->tcp,
                  "durable", server->durable, "replica", server->replica, "replica_port",
                  server->replica_port, "password", server->password, "settings", settings);
    text = json_dumps(state, JSON_INDENT(2));
    return file_replace(path, text, error) && pg_install_own(install, path, error);
}

static bool
load_state(PgServer *server, GError **error)
{
    g_autofree char *path = path_in(server, STATE_FILE);
    g_autofree char *text = file_read(path, error);
    g_autoptr(json_t) state = text ? json_loads(text, 0, NULL) : NULL;
    const char *password = NULL;
    json_t *settings, *setting;
    size_t i;
    int tcp, durable, replica;

    if (text == NULL)
        return false;
    if (json_unpack(state, "{s:i, s:b, s:b, s:b, s:i, s?s, s:o}", "port", &server->port, "tcp",
                    &tcp, "durable", &durable, "replica", &replica, "replica_port",
                    &server->replica_port, "password", &password, "settings", &settings) != 0)
        return error_set(error, ERROR_STATE, "'%s' is damaged", path);
    server->tcp = tcp;
    server->durable = durable;
    server->replica = replica;
    server->password = g_strdup(password);
    g_ptr_array_set_size(server->settings, 0);
    json_array_foreach(settings, i, setting)
        g_ptr_array_add(server->settings, g_strdup(json_string_value(setting)));
    g_ptr_array_add(server->settings, NULL);
    return true;
}

static char *
url_of(const PgServer *server, int port, bool tcp)
{
    g_autofree char *folder = g_uri_escape_string(server->folder, "/", FALSE);

    if (tcp)
        return g_strdup_printf("postgresql://postgres:%s@127.0.0.1:%d/postgres", server->password,
                               port);
    return g_strdup_printf("postgresql://postgres@/postgres?host=%s&port=%d", folder, port);
}

/* What follows from the state: URLs, and who runs. */
static void
look(PgServer *server)
{
    g_autofree char *data = path_in(server, "data");
    g_autofree char *replica = path_in(server, "replica");

    g_free(server->url);
    g_free(server->socket_url);
    g_free(server->replica_url);
    server->url = url_of(server, server->port, server->tcp);
    server->socket_url = url_of(server, server->port, false);
    server->replica_url =
        server->replica ? url_of(server, server->replica_port, server->tcp) : NULL;
    server->pid = cluster_pid(data);
    server->replica_pid = server->replica ? cluster_pid(replica) : 0;
}

static PgServer *
server_new(const char *folder)
{
    PgServer *server = g_new0(PgServer, 1);

    server->folder = folder ? g_canonicalize_filename(folder, NULL) : pg_server_default_folder();
    server->log = path_in(server, "server.log");
    server->settings = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(server->settings, NULL);
    return server;
}

static bool
has_setting(const PgServer *server, const char *setting)
{
    for (guint i = 0; g_ptr_array_index(server->settings, i) != NULL; i++)
        if (strcmp(g_ptr_array_index(server->settings, i), setting) == 0)
            return true;
    return false;
}

/* A server that runs does not change; a replica may come beside it. */
static bool
check_running(const PgServer *server, const PgServerOptions *options, GError **error)
{
    g_autofree char *data = path_in(server, "data");
    bool same = (options->port == 0 || (server->tcp && options->port == server->port)) &&
                (!options->tcp || server->tcp) && (!options->durable || server->durable);

    if (cluster_pid(data) == 0)
        return true;
    for (guint i = 0; options->settings && options->settings[i]; i++)
        same = same && has_setting(server, options->settings[i]);
    if (same)
        return true;
    error_set(error, ERROR_STATE, "the server in '%s' runs already, with other options",
              server->folder);
    return error_hint(error, "Stop it first, with `sluice dev stop`.");
}

/* @options on top of what was before. */
static bool
merge_options(PgServer *server, const PgServerOptions *options, GError **error)
{
    const bool tcp = options->tcp || options->port > 0;
    const bool was_tcp = server->tcp;

    for (guint i = 0; options->settings && options->settings[i]; i++) {
        if (strchr(options->settings[i], '=') == NULL)
            return error_set(error, ERROR_USAGE, "setting '%s' is not of the form name=value",
                             options->settings[i]);
        if (has_setting(server, options->settings[i]))
            continue;
        g_ptr_array_insert(server->settings, (int) server->settings->len - 1,
                           g_strdup(options->settings[i]));
    }
    server->durable = server->durable || options->durable;
    if (options->port > 0)
        server->port = options->port;
    else if (tcp && !server->tcp)
        server->port = free_port(0);
    else if (server->port == 0)
        server->port = SOCKET_PORT;
    server->tcp = was_tcp || tcp;
    if ((options->replica && !server->replica) || server->tcp != was_tcp)
        server->replica_port = server->tcp ? free_port(server->port) : server->port + 1;
    server->replica = server->replica || options->replica;
    if (server->tcp && server->password == NULL)
        server->password = random_hex();
    return true;
}

/* 'it''s', as postgresql.conf wants it. */
static void
append_setting(GString *text, const char *name, const char *value)
{
    g_autoptr(GString) quoted = g_string_new(value);

    g_string_replace(quoted, "'", "''", 0);
    g_string_append_printf(text, "%s = '%s'\n", name, quoted->str);
}

static char *
configuration(const PgServer *server, bool replica)
{
    static const char *const defaults[][2] = {
        {"max_connections", "200"}, {"shared_buffers", "64MB"},
        {"max_wal_size", "1GB"},    {"max_prepared_transactions", "20"},
        {"max_wal_senders", "10"},  {"max_replication_slots", "10"},
        {"wal_level", "replica"},   {"timezone", "UTC"},
        {"log_timezone", "UTC"},    {"log_line_prefix", "%m [%p] %a "},
    };
    GString *text = g_string_new("# Written by sluice at each start.\n");
    g_autofree char *port = g_strdup_printf("%d", replica ? server->replica_port : server->port);
    g_autofree char *primary = g_strdup_printf(
        "host='%s' port=%d user=postgres application_name=replica", server->folder, server->port);
    g_autofree char *folder = g_strdup_printf("\"%s\"", server->folder);
    const char *sync = server->durable ? "on" : "off";

    for (guint i = 0; i < G_N_ELEMENTS(defaults); i++)
        append_setting(text, defaults[i][0], defaults[i][1]);
    append_setting(text, "listen_addresses", server->tcp ? "127.0.0.1" : "");
    append_setting(text, "port", port);
    append_setting(text, "unix_socket_directories", folder);
    append_setting(text, "fsync", sync);
    append_setting(text, "full_page_writes", sync);
    if (replica) {
        append_setting(text, "primary_conninfo", primary);
        append_setting(text, "primary_slot_name", SLOT);
    }
    for (guint i = 0; g_ptr_array_index(server->settings, i) != NULL; i++) {
        g_auto(GStrv) words = g_strsplit(g_ptr_array_index(server->settings, i), "=", 2);
        append_setting(text, words[0], words[1]);
    }
    return g_string_free(text, FALSE);
}

static bool
start_cluster(const PgServer *server, const PgInstall *install, bool replica, GError **error)
{
    g_autofree char *data = path_in(server, replica ? "replica" : "data");
    g_autofree char *log = path_in(server, replica ? "replica.log" : "server.log");
    g_autofree char *text = configuration(server, replica);

    return cluster_pid(data) != 0 || (cluster_configure(install, data, text, error) &&
                                      cluster_start(install, data, log, error));
}

/* The password of TCP sessions, and the slot of the replica. */
static bool
prepare_server(const PgServer *server, GError **error)
{
    g_autofree char *url = url_of(server, server->port, false);
    g_autofree char *password = g_strdup_printf("ALTER ROLE postgres PASSWORD '%s'",
                                                server->password ? server->password : "");
    g_autoptr(PgConn) conn = pg_connect(url, &(PgConnOptions){.purpose = "dev"}, error);

    if (conn == NULL)
        return false;
    if (server->password && !pg_exec_script(conn, password, error))
        return false;
    return !server->replica ||
           pg_exec(conn, error,
                   "SELECT pg_create_physical_replication_slot('" SLOT "') WHERE NOT EXISTS "
                   "(SELECT FROM pg_replication_slots WHERE slot_name = '" SLOT "')");
}

static bool
start_all(PgServer *server, const PgInstall *install, GError **error)
{
    g_autofree char *data = path_in(server, "data");
    g_autofree char *replica = path_in(server, "replica");

    if (cluster_major(data) == 0 && !cluster_create(install, data, error))
        return false;
    if (!start_cluster(server, install, false, error) || !prepare_server(server, error))
        return false;
    if (server->replica && cluster_major(replica) == 0 &&
        !cluster_create_replica(install, replica, server->folder, server->port, SLOT, error))
        return false;
    if (server->replica && !start_cluster(server, install, true, error))
        return false;
    return save_state(server, install, error);
}

/* What was written down at the last start. A start that ended before it wrote that has left a
 * server whose options nobody knows: it is stopped. */
static bool
restore(PgServer *server, const PgInstall *install, GError **error)
{
    g_autofree char *state = path_in(server, STATE_FILE);
    g_autofree char *data = path_in(server, "data");

    if (g_file_test(state, G_FILE_TEST_EXISTS))
        return load_state(server, error);
    return cluster_stop(install, data, "immediate", error);
}

static bool
find_install(const PgServer *server, PgInstall *install, GError **error)
{
    g_autofree char *data = path_in(server, "data");

    return pg_install_init(install, cluster_major(data), error);
}

static void
remember_install(PgServer *server, const PgInstall *install)
{
    server->bin = g_strdup(install->bin);
    server->version = g_strdup(install->version);
}

PgServer *
pg_server_start(const PgServerOptions *options, GError **error)
{
    g_autoptr(PgServer) server = server_new(options->folder);
    g_auto(PgInstall) install = {0};
    g_auto(Descriptor) lock = -1;

    if (!find_install(server, &install, error) ||
        !prepare_folder(&install, server->folder, error) ||
        !lock_folder(server->folder, &lock, error))
        return NULL;
    remember_install(server, &install);
    if (!restore(server, &install, error) || !check_running(server, options, error) ||
        !merge_options(server, options, error) || !start_all(server, &install, error))
        return NULL;
    look(server);
    return g_steal_pointer(&server);
}

PgServer *
pg_server_find(const char *folder, GError **error)
{
    g_autoptr(PgServer) server = server_new(folder);
    g_autofree char *state = path_in(server, STATE_FILE);
    g_auto(PgInstall) install = {0};

    if (!g_file_test(state, G_FILE_TEST_EXISTS)) {
        error_set(error, ERROR_STATE, "there is no server in '%s'", server->folder);
        error_hint(error, "Start one with `sluice dev start`.");
        return NULL;
    }
    if (!find_install(server, &install, error) || !check_owner(&install, server->folder, error) ||
        !load_state(server, error))
        return NULL;
    remember_install(server, &install);
    look(server);
    return g_steal_pointer(&server);
}

bool
pg_server_stop(PgServer *server, bool immediate, GError **error)
{
    const char *mode = immediate ? "immediate" : "fast";
    g_autofree char *data = path_in(server, "data");
    g_autofree char *replica = path_in(server, "replica");
    g_auto(PgInstall) install = {0};
    g_auto(Descriptor) lock = -1;

    if (!find_install(server, &install, error) || !lock_folder(server->folder, &lock, error) ||
        !cluster_stop(&install, replica, mode, error) || !cluster_stop(&install, data, mode, error))
        return false;
    look(server);
    return true;
}

bool
pg_server_remove(PgServer *server, GError **error)
{
    const char *const argv[] = {"rm", "-rf", "--", server->folder, NULL};

    return pg_server_stop(server, true, error) && proc_run(argv, NULL, 0, NULL, error);
}

void
pg_server_free(PgServer *server)
{
    if (server == NULL)
        return;
    g_free(server->folder);
    g_free(server->password);
    g_ptr_array_unref(server->settings);
    g_free(server->bin);
    g_free(server->version);
    g_free(server->url);
    g_free(server->socket_url);
    g_free(server->log);
    g_free(server->replica_url);
    g_free(server);
}
