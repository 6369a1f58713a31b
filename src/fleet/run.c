#include "fleet/run.h"

#include <string.h>

#include "base/stop.h"

static const char *const outcome_names[] = {
    [FLEET_LEFT] = "not begun",
    [FLEET_CURRENT] = "up to date",
    [FLEET_DONE] = "done",
    [FLEET_FAILED] = "failed",
};

typedef struct {
    const FleetOptions *options;
    GPtrArray *queue; /* FleetResult *, borrowed */
    gint64 began_ms;
    GMutex mutex; /* of what is below, and of the queue */
    guint next;   /* in the queue */
    guint ended, failed;
    bool unreachable; /* the tenants' server: no other is tried */
} Run;

typedef struct {
    Run *run;
    PgConn *conn;    /* NULL: not connected */
    const char *url; /* of @conn; borrowed from the database */
} Worker;

/* Where lines of one database go. */
typedef struct {
    const Report *report;
    const char *name;
} Voice;

const char *
fleet_outcome_name(FleetOutcome outcome)
{
    return outcome_names[outcome];
}

static void
result_free(FleetResult *result)
{
    json_decref(result->data);
    g_clear_error(&result->error);
    g_free(result);
}

GPtrArray *
fleet_results_new(const GPtrArray *databases)
{
    GPtrArray *results = g_ptr_array_new_with_free_func((GDestroyNotify) result_free);

    for (guint i = 0; i < databases->len; i++) {
        FleetResult *result = g_new0(FleetResult, 1);

        result->database = g_ptr_array_index(databases, i);
        g_ptr_array_add(results, result);
    }
    return results;
}

/* The steps of each are too many for a timeline of all. */
static void
say(void *sink, ReportKind kind, const char *text, json_t *data)
{
    const Voice *voice = sink;
    json_t *facts = data ? json_copy(data) : json_object();

    json_object_set_new(facts, "database", json_string(voice->name));
    report_data(voice->report, kind == REPORT_STEP ? REPORT_DETAIL : kind, facts, "%s: %s",
                voice->name, text);
}

/* The progress that is shown is the one of all. */
static void
say_no_progress(void *sink G_GNUC_UNUSED, const ReportProgress *progress G_GNUC_UNUSED)
{
}

static FleetResult *
take_next(Run *run)
{
    FleetResult *next = NULL;

    g_mutex_lock(&run->mutex);
    if (!stop_requested() && !run->unreachable && run->next < run->queue->len)
        next = g_ptr_array_index(run->queue, run->next++);
    g_mutex_unlock(&run->mutex);
    return next;
}

static void
count_ended(Run *run, const FleetResult *result)
{
    const FleetOptions *options = run->options;
    const gint64 elapsed_ms = clock_now_ms(options->clock) - run->began_ms;
    g_autofree char *note = NULL;

    g_mutex_lock(&run->mutex);
    run->ended++;
    if (result->outcome == FLEET_FAILED)
        run->failed++;
    if (run->failed > 0)
        note = g_strdup_printf("%u failed", run->failed);
    report_progress(options->report,
                    &(ReportProgress){
                        .what = options->what,
                        .done = run->ended,
                        .total = run->queue->len,
                        .per_second = -1,
                        .eta_ms = elapsed_ms * (run->queue->len - run->ended) / run->ended,
                        .note = note,
                    });
    g_mutex_unlock(&run->mutex);
}

static void
disconnect(Worker *worker)
{
    g_clear_pointer(&worker->conn, pg_disconnect);
    worker->url = NULL;
}

/* Tenants of one server share a session, one after the other. */
static bool
enter(Worker *worker, const Database *database, GError **error)
{
    const FleetOptions *options = worker->run->options;
    const PgConnOptions session = {
        .purpose = options->what,
        .allow_standby = options->only_reads,
        .allow_pooler = options->only_reads,
        .schema = database->schema,
    };

    if (worker->conn && database->schema && strcmp(worker->url, database->url) == 0)
        return pg_enter_schema(worker->conn, database->schema, error);
    disconnect(worker);
    worker->conn = pg_connect(database->url, &session, error);
    worker->url = database->url;
    return worker->conn != NULL;
}

static void
note_unreachable(Run *run)
{
    g_mutex_lock(&run->mutex);
    run->unreachable = true;
    g_mutex_unlock(&run->mutex);
}

