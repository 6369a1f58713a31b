#include <math.h>

#include "analysis/sprt.h"

static const SprtLimits limits = {
    .acceptable = 0.001, .intolerable = 0.01, .alpha = 0.01, .beta = 0.05};

enum { SEED = 20261121 };

static void
test_requests_to_pass(void)
{
    const SprtLimits half = {.acceptable = 0.005, .intolerable = 0.02, .alpha = 0.01, .beta = 0.05};
    const SprtLimits one = {.acceptable = 0.01, .intolerable = 0.05, .alpha = 0.01, .beta = 0.05};

    g_assert_cmpint(sprt_requests_to_pass(&limits), ==, 332);
    g_assert_cmpint(sprt_requests_to_pass(&half), ==, 198);
    g_assert_cmpint(sprt_requests_to_pass(&one), ==, 73);
}

static void
test_passes_at_n0_and_not_before(void)
{
    Sprt sprt;

    sprt_init(&sprt, &limits);
    sprt_add(&sprt, 0, 331);
    g_assert_cmpint(sprt_verdict(&sprt), ==, VERDICT_CONTINUE);
    sprt_add(&sprt, 0, 1);
    g_assert_cmpint(sprt_verdict(&sprt), ==, VERDICT_PASS);
}

static void
test_one_stray_error_never_fails(void)
{
    Sprt sprt;

    sprt_init(&sprt, &limits);
    sprt_add(&sprt, 1, 1);
    g_assert_cmpint(sprt_verdict(&sprt), ==, VERDICT_CONTINUE);
    g_assert_cmpfloat_with_epsilon(sprt.log_ratio, log(10), 1e-9);
}

static void
test_nothing_is_no_evidence(void)
{
    Sprt sprt;

    sprt_init(&sprt, &limits);
    for (int i = 0; i < 1000; i++)
        sprt_add(&sprt, 0, 0);
    g_assert_cmpint(sprt_verdict(&sprt), ==, VERDICT_CONTINUE);
    g_assert_cmpint(sprt.total, ==, 0);
}

/* At most one in each batch of 20, whether a burst is in one interval or spread over several. */
static void
test_burst_cap(void)
{
    Sprt sprt;

    sprt_init(&sprt, &limits);
    sprt_add(&sprt, 15, 20);
    g_assert_cmpint(sprt.bad, ==, 1);
    g_assert_cmpint(sprt.bad_seen, ==, 15);
    sprt_add(&sprt, 100, 100);
    g_assert_cmpint(sprt.bad, ==, 6);

    sprt_init(&sprt, &limits);
    for (int i = 0; i < 5; i++)
        sprt_add(&sprt, 4, 4);
    g_assert_cmpint(sprt.bad, ==, 1);
    sprt_add(&sprt, 1, 4);
    g_assert_cmpint(sprt.bad, ==, 2);

    sprt_init(&sprt, &limits);
    sprt_add(&sprt, 9, 3); /* more redispatches than requests */
    g_assert_cmpint(sprt.bad_seen, ==, 3);
}

static void
test_total_outage_is_caught_in_three_batches(void)
{
    Sprt sprt;
    int n = 0;

    sprt_init(&sprt, &limits);
    while (sprt_verdict(&sprt) == VERDICT_CONTINUE) {
        sprt_add(&sprt, 1, 1);
        n++;
    }
    g_assert_cmpint(sprt_verdict(&sprt), ==, VERDICT_FAIL);
    g_assert_cmpint(n, <=, 60);
}

/* A cap of one in 20 would make an outage look like 5 %. */
static void
test_cap_does_not_hide_coarse_limits(void)
{
    const SprtLimits coarse = {.acceptable = 0.1, .intolerable = 0.3, .alpha = 0.01, .beta = 0.05};
    Sprt sprt;

    sprt_init(&sprt, &coarse);
    sprt_add(&sprt, 10, 10);
    g_assert_cmpint(sprt.bad, ==, 10);
    g_assert_cmpint(sprt_verdict(&sprt), ==, VERDICT_FAIL);
}

static gint64
draw(GRand *rand, int n, double p)
{
    gint64 bad = 0;

    for (int i = 0; i < n; i++)
        bad += g_rand_double(rand) < p ? 1 : 0;
    return bad;
}

/* Runs one test to its end with intervals of @n requests. */
static Verdict
simulate(GRand *rand, const SprtLimits *with, double p, int n, gint64 *ret_total)
{
    Sprt sprt;

    sprt_init(&sprt, with);
    while (sprt_verdict(&sprt) == VERDICT_CONTINUE)
        sprt_add(&sprt, draw(rand, n, p), n);
    *ret_total = sprt.total;
    return sprt_verdict(&sprt);
}

