#include "demo/loader.h"

#include "base/error.h"

enum { START_TIMEOUT_MS = 10 * 1000, FINISH_TIMEOUT_MS = 90 * 1000 };

struct Loader {
    const Stage *stage;
    Child *child;
    char *report;
    char *step; /* told last */
    GMutex mutex;
    json_t *pulse; /* the newest */
};

static void
take_pulse(void *data, const char *name, const char *line)
{
    Loader *loader = data;
    json_t *pulse = json_loads(line, 0, NULL);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&loader->mutex);

    if (pulse == NULL) {
        timeline_say(loader->stage->timeline, name, "%s", line);
        return;
    }
    json_decref(loader->pulse);
    loader->pulse = pulse;
}

static json_int_t
newest(Loader *loader, const char *what)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&loader->mutex);

    return json_integer_value(json_object_get(loader->pulse, what));
}

Loader *
loader_start(const Stage *stage, GError **error)
{
    const gint64 deadline = g_get_monotonic_time() + START_TIMEOUT_MS * 1000;
    g_autoptr(Loader) loader = g_new0(Loader, 1);
    g_autofree char *program = g_build_filename(stage->programs, "load", NULL);
    g_autofree char *port = g_strdup_printf("%d", stage->proxy_port);
    g_autofree char *users = g_strdup_printf("%d", USER_COUNT);

    loader->stage = stage;
    g_mutex_init(&loader->mutex);
    loader->report = g_build_filename(stage->folder, "load.json", NULL);
    const char *const argv[] = {program, "--port",   port,           "--users",
                                users,   "--report", loader->report, NULL};
    loader->child = child_start("load", argv, NULL, take_pulse, loader, error);
    if (loader->child == NULL)
        return NULL;
    while (newest(loader, "requests") <= newest(loader, "failed")) {
        if (child_has_ended(loader->child, NULL) || g_get_monotonic_time() > deadline) {
            error_set(error, ERROR_STATE, "the load gets no answers");
            return NULL;
        }
        g_usleep(50 * 1000);
    }
    return g_steal_pointer(&loader);
}

void
loader_free(Loader *loader)
{
    if (loader == NULL)
        return;
    child_free(loader->child);
    json_decref(loader->pulse);
    g_mutex_clear(&loader->mutex);
    g_free(loader->report);
    g_free(loader->step);
    g_free(loader);
}

static void
say_pulse(Loader *loader)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&loader->mutex);
    json_int_t requests = 0, failed = 0, wrong = 0, lost = 0;
    double p99 = 0;

    json_unpack(loader->pulse, "{s:I, s:I, s:I, s:I, s:f}", "requests", &requests, "failed",
                &failed, "wrong_reads", &wrong, "lost_writes", &lost, "p99_ms", &p99);
    timeline_say(loader->stage->timeline, "load",
                 "%lld requests so far: %lld failed, %lld wrong reads, %lld lost writes; p99 of "
                 "the last second %.1f ms",
                 (long long) requests, (long long) failed, (long long) wrong, (long long) lost,
                 p99);
}

void
loader_begin_step(Loader *loader, const char *step)
{
    g_autofree char *line = g_strconcat("step ", step, NULL);

    if (g_strcmp0(loader->step, step) == 0)
        return;
    g_free(loader->step);
    loader->step = g_strdup(step);
    child_tell(loader->child, line);
    say_pulse(loader);
}

void
loader_database_down(Loader *loader)
{
    child_tell(loader->child, "down");
}

void
loader_database_up(Loader *loader)
{
    child_tell(loader->child, "up");
}

json_t *
loader_finish(Loader *loader, GError **error)
{
    json_error_t problem;
    json_t *report;
    int status;

    child_tell(loader->child, "stop");
    if (!child_wait(loader->child, FINISH_TIMEOUT_MS, &status) || status != 0) {
        error_set(error, ERROR_STATE, "the load did not end well");
        return NULL;
    }
    report = json_load_file(loader->report, 0, &problem);
    if (report == NULL)
        error_set(error, ERROR_STATE, "cannot read '%s': %s", loader->report, problem.text);
    return report;
}