static bool
work_on(Worker *worker, FleetResult *result, GError **error)
{
    const FleetOptions *options = worker->run->options;
    const Database *database = result->database;
    Voice voice = {.report = options->report, .name = database->name};
    const Report report = {.line = say, .progress = say_no_progress, .sink = &voice};
    g_autoptr(GError) cause = NULL;

    result->outcome = FLEET_DONE;
    if (enter(worker, database, &cause))
        return options->work(options->data, database, worker->conn, &report, result, error);
    if (database->schema && error_is(cause, ERROR_CONNECTION))
        note_unreachable(worker->run);
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static void
process(Worker *worker, FleetResult *result)
{
    const FleetOptions *options = worker->run->options;
    const gint64 began_ms = clock_now_ms(options->clock);

    if (!work_on(worker, result, &result->error)) {
        result->outcome = FLEET_FAILED;
        report_warning(options->report, "%s: %s", result->database->name, result->error->message);
        /* Nobody knows what its session is in the middle of. */
        disconnect(worker);
    }
    result->took_ms = clock_now_ms(options->clock) - began_ms;
    count_ended(worker->run, result);
}

static gpointer
worker_loop(gpointer data)
{
    Worker worker = {.run = data};

    for (FleetResult *result; (result = take_next(worker.run)) != NULL;)
        process(&worker, result);
    disconnect(&worker);
    return NULL;
}

static void
run_queue(const FleetOptions *options, GPtrArray *queue)
{
    Run run = {.options = options, .queue = queue, .began_ms = clock_now_ms(options->clock)};
    const guint jobs = MIN((guint) options->jobs, queue->len);
    g_autofree GThread **threads = g_new0(GThread *, jobs + 1);

    g_mutex_init(&run.mutex);
    for (guint i = 0; i < jobs; i++)
        threads[i] = g_thread_new("fleet", worker_loop, &run);
    for (guint i = 0; i < jobs; i++)
        g_thread_join(threads[i]);
    g_mutex_clear(&run.mutex);
}

static GPtrArray *
choose(const GPtrArray *results, bool canaries)
{
    GPtrArray *queue = g_ptr_array_new();

    for (guint i = 0; i < results->len; i++) {
        FleetResult *result = g_ptr_array_index(results, i);
        if (result->outcome == FLEET_LEFT && result->database->is_canary == canaries)
            g_ptr_array_add(queue, result);
    }
    return queue;
}

static bool
all_went_well(const GPtrArray *queue)
{
    for (guint i = 0; i < queue->len; i++) {
        const FleetResult *result = g_ptr_array_index(queue, i);
        if (result->outcome == FLEET_FAILED || result->outcome == FLEET_LEFT)
            return false;
    }
    return true;
}

void
fleet_run(const FleetOptions *options, GPtrArray *results)
{
    g_autoptr(GPtrArray) canaries = choose(results, true);
    g_autoptr(GPtrArray) others = choose(results, false);

    run_queue(options, canaries);
    if (options->only_reads || all_went_well(canaries))
        run_queue(options, others);
}

/* The higher, the more it needs a person; equal ones: the first. */
static int
severity(const GError *error)
{
    static const ErrorCode order[] = {ERROR_LOCK,  ERROR_OWNER,    ERROR_CONNECTION, ERROR_USAGE,
                                      ERROR_DRIFT, ERROR_CHECK,    ERROR_STATE,      ERROR_CONFIG,
                                      ERROR_SQL,   ERROR_INTERNAL, ERROR_INTERRUPTED};
    for (guint i = 0; i < G_N_ELEMENTS(order); i++)
        if (error_is(error, order[i]))
            return (int) i;
    return G_N_ELEMENTS(order);
}

static const FleetResult *
worst_of(const GPtrArray *results)
{
    const FleetResult *worst = NULL;

    for (guint i = 0; i < results->len; i++) {
        const FleetResult *result = g_ptr_array_index(results, i);
        if (result->error && (worst == NULL || severity(result->error) > severity(worst->error)))
            worst = result;
    }
    return worst;
}

static guint
count(const GPtrArray *results, FleetOutcome outcome)
{
    guint n = 0;

    for (guint i = 0; i < results->len; i++)
        n += ((const FleetResult *) g_ptr_array_index(results, i))->outcome == outcome;
    return n;
}

bool
fleet_check(const char *what, const GPtrArray *results, GError **error)
{
    const guint left = count(results, FLEET_LEFT), failed = count(results, FLEET_FAILED);
    const FleetResult *worst = worst_of(results);
    g_autofree char *rest = left > 0 ? g_strdup_printf(", %u not begun", left) : g_strdup("");

    if (left == 0 && failed == 0)
        return true;
    if (stop_requested() && (worst == NULL || error_is(worst->error, ERROR_INTERRUPTED))) {
        error_set(error, ERROR_INTERRUPTED, "interrupted: %u of %u done%s",
                  results->len - failed - left, results->len, rest);
        return error_hint(error, "Run the same command again: only what is left is done.");
    }
    g_assert(worst != NULL);
    g_propagate_error(error, g_error_copy(worst->error));
    g_prefix_error(error, "%s failed in %u of %u%s%s: %s: ", what, failed, results->len, rest,
                   left > 0 && worst->database->is_canary ? ", for a canary failed" : "",
                   worst->database->name);
    return false;
}
