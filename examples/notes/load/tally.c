#include "load/tally.h"

#include <stdlib.h>
#include <string.h>

enum { EXAMPLES_MAX = 20, VERSIONS_MAX = 2 };

static const char *const versions[VERSIONS_MAX] = {"1.0", "2.0"};

typedef struct {
    char *name;
    gint64 start_us;
    GArray *latencies_us; /* guint32, of good answers */
    gint64 requests, failed, failed_down;
    gint64 by_version[VERSIONS_MAX];
} Step;

struct Tally {
    GMutex mutex;
    gint64 end_us;         /* of the last step; 0: it lasts */
    GPtrArray *steps;      /* Step * */
    gint64 down_us, up_us; /* the interval without a database; 0: none; up 0: it lasts */
    gint64 failed_down;
    gint64 reads, lost, wrong, acknowledged;
    gint64 sweep_requests, sweep_failed;
    GHashTable *reasons;     /* char * -> GINT_TO_POINTER(count) */
    GPtrArray *examples;     /* char * */
    GArray *pulse_latencies; /* guint32, since the last pulse */
};

static void
step_free(gpointer data)
{
    Step *step = data;

    g_array_unref(step->latencies_us);
    g_free(step->name);
    g_free(step);
}

Tally *
tally_new(void)
{
    Tally *tally = g_new0(Tally, 1);

    g_mutex_init(&tally->mutex);
    tally->steps = g_ptr_array_new_with_free_func(step_free);
    tally->reasons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    tally->examples = g_ptr_array_new_with_free_func(g_free);
    tally->pulse_latencies = g_array_new(FALSE, FALSE, sizeof(guint32));
    tally_begin_step(tally, "start");
    return tally;
}

void
tally_free(Tally *tally)
{
    if (tally == NULL)
        return;
    g_ptr_array_unref(tally->steps);
    g_hash_table_unref(tally->reasons);
    g_ptr_array_unref(tally->examples);
    g_array_unref(tally->pulse_latencies);
    g_mutex_clear(&tally->mutex);
    g_free(tally);
}

void
tally_begin_step(Tally *tally, const char *name)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tally->mutex);
    const Step *current =
        tally->steps->len > 0 ? g_ptr_array_index(tally->steps, tally->steps->len - 1) : NULL;
    Step *step;

    if (current && strcmp(current->name, name) == 0)
        return;
    step = g_new0(Step, 1);
    step->name = g_strdup(name);
    step->start_us = g_get_monotonic_time();
    step->latencies_us = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_ptr_array_add(tally->steps, step);
}

void
tally_end_steps(Tally *tally)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tally->mutex);

    tally->end_us = g_get_monotonic_time();
}

void
tally_database_down(Tally *tally)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tally->mutex);

    tally->down_us = g_get_monotonic_time();
    tally->up_us = 0;
}

void
tally_database_up(Tally *tally)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tally->mutex);

    tally->up_us = g_get_monotonic_time();
}

static Step *
step_at(Tally *tally, gint64 due_us)
{
    guint i = tally->steps->len - 1;

    while (i > 0 && ((Step *) g_ptr_array_index(tally->steps, i))->start_us > due_us)
        i--;
    return g_ptr_array_index(tally->steps, i);
}

static bool
overlaps_down(const Tally *tally, const Outcome *outcome)
{
    return tally->down_us > 0 && outcome->ended_us >= tally->down_us &&
           (tally->up_us == 0 || outcome->sent_us <= tally->up_us);
}

static void
count_failure(Tally *tally, const char *reason)
{
    const int count = GPOINTER_TO_INT(g_hash_table_lookup(tally->reasons, reason));

    g_hash_table_insert(tally->reasons, g_strdup(reason), GINT_TO_POINTER(count + 1));
}

void
tally_request(Tally *tally, const Outcome *outcome)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tally->mutex);
    const guint32 latency = (guint32) (outcome->ended_us - outcome->due_us);
    Step *step = step_at(tally, outcome->due_us);

    step->requests++;
    for (int i = 0; i < VERSIONS_MAX; i++)
        step->by_version[i] += strcmp(outcome->version, versions[i]) == 0;
    if (outcome->failure && overlaps_down(tally, outcome)) {
        step->failed_down++;
        tally->failed_down++;
    } else if (outcome->failure) {
        step->failed++;
        count_failure(tally, outcome->failure);
    } else {
        g_array_append_val(step->latencies_us, latency);
        g_array_append_val(tally->pulse_latencies, latency);
    }
}

void
tally_sweep_request(Tally *tally, const Outcome *outcome)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tally->mutex);

    tally->sweep_requests++;
    if (outcome->failure) {
        tally->sweep_failed++;
        count_failure(tally, outcome->failure);
    }
}

