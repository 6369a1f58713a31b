#include "fleet/fleet.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "http/client.h"

enum { PROBE_TIMEOUT_MS = 2000, POLL_US = 20 * 1000 };

struct Fleet {
    json_t *description;
    const char *run, *logs, *database; /* borrowed from it */
};

typedef struct {
    const char *program;
    const json_t *ports;
} Version;

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool
fail(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (error)
        *error = g_error_new_valist(G_FILE_ERROR, G_FILE_ERROR_FAILED, format, args);
    va_end(args);
    return false;
}

Fleet *
fleet_load(const char *path, GError **error)
{
    g_autoptr(Fleet) fleet = g_new0(Fleet, 1);
    json_error_t problem;

    fleet->description = json_load_file(path, 0, &problem);
    if (json_unpack_ex(fleet->description, &problem, 0, "{s:s, s:s, s:s}", "run", &fleet->run,
                       "logs", &fleet->logs, "database", &fleet->database) != 0) {
        fail(error, "cannot read the fleet from '%s': %s", path, problem.text);
        return NULL;
    }
    return g_steal_pointer(&fleet);
}

void
fleet_free(Fleet *fleet)
{
    if (fleet == NULL)
        return;
    json_decref(fleet->description);
    g_free(fleet);
}

static bool
find_version(const Fleet *fleet, const char *name, Version *ret_version, GError **error)
{
    const json_t *version =
        json_object_get(json_object_get(fleet->description, "versions"), name ? name : "");

    ret_version->program = json_string_value(json_object_get(version, "program"));
    ret_version->ports = json_object_get(version, "ports");
    if (ret_version->program && json_is_array(ret_version->ports))
        return true;
    return fail(error, "the fleet has no version '%s'", name ? name : "");
}

static int
port_of(const Version *version, size_t i)
{
    return (int) json_integer_value(json_array_get(version->ports, i));
}

static char *
pid_path(const Fleet *fleet, int port)
{
    return g_strdup_printf("%s/notes-api-%d.pid", fleet->run, port);
}

/* Its pid, or 0 if it does not run. A zombie has no exe, another process with that number has
 * another one. */
static pid_t
running_pid(const Fleet *fleet, const Version *version, int port)
{
    g_autofree char *path = pid_path(fleet, port);
    g_autofree char *text = NULL;
    g_autofree char *link = NULL;
    g_autofree char *exe = NULL;
    g_autofree char *program = realpath(version->program, NULL);

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return 0;
    link = g_strdup_printf("/proc/%d/exe", atoi(text));
    exe = g_file_read_link(link, NULL);
    return exe && program && strcmp(exe, program) == 0 ? atoi(text) : 0;
}

static void
begin_session(gpointer data G_GNUC_UNUSED)
{
    setsid();
}

static bool
start_instance(const Fleet *fleet, const Version *version, int port, GError **error)
{
    g_autofree char *port_text = g_strdup_printf("%d", port);
    g_autofree char *log = g_strdup_printf("%s/notes-api-%d.log", fleet->logs, port);
    g_autofree char *path = pid_path(fleet, port);
    g_autofree char *pid_text = NULL;
    g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "NOTES_DATABASE_URL", fleet->database, 1);
    const char *const argv[] = {version->program, "--port", port_text, NULL};
    const int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    GPid pid = 0;
    bool started;

    if (fd < 0)
        return fail(error, "cannot open '%s': %s", log, g_strerror(errno));
    /* Without DO_NOT_REAP GLib forks twice: the instance is nobody's child. */
    started = g_spawn_async_with_pipes_and_fds(NULL, argv, (const char *const *) env,
                                               G_SPAWN_DEFAULT, begin_session, NULL, -1, fd, fd,
                                               NULL, NULL, 0, &pid, NULL, NULL, NULL, error);
    close(fd);
    if (!started)
        return false;
    pid_text = g_strdup_printf("%d\n", pid);
    return g_file_set_contents(path, pid_text, -1, error);
}

/* Two that start at once take turns. -1 with @error set. */
static int
lock_fleet(const Fleet *fleet, GError **error)
{
    g_autofree char *path = g_build_filename(fleet->run, "lock", NULL);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || flock(fd, LOCK_EX) != 0)
        fail(error, "cannot lock '%s': %s", path, g_strerror(errno));
    return fd;
}

bool
fleet_start(Fleet *fleet, const char *name, GError **error)
{
    Version version;
    bool started = true;
    int lock;

    if (!find_version(fleet, name, &version, error))
        return false;
    lock = lock_fleet(fleet, error);
    if (lock < 0)
        return false;
    for (size_t i = 0; started && i < json_array_size(version.ports); i++)
        if (running_pid(fleet, &version, port_of(&version, i)) == 0)
            started = start_instance(fleet, &version, port_of(&version, i), error);
    close(lock);
    return started;
}

bool
fleet_answers(Fleet *fleet, const char *name, const char *path)
{
    Version version;

    if (!find_version(fleet, name, &version, NULL))
        return false;
    for (size_t i = 0; i < json_array_size(version.ports); i++)
        if (http_probe((guint16) port_of(&version, i), path, PROBE_TIMEOUT_MS) != 200)
            return false;
    return true;
}

guint
fleet_count_running(Fleet *fleet, const char *name)
{
    Version version;
    guint running = 0;

    if (!find_version(fleet, name, &version, NULL))
        return 0;
    for (size_t i = 0; i < json_array_size(version.ports); i++)
        running += running_pid(fleet, &version, port_of(&version, i)) != 0;
    return running;
}

static void
signal_all(const Fleet *fleet, const Version *version, int number)
{
    for (size_t i = 0; i < json_array_size(version->ports); i++) {
        const pid_t pid = running_pid(fleet, version, port_of(version, i));
        if (pid != 0)
            kill(pid, number);
    }
}

bool
fleet_stop(Fleet *fleet, const char *name, gint64 timeout_ms, GError **error)
{
    const gint64 deadline = g_get_monotonic_time() + timeout_ms * 1000;
    Version version;

    if (!find_version(fleet, name, &version, error))
        return false;
    signal_all(fleet, &version, SIGTERM);
    while (fleet_count_running(fleet, name) > 0) {
        if (g_get_monotonic_time() > deadline) {
            signal_all(fleet, &version, SIGKILL);
            return fail(error, "version %s had not drained after %d s, and was killed", name,
                        (int) (timeout_ms / 1000));
        }
        g_usleep(POLL_US);
    }
    return true;
}
