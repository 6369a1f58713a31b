#include "signals/hysteresis.h"

static void
test_holds_until_it_is_well_again(void)
{
    Hysteresis h = {0};

    g_assert_false(hysteresis_see(&h, 0.99, 0));
    g_assert_false(hysteresis_see(&h, 1, 100));
    g_assert_true(hysteresis_see(&h, 1.01, 200));
    /* Below the limit is not well yet. */
    g_assert_true(hysteresis_see(&h, 0.9, 60000));
    g_assert_true(hysteresis_see(&h, HYSTERESIS_RELEASE, 60100));
    g_assert_false(hysteresis_see(&h, HYSTERESIS_RELEASE - 0.01, 60200));
    g_assert_false(hysteresis_see(&h, 0.9, 60300));
}

static void
test_holds_for_a_moment_at_least(void)
{
    Hysteresis h = {0};

    g_assert_true(hysteresis_see(&h, 2, 1000));
    g_assert_true(hysteresis_see(&h, 0, 1000 + HYSTERESIS_CALM_MS - 1));
    /* The moment begins when it was last over. */
    g_assert_true(hysteresis_see(&h, 1.5, 1000 + HYSTERESIS_CALM_MS));
    g_assert_true(hysteresis_see(&h, 0, 1000 + 2 * HYSTERESIS_CALM_MS - 1));
    g_assert_false(hysteresis_see(&h, 0, 1000 + 2 * HYSTERESIS_CALM_MS));
}

/* A value that swings about its limit holds once, not at each swing. */
static void
test_does_not_flutter(void)
{
    Hysteresis h = {0};
    int changes = 0;
    bool held = false;

    for (int i = 0; i < 1000; i++) {
        const bool now = hysteresis_see(&h, i % 2 ? 1.1 : 0.8, i * 250);

        changes += now != held;
        held = now;
    }
    g_assert_cmpint(changes, ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/signals/hysteresis/until-it-is-well", test_holds_until_it_is_well_again);
    g_test_add_func("/signals/hysteresis/for-a-moment", test_holds_for_a_moment_at_least);
    g_test_add_func("/signals/hysteresis/does-not-flutter", test_does_not_flutter);
    return g_test_run();
}
