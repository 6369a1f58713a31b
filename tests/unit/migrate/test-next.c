#include "migrate/next.h"

/* A whole life, phase by phase. */
static void
test_life(void)
{
    static const struct {
        RevisionState state;
        const char *next;
    } life[] = {{STATE_PENDING, "expand"},
                {STATE_EXPANDED, "backfill"},
                {STATE_BACKFILLED, "cutover"},
                {STATE_CUT_OVER, "contract"},
                {STATE_CONTRACTED, NULL}};
    g_autoptr(Revision) revision =
        revision_parse("a.sql",
                       "-- Revision: aaaa\n-- sluice: expand\nALTER TABLE t ADD COLUMN b int;\n"
                       "-- sluice: sync t\nSELECT a AS b;\n"
                       "-- sluice: contract\nALTER TABLE t DROP COLUMN a;\n",
                       false, NULL);

    g_assert_nonnull(revision);
    for (guint i = 0; i < G_N_ELEMENTS(life); i++)
        g_assert_cmpstr(next_phase(revision, &(LedgerRevision){.state = life[i].state}), ==,
                        life[i].next);
    g_assert_cmpstr(next_phase(revision, NULL), ==, "expand");
    g_assert_cmpstr(next_phase_after_expand(revision), ==, "backfill");
}

static void
test_plain(void)
{
    g_autoptr(Revision) revision = revision_parse(
        "a.sql", "-- Revision: aaaa\n-- sluice: expand\nCREATE TABLE t (a int);\n", false, NULL);

    g_assert_null(next_phase_after_expand(revision));
}

static void
test_command(void)
{
    g_autofree char *backfill = next_command("backfill", "aaaa");
    g_autofree char *finish = next_command("finish", "aaaa");

    g_assert_cmpstr(backfill, ==, "sluice backfill run aaaa");
    g_assert_cmpstr(finish, ==, "sluice upgrade aaaa");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/next/life", test_life);
    g_test_add_func("/next/plain", test_plain);
    g_test_add_func("/next/command", test_command);
    return g_test_run();
}
