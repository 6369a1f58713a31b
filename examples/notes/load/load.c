/*
 * load - an open-loop load on notes-api that remembers what it wrote and checks what it reads.
 *
 *   load --port 8080 --users 300000 --rate 320 --report load.json
 *
 * Commands on standard input, one a line: `step NAME` (what follows is counted under NAME), `down`
 * and `up` (failures in between are counted apart: the database was stopped), `stop` (or its end:
 * no new requests; then everything written is read once more, and the report written). One JSON
 * line a second on standard output.
 */
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "load/worker.h"

typedef struct {
    int port, users, workers, seed;
    double rate;
    char *report;
} Options;

static bool
parse_options(int argc, char **argv, Options *options)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- an open-loop load that checks");
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {
        {"port", 'p', 0, G_OPTION_ARG_INT, &options->port, "Of the proxy, on 127.0.0.1", "PORT"},
        {"users", 'u', 0, G_OPTION_ARG_INT, &options->users, "Rows loaded: ids 1..N", "N"},
        {"workers", 'w', 0, G_OPTION_ARG_INT, &options->workers, "Connections (48)", "N"},
        {"rate", 'r', 0, G_OPTION_ARG_DOUBLE, &options->rate, "Requests per second (320)", "N"},
        {"seed", 0, 0, G_OPTION_ARG_INT, &options->seed, "Of the random choices (1)", "N"},
        {"report", 0, 0, G_OPTION_ARG_FILENAME, &options->report, "Written at the end", "FILE"},
        G_OPTION_ENTRY_NULL};

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("load: %s\n", error->message);
        return false;
    }
    if (options->port > 0 && options->port < 65536 && options->workers > 0 && options->rate > 0 &&
        options->users >= options->workers && options->report)
        return true;
    g_printerr("load: needs --port, --report and at least one of --users a worker\n");
    return false;
}

static gpointer
run_worker(gpointer worker)
{
    worker_run(worker);
    worker_sweep(worker);
    return NULL;
}

static gpointer
print_pulses(gpointer data)
{
    const LoadPlan *plan = data;
    gint64 due_us;
    g_autoptr(Schedule) seconds = schedule_new(1);

    while (schedule_next(seconds, &due_us) && !schedule_is_stopped(plan->schedule)) {
        json_t *pulse = tally_pulse(plan->tally);
        json_dumpf(pulse, stdout, JSON_COMPACT | JSON_REAL_PRECISION(5));
        putchar('\n');
        fflush(stdout);
        json_decref(pulse);
    }
    return NULL;
}

/* Until `stop` or the end of standard input. */
static void
obey_commands(Tally *tally)
{
    char line[256];

    while (fgets(line, sizeof line, stdin)) {
        g_strchomp(line);
        if (g_str_has_prefix(line, "step "))
            tally_begin_step(tally, line + strlen("step "));
        else if (strcmp(line, "down") == 0)
            tally_database_down(tally);
        else if (strcmp(line, "up") == 0)
            tally_database_up(tally);
        else if (strcmp(line, "stop") == 0)
            return;
        else
            g_printerr("load: unknown command '%s'\n", line);
    }
}

static User *
make_users(guint count)
{
    User *users = g_new0(User, count);

    for (guint i = 0; i < count; i++)
        users[i].id = users[i].tag = i + 1;
    return users;
}

static bool
write_report(Tally *tally, const char *path)
{
    json_t *report = tally_report(tally);
    const bool written = json_dump_file(report, path, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0;

    if (!written)
        g_printerr("load: cannot write '%s'\n", path);
    json_decref(report);
    return written;
}

static void
run(const LoadPlan *plan)
{
    g_autoptr(GPtrArray) workers = g_ptr_array_new_with_free_func((GDestroyNotify) worker_free);
    g_autoptr(GPtrArray) running = g_ptr_array_new();
    GThread *pulses = g_thread_new("pulses", print_pulses, (gpointer) plan);

    for (guint i = 0; i < plan->worker_count; i++) {
        Worker *worker = worker_new(plan, i);
        g_ptr_array_add(workers, worker);
        g_ptr_array_add(running, g_thread_new("worker", run_worker, worker));
    }
    obey_commands(plan->tally);
    schedule_stop(plan->schedule);
    tally_end_steps(plan->tally);
    for (guint i = 0; i < running->len; i++)
        g_thread_join(g_ptr_array_index(running, i));
    g_thread_join(pulses);
}

int
main(int argc, char **argv)
{
    Options options = {.workers = 48, .users = 300000, .rate = 320, .seed = 1};
    g_autofree char *report = NULL;
    g_autofree User *users = NULL;
    g_autoptr(Schedule) schedule = NULL;
    g_autoptr(Tally) tally = NULL;
    LoadPlan plan;
    bool written;

    if (!parse_options(argc, argv, &options))
        return 2;
    report = options.report;
    signal(SIGPIPE, SIG_IGN);
    users = make_users((guint) options.users);
    schedule = schedule_new(options.rate);
    tally = tally_new();
    plan = (LoadPlan){.schedule = schedule,
                      .tally = tally,
                      .users = users,
                      .user_count = (guint) options.users,
                      .worker_count = (guint) options.workers,
                      .port = (guint16) options.port,
                      .seed = (guint32) options.seed};
    run(&plan);
    written = write_report(tally, report);
    for (guint i = 0; i < plan.user_count; i++)
        user_clear(&users[i]);
    return written ? 0 : 1;
}
