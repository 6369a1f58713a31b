#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/stop.h"

/* Who the child becomes; looked up before the fork, for the child may not allocate. */
typedef struct {
    const char *name; /* NULL: nobody else */
    uid_t uid;
    gid_t gid;
    gid_t groups[64];
    int n_groups;
} Identity;

static bool
identity_init(Identity *identity, const char *user, GError **error)
{
    const struct passwd *entry = user ? getpwnam(user) : NULL;

    *identity = (Identity){.name = user, .n_groups = G_N_ELEMENTS(identity->groups)};
    if (user == NULL)
        return true;
    if (entry == NULL)
        return error_set(error, ERROR_STATE, "there is no user '%s' on this machine", user);
    identity->uid = entry->pw_uid;
    identity->gid = entry->pw_gid;
    if (getgrouplist(user, entry->pw_gid, identity->groups, &identity->n_groups) < 0)
        return error_set(error, ERROR_STATE, "user '%s' is in too many groups", user);
    return true;
}

/* In the child, between fork and exec. */
static void
enter_child(gpointer data)
{
    const Identity *identity = data;

    setpgid(0, 0);
    if (identity->name == NULL)
        return;
    if (setgroups((size_t) identity->n_groups, identity->groups) != 0 ||
        setgid(identity->gid) != 0 || setuid(identity->uid) != 0 || chdir("/") != 0)
        _exit(126);
}

static char **
merged_environment(const char *const *extra)
{
    char **env = g_get_environ();

    for (; extra && *extra; extra++) {
        const char *equals = strchr(*extra, '=');
        g_autofree char *name = g_strndup(*extra, (gsize) (equals - *extra));
        env = g_environ_setenv(env, name, equals + 1, TRUE);
    }
    return env;
}

/* Collects output until the child has ended. A daemon that the command left behind may keep the
 * pipe open, so the child's end decides, not the pipe's. True if it ended in time. */
static bool
collect(GPid pid, int fd, gint64 timeout_ms, GString *output, int *ret_status)
{
    const gint64 deadline = g_get_monotonic_time() + timeout_ms * 1000;
    bool ended = false;

    for (;;) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        char buffer[4096];
        ssize_t n = 0;

        if (!ended)
            ended = waitpid(pid, ret_status, WNOHANG) == pid;
        if (poll(&poller, 1, ended ? 0 : 10) > 0)
            n = read(fd, buffer, sizeof buffer);
        if (n > 0) {
            g_string_append_len(output, buffer, n);
            continue;
        }
        if (ended)
            return true;
        if (n <= 0 && (poller.revents & POLLHUP) != 0)
            g_usleep(2000);
        if ((timeout_ms > 0 && g_get_monotonic_time() > deadline) || stop_requested())
            return false;
    }
}

static const char *
last_line(GString *output)
{
    char *newline;

    while (output->len > 0 && g_ascii_isspace(output->str[output->len - 1]))
        g_string_truncate(output, output->len - 1);
    newline = strrchr(output->str, '\n');
    return newline ? newline + 1 : output->str;
}

static bool
fail(GError **error, const char *name, GString *output, const char *how, int number)
{
    const char *line = last_line(output);

    return error_set(error, ERROR_STATE, "'%s' %s %d%s%s", name, how, number, *line ? ": " : "",
                     line);
}

/* @name: what errors call it. @folder: where it runs, NULL for ours. */
static bool
run(const char *name, const char *folder, const char *user, const char *const *argv,
    const char *const *extra_env, gint64 timeout_ms, char **ret_output, GError **error)
{
    Identity identity;
    g_auto(GStrv) env = merged_environment(extra_env);
    g_auto(GStrv) words = g_strdupv((char **) (guintptr) argv);
    g_autoptr(GError) cause = NULL;
    g_autoptr(GString) output = g_string_new(NULL);
    GPid pid = 0;
    int pipe_fds[2];
    int status = 0;
    bool in_time;

    if (!identity_init(&identity, user, error))
        return false;
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return error_set(error, ERROR_INTERNAL, "cannot make a pipe: %s", g_strerror(errno));
    if (!g_spawn_async_with_pipes_and_fds(
            folder, (const char *const *) words, (const char *const *) env,
            G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, enter_child, &identity, -1,
            pipe_fds[1], pipe_fds[1], NULL, NULL, 0, &pid, NULL, NULL, NULL, &cause)) {
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        return error_set(error, ERROR_STATE, "cannot run '%s': %s", name, cause->message);
    }
    close(pipe_fds[1]);
    in_time = collect(pid, pipe_fds[0], timeout_ms, output, &status);
    close(pipe_fds[0]);
    if (!in_time) {
        kill(-pid, SIGKILL);
        waitpid(pid, &status, 0);
        if (!stop_check(error))
            return false;
        return fail(error, name, output, "did not end in time; limit in ms:", (int) timeout_ms);
    }
    if (WIFSIGNALED(status))
        return fail(error, name, output, "was ended by signal", WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return fail(error, name, output, "ended with status", WEXITSTATUS(status));
    if (ret_output)
        *ret_output = g_string_free(g_steal_pointer(&output), FALSE);
    return true;
}

bool
proc_run_as(const char *user, const char *const *argv, const char *const *extra_env,
            gint64 timeout_ms, char **ret_output, GError **error)
{
    g_autofree char *name = g_strjoinv(" ", (char **) (guintptr) argv);

    return run(name, NULL, user, argv, extra_env, timeout_ms, ret_output, error);
}

bool
proc_run(const char *const *argv, const char *const *extra_env, gint64 timeout_ms,
         char **ret_output, GError **error)
{
    return proc_run_as(NULL, argv, extra_env, timeout_ms, ret_output, error);
}

bool
proc_run_shell(const char *command, const char *folder, const char *const *extra_env,
               gint64 timeout_ms, char **ret_output, GError **error)
{
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};

    return run(command, folder, NULL, argv, extra_env, timeout_ms, ret_output, error);
}
