#include "backfill/run.h"

enum {
    PART_PAGES_MIN = 2, /* worth of rows: less is less work than a transaction's own */
    PART_ROWS_MIN = 64,
    RANGE_PAGES_MAX = 16384, /* 128 MB: what K visits should find in memory */
    RANGE_ROWS_MAX = 1 << 20,
    REST_MAX_US = 5000000,
    STALE_MS = 10000, /* what was seen longer ago tells nothing of now */
};

static const double DUTY_MIN = 0.01;

/* Weight of the newest part in the running cost. */
static const double SMOOTHING = 0.2;

struct Run {
    const BackfillContext *context;
    const BackfillTask *task;

    GMutex mutex;
    GCond changed;
    bool held;
    gint64 seen_ms; /* when the controller last looked */
    bool ending;
    bool started;
    RunPace pace;
    int working;
    GError *failure;

    int cost_parts;   /* what cost_us is of: ranges in so many parts */
    double cost_us;   /* of a part, for each page of its range; 0: not known */
    double wal_bytes; /* so too */
};

Run *
run_new(const BackfillContext *context, const BackfillTask *task, int workers)
{
    Run *run = g_new0(Run, 1);

    run->context = context;
    run->seen_ms = clock_now_ms(context->clock);
    run->task = task;
    run->pace = (RunPace){
        .workers = workers,
        .target_ms = context->settings->backfill_target_ms,
        .max_part_wal = context->settings->backfill_max_part_wal,
        .duty = 1,
    };
    g_mutex_init(&run->mutex);
    g_cond_init(&run->changed);
    return run;
}

void
run_free(Run *run)
{
    if (run == NULL)
        return;
    g_mutex_clear(&run->mutex);
    g_cond_clear(&run->changed);
    g_clear_error(&run->failure);
    g_free(run);
}

const BackfillContext *
run_context(const Run *run)
{
    return run->context;
}

const BackfillTask *
run_task(const Run *run)
{
    return run->task;
}

RunPace
run_pace(Run *run)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);

    return run->pace;
}

void
run_adjust(Run *run, const RunPace *pace)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);

    run->pace = *pace;
    g_cond_broadcast(&run->changed);
}

bool
run_leave_surplus(Run *run)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);
    const bool surplus = run->working > run->pace.workers;

    run->working -= surplus;
    return surplus;
}

int
run_start_missing(Run *run)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);
    const int missing = run->ending ? 0 : MAX(0, run->pace.workers - run->working);

    run->started |= missing > 0;
    run->working += missing;
    return missing;
}

static bool
is_blind(const Run *run)
{
    return clock_now_ms(run->context->clock) - run->seen_ms > STALE_MS;
}

void
run_seen(Run *run)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);

    run->seen_ms = clock_now_ms(run->context->clock);
    g_cond_broadcast(&run->changed);
}

bool
run_may_go_on(Run *run)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);

    while ((run->held || is_blind(run)) && !run->ending)
        g_cond_wait(&run->changed, &run->mutex);
    return !run->ending;
}

void
run_sleep_ms(Run *run, gint64 ms)
{
    const Clock *clock = run->context->clock;
    const gint64 until = clock->monotonic_us(clock->data) + ms * 1000;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);

    while (!run->ending && g_cond_wait_until(&run->changed, &run->mutex, until))
        continue;
}

gint64
run_rest_us(const RunPace *pace, gint64 part_us)
{
    const double duty = MAX(DUTY_MIN, pace->duty);

    return MIN(REST_MAX_US, (gint64) ((double) part_us * (1 / duty - 1)));
}

void
run_rest(Run *run, gint64 part_us)
{
    const Clock *clock = run->context->clock;
    const gint64 began_us = clock->monotonic_us(clock->data);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);

    while (!run->ending) {
        const gint64 until_us = began_us + run_rest_us(&run->pace, part_us);

        if (clock->monotonic_us(clock->data) >= until_us)
            break;
        g_cond_wait_until(&run->changed, &run->mutex, until_us);
    }
}

void
run_hold(Run *run, bool held)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);

    run->held = held;
    g_cond_broadcast(&run->changed);
}

void
run_end(Run *run)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);

    run->ending = true;
    g_cond_broadcast(&run->changed);
}

void
run_fail(Run *run, GError *take_error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);

    if (run->failure == NULL)
        run->failure = take_error;
    else
        g_error_free(take_error);
    run->ending = true;
    g_cond_broadcast(&run->changed);
}

GError *
run_take_failure(Run *run)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);

    return g_steal_pointer(&run->failure);
}

void
run_finish_worker(Run *run)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);

    run->working--;
}

bool
run_is_over(Run *run)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);

    return run->working == 0 && (run->started || run->ending);
}

void
run_measure(Run *run, int parts, gint64 pages, gint64 part_us, gint64 wal_bytes)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);
    const double cost_us = (double) part_us / (double) MAX(pages, 1);
    const double wal = (double) wal_bytes / (double) MAX(pages, 1);

    if (run->cost_parts != parts) {
        run->cost_parts = parts;
        run->cost_us = cost_us;
        run->wal_bytes = wal;
    } else {
        run->wal_bytes += SMOOTHING * (wal - run->wal_bytes);
        run->cost_us += SMOOTHING * (cost_us - run->cost_us);
    }
}

int
run_range_pages(Run *run, int parts, int range_pages)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&run->mutex);
    const bool along_key = run->task && run->task->key;
    const double target_us = 1000.0 * (double) run->pace.target_ms;
    const double max_wal = (double) run->pace.max_part_wal;
    double pages = 0;

    if (run->cost_parts > 0 && run->cost_parts != parts) {
        /* As many rows in a part as before, until it is known what they cost. */
        pages = (double) range_pages * parts / run->cost_parts;
    } else if (run->cost_us <= 0) {
        /* What is planned is for parts of the configured time. */
        pages = (double) range_pages * (double) run->pace.target_ms /
                (double) MAX(1, run->context->settings->backfill_target_ms);
    } else {
        pages = target_us / run->cost_us;
        if (max_wal > 0 && run->wal_bytes > 0)
            pages = MIN(pages, max_wal / run->wal_bytes);
        pages = MIN(pages, range_pages * 2.0);
    }
    return along_key ? (int) CLAMP(pages, PART_ROWS_MIN, RANGE_ROWS_MAX)
                     : (int) CLAMP(pages, PART_PAGES_MIN * parts, RANGE_PAGES_MAX);
}
