#include "backfill/run.h"
#include "base/error.h"

static const Settings settings = {.backfill_target_ms = 75};
static const BackfillContext context = {.settings = &settings, .clock = &clock_system};

static void
test_size_follows_the_target(void)
{
    g_autoptr(Run) run = run_new(&context, NULL, 1);

    g_assert_cmpint(run_range_pages(run, 8, 512), ==, 512);
    /* 100 us for each page of the range: 750 pages take 75 ms. */
    run_measure(run, 8, 512, 51200, 0);
    g_assert_cmpint(run_range_pages(run, 8, 512), ==, 750);
    /* Never more than double at once. */
    g_assert_cmpint(run_range_pages(run, 8, 100), ==, 200);
    g_assert_cmpint(run_range_pages(run, 8, 4000), ==, 750);
}

static void
test_a_shorter_target_counts_at_once(void)
{
    g_autoptr(Run) run = run_new(&context, NULL, 1);

    run_adjust(run, &(RunPace){.workers = 1, .target_ms = 15, .duty = 0.2});
    g_assert_cmpint(run_range_pages(run, 8, 500), ==, 100);
    run_measure(run, 8, 512, 51200, 0);
    g_assert_cmpint(run_range_pages(run, 8, 500), ==, 150);
}

static void
test_size_has_bounds(void)
{
    g_autoptr(Run) run = run_new(&context, NULL, 1);

    run_measure(run, 8, 16, 1000000, 0);
    g_assert_cmpint(run_range_pages(run, 8, 16), ==, 16);
    g_assert_cmpint(run_range_pages(run, 8, 512), ==, 16);
    run_measure(run, 1, 16384, 10, 0);
    g_assert_cmpint(run_range_pages(run, 1, 16384), ==, 16384);
}

static void
test_parts_of_another_kind_hold_as_many_rows(void)
{
    g_autoptr(Run) run = run_new(&context, NULL, 1);

    run_measure(run, 8, 512, 51200, 0);
    g_assert_cmpint(run_range_pages(run, 1, 512), ==, 64);
    run_measure(run, 1, 64, 75000, 0);
    g_assert_cmpint(run_range_pages(run, 8, 64), ==, 512);
}

static void
test_a_rest_makes_up_the_share(void)
{
    g_assert_cmpint(run_rest_us(&(RunPace){.duty = 1}, 25000), ==, 0);
    g_assert_cmpint(run_rest_us(&(RunPace){.duty = 0.25}, 25000), ==, 75000);
    g_assert_cmpint(run_rest_us(&(RunPace){.duty = 0}, 10000), ==, 990000);
    g_assert_cmpint(run_rest_us(&(RunPace){.duty = 0.5}, 60000000), ==, 5000000);
}

/* A target of no time at all: as small as a range may be. */
static void
test_no_time(void)
{
    const Settings none = {.backfill_target_ms = 0};
    const BackfillContext hasty = {.settings = &none, .clock = &clock_system};
    g_autoptr(Run) run = run_new(&hasty, NULL, 1);

    g_assert_cmpint(run_range_pages(run, 8, 512), ==, 16);
}

static gpointer
count_rounds(gpointer data)
{
    int rounds = 0;

    while (run_may_go_on(data)) {
        rounds++;
        run_sleep_ms(data, 1);
    }
    run_finish_worker(data);
    return GINT_TO_POINTER(rounds);
}

static void
test_held_workers_wait_and_end(void)
{
    g_autoptr(Run) run = run_new(&context, NULL, 1);
    GThread *thread = NULL;

    run_hold(run, true);
    g_assert_cmpint(run_start_missing(run), ==, 1);
    thread = g_thread_new("worker", count_rounds, run);
    g_usleep(20000);
    run_end(run);
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, 0);
    g_assert_true(run_is_over(run));
}

/* A clock that is told the time, and counts who looks at it. */
typedef struct {
    gint64 now_us;
    gint looks;
} Told;

static gint64
told_us(void *data)
{
    Told *told = data;

    g_atomic_int_inc(&told->looks);
    return told->now_us;
}

static gpointer
go_on(gpointer data)
{
    return GINT_TO_POINTER(run_may_go_on(data));
}