void
tally_read(Tally *tally, ReadVerdict verdict, const char *what)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tally->mutex);

    tally->reads++;
    tally->lost += verdict == READ_LOST;
    tally->wrong += verdict == READ_WRONG;
    if (verdict != READ_RIGHT && tally->examples->len < EXAMPLES_MAX)
        g_ptr_array_add(tally->examples,
                        g_strdup_printf("%s: %s", verdict == READ_LOST ? "lost" : "wrong", what));
}

void
tally_write_acknowledged(Tally *tally)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tally->mutex);

    tally->acknowledged++;
}

static int
compare_latencies(const void *a, const void *b)
{
    const guint32 left = *(const guint32 *) a, right = *(const guint32 *) b;

    return left < right ? -1 : left > right;
}

/* @latencies sorted; 0 if there is none. */
static double
quantile_ms(const GArray *latencies, double q)
{
    if (latencies->len == 0)
        return 0;
    return g_array_index(latencies, guint32, (guint) (q * (latencies->len - 1))) / 1000.0;
}

typedef struct {
    gint64 requests, failed;
} Sum;

static Sum
sum_up(Tally *tally)
{
    Sum sum = {.requests = tally->sweep_requests, .failed = tally->sweep_failed};

    for (guint i = 0; i < tally->steps->len; i++) {
        const Step *step = g_ptr_array_index(tally->steps, i);
        sum.requests += step->requests;
        sum.failed += step->failed;
    }
    return sum;
}

json_t *
tally_pulse(Tally *tally)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tally->mutex);
    const Sum sum = sum_up(tally);
    json_t *pulse;

    g_array_sort(tally->pulse_latencies, compare_latencies);
    pulse = json_pack("{s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "requests", (json_int_t) sum.requests,
                      "failed", (json_int_t) sum.failed, "failed_while_database_down",
                      (json_int_t) tally->failed_down, "wrong_reads", (json_int_t) tally->wrong,
                      "lost_writes", (json_int_t) tally->lost, "p99_ms",
                      quantile_ms(tally->pulse_latencies, 0.99), "max_ms",
                      quantile_ms(tally->pulse_latencies, 1));
    g_array_set_size(tally->pulse_latencies, 0);
    return pulse;
}

static json_t *
step_report(Step *step, gint64 end_us)
{
    json_t *by_version = json_object();

    for (int i = 0; i < VERSIONS_MAX; i++)
        json_object_set_new(by_version, versions[i], json_integer(step->by_version[i]));
    g_array_sort(step->latencies_us, compare_latencies);
    return json_pack("{s:s, s:f, s:I, s:I, s:I, s:f, s:f, s:f, s:o}", "name", step->name, "seconds",
                     (double) (end_us - step->start_us) / G_USEC_PER_SEC, "requests",
                     (json_int_t) step->requests, "failed", (json_int_t) step->failed,
                     "failed_while_database_down", (json_int_t) step->failed_down, "p50_ms",
                     quantile_ms(step->latencies_us, 0.5), "p99_ms",
                     quantile_ms(step->latencies_us, 0.99), "max_ms",
                     quantile_ms(step->latencies_us, 1), "by_version", by_version);
}

static json_t *
steps_report(Tally *tally)
{
    json_t *steps = json_array();

    for (guint i = 0; i < tally->steps->len; i++) {
        const gint64 end_us =
            i + 1 < tally->steps->len
                ? ((const Step *) g_ptr_array_index(tally->steps, i + 1))->start_us
                : (tally->end_us ? tally->end_us : g_get_monotonic_time());
        json_array_append_new(steps, step_report(g_ptr_array_index(tally->steps, i), end_us));
    }
    return steps;
}

static json_t *
reasons_report(Tally *tally)
{
    json_t *reasons = json_object();
    GHashTableIter iterator;
    gpointer reason, count;

    g_hash_table_iter_init(&iterator, tally->reasons);
    while (g_hash_table_iter_next(&iterator, &reason, &count))
        json_object_set_new(reasons, reason, json_integer(GPOINTER_TO_INT(count)));
    return reasons;
}

json_t *
tally_report(Tally *tally)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tally->mutex);
    const Sum sum = sum_up(tally);
    json_t *examples = json_array();

    for (guint i = 0; i < tally->examples->len; i++)
        json_array_append_new(examples, json_string(g_ptr_array_index(tally->examples, i)));
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "requests",
        (json_int_t) sum.requests, "failed", (json_int_t) sum.failed, "failed_while_database_down",
        (json_int_t) tally->failed_down, "wrong_reads", (json_int_t) tally->wrong, "lost_writes",
        (json_int_t) tally->lost, "reads_checked", (json_int_t) tally->reads, "writes_acknowledged",
        (json_int_t) tally->acknowledged, "sweep_requests", (json_int_t) tally->sweep_requests,
        "reasons", reasons_report(tally), "examples", examples, "steps", steps_report(tally));
}
