#include "demo/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

enum { STOP_TIMEOUT_MS = 10 * 1000, POLL_US = 5 * 1000 };

struct Child {
    GPid pid;
    bool ended;
    int status;
    long max_rss_kb;
    int input_fd;
    FILE *output;
    GThread *reader;
    const char *name;
    ChildLine on_line;
    void *data;
};

static void
detach_from_terminal(gpointer data G_GNUC_UNUSED)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static gpointer
read_lines(gpointer data)
{
    Child *child = data;
    char *line = NULL;
    size_t size = 0;

    while (getline(&line, &size, child->output) > 0)
        child->on_line(child->data, child->name, g_strchomp(line));
    free(line);
    return NULL;
}

static char **
merge_environment(const char *const *extra)
{
    char **env = g_get_environ();

    for (; extra && *extra; extra++) {
        g_auto(GStrv) parts = g_strsplit(*extra, "=", 2);
        env = g_environ_setenv(env, parts[0], parts[1], TRUE);
    }
    return env;
}

Child *
child_start(const char *name, const char *const *argv, const char *const *extra_env,
            ChildLine on_line, void *data, GError **error)
{
    g_autofree Child *child = g_new0(Child, 1);
    g_auto(GStrv) env = merge_environment(extra_env);
    g_autoptr(GError) cause = NULL;
    int input[2], output[2];
    bool started;

    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) {
        error_set(error, ERROR_INTERNAL, "cannot make a pipe: %s", g_strerror(errno));
        return NULL;
    }
    started = g_spawn_async_with_pipes_and_fds(
        NULL, argv, (const char *const *) env, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
        detach_from_terminal, NULL, input[0], output[1], output[1], NULL, NULL, 0, &child->pid,
        NULL, NULL, NULL, &cause);
    close(input[0]);
    close(output[1]);
    child->input_fd = input[1];
    if (!started) {
        close(input[1]);
        close(output[0]);
        error_set(error, ERROR_STATE, "cannot run '%s': %s", argv[0], cause->message);
        return NULL;
    }
    child->name = name;
    child->on_line = on_line;
    child->data = data;
    child->output = fdopen(output[0], "r");
    child->reader = g_thread_new("lines", read_lines, child);
    return g_steal_pointer(&child);
}

void
child_tell(Child *child, const char *line)
{
    g_autofree char *text = g_strconcat(line, "\n", NULL);

    if (write(child->input_fd, text, strlen(text)) < 0)
        g_assert(errno == EPIPE);
}

void
child_signal(Child *child, int number)
{
    if (!child->ended)
        kill(child->pid, number);
}

bool
child_has_ended(Child *child, int *ret_status)
{
    struct rusage usage;
    int status;

    if (!child->ended && wait4(child->pid, &status, WNOHANG, &usage) == child->pid) {
        child->ended = true;
        child->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        child->max_rss_kb = usage.ru_maxrss;
    }
    if (child->ended && ret_status)
        *ret_status = child->status;
    return child->ended;
}

bool
child_wait(Child *child, gint64 timeout_ms, int *ret_status)
{
    const gint64 deadline = g_get_monotonic_time() + timeout_ms * 1000;

    while (!child_has_ended(child, ret_status)) {
        if (g_get_monotonic_time() > deadline)
            return false;
        g_usleep(POLL_US);
    }
    return true;
}

double
child_max_rss_mb(const Child *child)
{
    return (double) child->max_rss_kb / 1024;
}

void
child_free(Child *child)
{
    if (child == NULL)
        return;
    child_signal(child, SIGTERM);
    if (!child_wait(child, STOP_TIMEOUT_MS, NULL)) {
        child_signal(child, SIGKILL);
        child_wait(child, STOP_TIMEOUT_MS, NULL);
    }
    close(child->input_fd);
    g_thread_join(child->reader);
    fclose(child->output);
    g_free(child);
}
