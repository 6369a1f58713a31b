/* The table of step kinds: what the loop relies on. */

#include "rollout/step.h"

static void
test_table(void)
{
    for (StepKind kind = 0; kind < STEP_KIND_N; kind++) {
        g_assert_cmpint(step_kinds[kind].kind, ==, kind);
        g_assert_nonnull(step_kinds[kind].act);
    }
}

/* What an abort undoes is what the traffic or the old app feels; what an abort may come after can
 * be seen to be done, so that it is not done twice. */
static void
test_undo(void)
{
    for (StepKind kind = 0; kind < STEP_KIND_N; kind++) {
        const bool undone = kind == STEP_KIND_WEIGHT || kind == STEP_KIND_CUTOVER;

        g_assert_cmpint(step_kinds[kind].undo != NULL, ==, undone);
        g_assert_true(!undone || step_kinds[kind].observe != NULL);
    }
}

/* Names in the ledger are what its CHECKs allow. */
static void
test_names(void)
{
    g_assert_cmpstr(rollout_state_name(ROLLOUT_HOLDING), ==, "holding");
    g_assert_cmpstr(step_state_name(STEP_UNDONE), ==, "undone");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rollout/step/table", test_table);
    g_test_add_func("/rollout/step/undo", test_undo);
    g_test_add_func("/rollout/step/names", test_names);
    return g_test_run();
}
