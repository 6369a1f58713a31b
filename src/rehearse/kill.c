#include "rehearse/kill.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/stop.h"

/* Enough to get far into a phase, for the distance grows with each. */
enum { MOST_KILLS = 30 };

/* Every room looks at the clock between what it asks of the server: so its looks are the moments
 * at which a process may end, counted alike in every run. */
typedef struct {
    const Clock *clock;
    gint looks_left;
} Mortal;

static void
count_look(Mortal *mortal)
{
    if (g_atomic_int_dec_and_test(&mortal->looks_left))
        raise(SIGKILL);
}

static gint64
mortal_monotonic_us(void *data)
{
    Mortal *mortal = data;

    count_look(mortal);
    return mortal->clock->monotonic_us(mortal->clock->data);
}

static gint64
mortal_wall_us(void *data)
{
    Mortal *mortal = data;

    count_look(mortal);
    return mortal->clock->wall_us(mortal->clock->data);
}

static void
mortal_sleep_us(void *data, gint64 us)
{
    Mortal *mortal = data;

    mortal->clock->sleep_us(mortal->clock->data, us);
}

static double
mortal_random(void *data)
{
    Mortal *mortal = data;

    return mortal->clock->random(mortal->clock->data);
}

/* As a command does: under the migrator lock, but for a backfill, which takes it at its end. A
 * session that a dead process left behind is so waited for. */
static bool
run_locked(const MigrateContext *context, const Revision *revision, const char *phase,
           GError **error)
{
    const bool locks = strcmp(phase, "backfill") != 0;

    return (!locks || apply_lock(&context->apply, error)) &&
           copy_run_phase(context, revision, phase, error);
}

/* In the child. What it could not do is written to @fd. */
static bool
run_mortal(Copy *copy, const char *url, const Revision *revision, const char *phase,
           gint looks_left, int fd)
{
    Mortal mortal = {copy->options->clock, looks_left};
    const Clock clock = {mortal_monotonic_us, mortal_wall_us, mortal_sleep_us, mortal_random,
                         &mortal};
    g_autoptr(GError) cause = NULL;
    MigrateContext context;

    if (copy_connect(copy, url, &context, &cause)) {
        context.apply.clock = &clock;
        context.backfill.clock = &clock;
        if (run_locked(&context, revision, phase, &cause))
            return true;
    }
    dprintf(fd, "%s", cause->message);
    return false;
}

static char *
read_all(int fd)
{
    GString *text = g_string_new(NULL);
    char buffer[1024];
    ssize_t size;

    while ((size = read(fd, buffer, sizeof buffer)) > 0 || (size < 0 && errno == EINTR))
        g_string_append_len(text, buffer, MAX(size, 0));
    return g_string_free(text, FALSE);
}

static int
wait_for(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* *@ret_killed: it did not get through. */
static bool
run_once(Copy *copy, const char *url, const Revision *revision, const char *phase, gint looks_left,
         bool *ret_killed, char **ret_problem, GError **error)
{
    g_auto(Descriptor) to_read = -1;
    int ends[2];
    pid_t child;
    int status;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(error, ERROR_STATE, "no pipe to a child process: %s", g_strerror(errno));
    to_read = ends[0];
    child = fork();
    if (child == 0)
        _exit(run_mortal(copy, url, revision, phase, looks_left, ends[1]) ? 0 : 1);
    close(ends[1]);
    if (child < 0)
        return error_set(error, ERROR_STATE, "no child process: %s", g_strerror(errno));
    *ret_problem = read_all(to_read);
    status = wait_for(child);
    *ret_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (*ret_killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        g_clear_pointer(ret_problem, g_free);
    return true;
}

bool
kill_run_phase(Copy *copy, const char *url, const Revision *revision, const char *phase,
               guint *kills, char **ret_problem, GError **error)
{
    gint looks = 1;

    for (guint i = 0;; i++) {
        bool killed = false;

        if (!stop_check(error) ||
            !run_once(copy, url, revision, phase, i < MOST_KILLS ? looks : G_MAXINT, &killed,
                      ret_problem, error))
            return false;
        if (!killed)
            return true;
        (*kills)++;
        looks += 1 + looks / 8;
    }
}