/* A controller that is stuck sees nothing: then nobody works until it has looked again. */
static void
test_nobody_works_while_nobody_looks(void)
{
    Told told = {.now_us = 1000000};
    const Clock clock = {.monotonic_us = told_us, .data = &told};
    const BackfillContext stopped = {.settings = &settings, .clock = &clock};
    g_autoptr(Run) run = run_new(&stopped, NULL, 1);
    GThread *thread = NULL;

    told.now_us += 9000000;
    g_assert_true(run_may_go_on(run));
    told.now_us += 9000000;
    told.looks = 0;
    thread = g_thread_new("worker", go_on, run);
    while (g_atomic_int_get(&told.looks) == 0)
        g_thread_yield();
    run_end(run);
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, 0);
}

static void
test_looked_again(void)
{
    Told told = {.now_us = 1000000};
    const Clock clock = {.monotonic_us = told_us, .data = &told};
    const BackfillContext stopped = {.settings = &settings, .clock = &clock};
    g_autoptr(Run) run = run_new(&stopped, NULL, 1);
    GThread *thread = NULL;

    told.now_us += 20000000;
    thread = g_thread_new("worker", go_on, run);
    run_seen(run);
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, 1);
}

static void
test_workers_come_and_go(void)
{
    g_autoptr(Run) run = run_new(&context, NULL, 2);

    g_assert_cmpint(run_start_missing(run), ==, 2);
    g_assert_false(run_leave_surplus(run));
    run_adjust(run, &(RunPace){.workers = 1, .target_ms = 20});
    g_assert_cmpint(run_pace(run).target_ms, ==, 20);
    g_assert_true(run_leave_surplus(run));
    g_assert_false(run_leave_surplus(run));
    run_adjust(run, &(RunPace){.workers = 3});
    g_assert_cmpint(run_start_missing(run), ==, 2);
    run_end(run);
    run_adjust(run, &(RunPace){.workers = 9});
    g_assert_cmpint(run_start_missing(run), ==, 0);
}

static void
test_no_more_wal_than_it_may(void)
{
    g_autoptr(Run) run = run_new(&context, NULL, 1);

    run_adjust(run, &(RunPace){.workers = 1, .target_ms = 75, .max_part_wal = 1 << 20});
    run_measure(run, 8, 512, 51200, 512 * 4096);
    g_assert_cmpint(run_range_pages(run, 8, 512), ==, 256);
    run_adjust(run, &(RunPace){.workers = 1, .target_ms = 75});
    g_assert_cmpint(run_range_pages(run, 8, 512), >, 512);
}

static void
test_the_first_failure_stays(void)
{
    g_autoptr(Run) run = run_new(&context, NULL, 2);
    g_autoptr(GError) failure = NULL;

    run_fail(run, g_error_new_literal(SLUICE_ERROR, ERROR_SQL, "first"));
    run_fail(run, g_error_new_literal(SLUICE_ERROR, ERROR_SQL, "second"));
    failure = run_take_failure(run);
    g_assert_cmpstr(failure->message, ==, "first");
    g_assert_null(run_take_failure(run));
    g_assert_false(run_may_go_on(run));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backfill/run/size-follows-the-target", test_size_follows_the_target);
    g_test_add_func("/backfill/run/size-has-bounds", test_size_has_bounds);
    g_test_add_func("/backfill/run/a-shorter-target", test_a_shorter_target_counts_at_once);
    g_test_add_func("/backfill/run/parts-of-another-kind",
                    test_parts_of_another_kind_hold_as_many_rows);
    g_test_add_func("/backfill/run/no-time", test_no_time);
    g_test_add_func("/backfill/run/rest", test_a_rest_makes_up_the_share);
    g_test_add_func("/backfill/run/held-workers-wait-and-end", test_held_workers_wait_and_end);
    g_test_add_func("/backfill/run/the-first-failure-stays", test_the_first_failure_stays);
    g_test_add_func("/backfill/run/nobody-looks", test_nobody_works_while_nobody_looks);
    g_test_add_func("/backfill/run/looked-again", test_looked_again);
    g_test_add_func("/backfill/run/workers-come-and-go", test_workers_come_and_go);
    g_test_add_func("/backfill/run/no-more-wal-than-it-may", test_no_more_wal_than_it_may);
    return g_test_run();
}