static double
fail_rate(const SprtLimits *with, double p, int n, int runs, double *ret_mean)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
    double total = 0;
    int failed = 0;

    for (int i = 0; i < runs; i++) {
        gint64 requests;
        failed += simulate(rand, with, p, n, &requests) == VERDICT_FAIL ? 1 : 0;
        total += (double) requests;
    }
    *ret_mean = total / runs;
    return (double) failed / runs;
}

/* The figures that docs/analysis.md gives: false aborts below alpha, what is intolerable found in
 * 19 of 20. */
static void
test_error_rates(void)
{
    static const SprtLimits rows[] = {
        {.acceptable = 0.001, .intolerable = 0.01, .alpha = 0.01, .beta = 0.05},
        {.acceptable = 0.005, .intolerable = 0.02, .alpha = 0.01, .beta = 0.05},
        {.acceptable = 0.01, .intolerable = 0.05, .alpha = 0.01, .beta = 0.05},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        double mean;
        const double false_abort = fail_rate(&rows[i], rows[i].acceptable, 10, 5000, &mean);
        const double found = fail_rate(&rows[i], rows[i].intolerable, 10, 2000, &mean);

        g_test_message("p0 %g p1 %g: false aborts %.2f %%, found %.1f %% after %.0f requests",
                       rows[i].acceptable, rows[i].intolerable, false_abort * 100, found * 100,
                       mean);
        g_assert_cmpfloat(false_abort, <=, 0.01);
        g_assert_cmpfloat(found, >=, 0.93);
    }
}

/* Errors in bursts of five, a healthy rate: without the cap 6 % of the runs would abort. */
static void
test_bursts_do_not_abort(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
    int failed = 0;

    for (int run = 0; run < 5000; run++) {
        Sprt sprt;

        sprt_init(&sprt, &limits);
        while (sprt_verdict(&sprt) == VERDICT_CONTINUE)
            sprt_add(&sprt, 5 * draw(rand, 10, limits.acceptable / 5), 10);
        failed += sprt_verdict(&sprt) == VERDICT_FAIL ? 1 : 0;
    }
    g_test_message("false aborts with bursts: %.2f %%", failed / 50.0);
    g_assert_cmpint(failed, <=, 25);
}

static void
test_cusum_bound(void)
{
    Cusum cusum;

    cusum_init(&cusum, &limits, 17280);
    g_assert_cmpfloat_with_epsilon(cusum.bound, 14.36, 0.01);
}

/* A long good time does not hide a bad one: the sum starts from 0, not from far below. */
static void
test_cusum_finds_a_late_failure(void)
{
    Cusum cusum;
    int n = 0;

    cusum_init(&cusum, &limits, 17280);
    for (int i = 0; i < 1000; i++)
        cusum_add(&cusum, 0, 300);
    g_assert_false(cusum_is_alarm(&cusum));
    for (; !cusum_is_alarm(&cusum); n += 20)
        cusum_add(&cusum, 20, 20);
    g_assert_cmpint(n, <=, 200);
    cusum_add(&cusum, 0, 100000);
    g_assert_true(cusum_is_alarm(&cusum));
}

static void
test_cusum_false_alarms(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
    int alarms = 0;

    for (int run = 0; run < 100; run++) {
        Cusum cusum;

        cusum_init(&cusum, &limits, 1000);
        for (int i = 0; i < 1000; i++)
            cusum_add(&cusum, draw(rand, 50, limits.acceptable), 50);
        alarms += cusum_is_alarm(&cusum) ? 1 : 0;
    }
    g_assert_cmpint(alarms, <=, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sprt/requests-to-pass", test_requests_to_pass);
    g_test_add_func("/sprt/passes-at-n0", test_passes_at_n0_and_not_before);
    g_test_add_func("/sprt/one-error", test_one_stray_error_never_fails);
    g_test_add_func("/sprt/nothing", test_nothing_is_no_evidence);
    g_test_add_func("/sprt/burst-cap", test_burst_cap);
    g_test_add_func("/sprt/total-outage", test_total_outage_is_caught_in_three_batches);
    g_test_add_func("/sprt/coarse-limits", test_cap_does_not_hide_coarse_limits);
    g_test_add_func("/sprt/error-rates", test_error_rates);
    g_test_add_func("/sprt/bursts", test_bursts_do_not_abort);
    g_test_add_func("/cusum/bound", test_cusum_bound);
    g_test_add_func("/cusum/late-failure", test_cusum_finds_a_late_failure);
    g_test_add_func("/cusum/false-alarms", test_cusum_false_alarms);
    return g_test_run();
}
