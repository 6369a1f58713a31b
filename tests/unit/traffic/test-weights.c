#include <math.h>

#include "traffic/weights.h"

static void
test_edges(void)
{
    Weights weights = weights_for(0, 2, 2);

    g_assert_cmpint(weights.canary, ==, 0);
    g_assert_cmpint(weights.stable, ==, 256);
    g_assert_cmpfloat_with_epsilon(weights.share, 0, 1e-12);
    weights = weights_for(100, 2, 2);
    g_assert_cmpint(weights.canary, ==, 256);
    g_assert_cmpint(weights.stable, ==, 0);
    g_assert_cmpfloat_with_epsilon(weights.share, 1, 1e-12);
    weights = weights_for(50, 3, 3);
    g_assert_cmpint(weights.canary, ==, weights.stable);
}

static void
test_five_per_cent_is_exact(void)
{
    const Weights weights = weights_for(5, 1, 1);

    g_assert_cmpint(weights.stable, ==, 19 * weights.canary);
    g_assert_cmpfloat_with_epsilon(weights.share, 0.05, 1e-12);
}

/* Each whole per cent, for pools up to four servers: within half a point, weights legal, and the
 * share is what the weights amount to. */
static void
test_all_shares(void)
{
    for (int percent = 1; percent < 100; percent++)
        for (guint stable = 1; stable <= 4; stable++)
            for (guint canary = 1; canary <= 4; canary++) {
                const Weights weights = weights_for(percent, stable, canary);
                const double c = (double) weights.canary * canary;
                const double s = (double) weights.stable * stable;

                g_assert_cmpint(weights.canary, >=, 1);
                g_assert_cmpint(weights.stable, >=, 1);
                g_assert_cmpint(MAX(weights.canary, weights.stable), <=, 256);
                g_assert_cmpint(MAX(weights.canary, weights.stable), >=, 192);
                g_assert_cmpfloat_with_epsilon(weights.share, c / (c + s), 1e-12);
                g_assert_cmpfloat_with_epsilon(weights.share, percent / 100.0, 0.006);
            }
}

/* A set sends stable's weights first. Between the two commands the canary may have no more than a
 * third above the larger of both shares. */
static void
test_no_moment_overshoots(void)
{
    for (int from = 1; from < 100; from++)
        for (int to = 1; to < 100; to++) {
            const Weights before = weights_for(from, 2, 2);
            const Weights after = weights_for(to, 2, 2);
            const double between = (double) before.canary / ((double) before.canary + after.stable);

            g_assert_cmpfloat(between, <=, MAX(from, to) / 100.0 * 4 / 3 + 0.01);
        }
}

static void
test_unequal_pools_say_what_they_give(void)
{
    const Weights weights = weights_for(1, 1, 100);

    g_assert_cmpint(weights.canary, ==, 1);
    g_assert_cmpfloat(weights.share, >, 0.28);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/weights/edges", test_edges);
    g_test_add_func("/weights/five-per-cent", test_five_per_cent_is_exact);
    g_test_add_func("/weights/all-shares", test_all_shares);
    g_test_add_func("/weights/no-overshoot", test_no_moment_overshoots);
    g_test_add_func("/weights/unequal-pools", test_unequal_pools_say_what_they_give);
    return g_test_run();
}
