#include "ledger/steps.h"
#include "test-database.h"

static GPtrArray *
steps_of(const char *const *hashes)
{
    GPtrArray *steps = g_ptr_array_new_with_free_func((GDestroyNotify) ledger_step_free);

    for (int i = 0; hashes[i] != NULL; i++) {
        LedgerStep *step = g_new0(LedgerStep, 1);

        step->ordinal = i + 1;
        step->statement = g_strdup_printf("statement %s", hashes[i]);
        step->hash = g_strdup(hashes[i]);
        g_ptr_array_add(steps, step);
    }
    return steps;
}

static GArray *
ordinals_of(int first, int last)
{
    GArray *ordinals = g_array_new(false, false, sizeof(int));

    for (int i = first; i <= last; i++)
        g_array_append_val(ordinals, i);
    return ordinals;
}

static void
plan(PgConn *conn, const char *const *hashes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) steps = steps_of(hashes);

    g_assert_true(ledger_plan_steps(conn, "aaa1", "expand", steps, &error));
    g_assert_no_error(error);
}

/* "1 a done, 2 b planned" */
static char *
journal(PgConn *conn)
{
    return test_database_ask(conn, "SELECT string_agg(concat_ws(' ', ordinal, hash, state), ', ' "
                                   "ORDER BY ordinal) FROM sluice.step");
}

static void
expect(PgConn *conn, const char *expected)
{
    g_autofree char *text = journal(conn);

    g_assert_cmpstr(text, ==, expected);
}

static PgConn *
open_ledger(const TestDatabase *database)
{
    g_autoptr(GError) error = NULL;
    PgConn *conn = test_database_connect(database);

    g_assert_true(ledger_ensure(conn, &clock_system, &error));
    g_assert_true(
        pg_exec_script(conn,
                       "INSERT INTO sluice.revision (id, title, parents, applied_by, tool) "
                       "VALUES ('aaa1', 't', '{}', 'me', 'x')",
                       &error));
    g_assert_no_error(error);
    return conn;
}

static void
test_plan_again(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) first = ordinals_of(1, 1), second = ordinals_of(2, 2);

    if (!test_database_init(&database))
        return;
    conn = open_ledger(&database);
    plan(conn, (const char *const[]){"a", "b", "c", "d", NULL});
    g_assert_true(ledger_start_steps(conn, "aaa1", "expand", first, &error));
    g_assert_true(ledger_finish_steps(conn, "aaa1", "expand", first, &error));
    g_assert_true(ledger_start_steps(conn, "aaa1", "expand", second, &error));
    expect(conn, "1 a done, 2 b running, 3 c planned, 4 d planned");

    /* Done stays; running with the same text stays; a changed one is planned anew; one goes. */
    plan(conn, (const char *const[]){"x", "b", "y", NULL});
    expect(conn, "1 a done, 2 b running, 3 y planned");
    plan(conn, (const char *const[]){"a", "z", "y", NULL});
    expect(conn, "1 a done, 2 z planned, 3 y planned");
}

static void
test_life(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) both = ordinals_of(1, 2);
    g_autoptr(GPtrArray) steps = NULL;
    const LedgerStep *step;

    if (!test_database_init(&database))
        return;
    conn = open_ledger(&database);
    plan(conn, (const char *const[]){"a", "b", "c", NULL});
    g_assert_true(ledger_start_steps(conn, "aaa1", "expand", both, &error));
    g_assert_true(ledger_fail_steps(conn, "aaa1", "expand", both, 2, "it broke", &error));
    expect(conn, "1 a failed, 2 b failed, 3 c planned");
    g_assert_true(ledger_start_steps(conn, "aaa1", "expand", both, &error));
    g_assert_true(ledger_finish_steps(conn, "aaa1", "expand", both, &error));
    g_assert_true(ledger_time_steps(conn, "aaa1", "expand", both, 3, 7, 12, &error));
    g_assert_no_error(error);

    steps = ledger_load_steps(conn, "aaa1", "expand", &error);
    g_assert_cmpuint(steps->len, ==, 3);
    step = g_ptr_array_index(steps, 1);
    g_assert_cmpint(step->ordinal, ==, 2);
    g_assert_cmpint(step->state, ==, LEDGER_STEP_DONE);
    g_assert_cmpint(step->attempts, ==, 5);
    g_assert_cmpstr(step->statement, ==, "statement b");
    g_assert_null(step->error);
    g_assert_cmpint(((LedgerStep *) g_ptr_array_index(steps, 2))->state, ==, LEDGER_STEP_PLANNED);

    g_assert_true(ledger_forget_steps(conn, "aaa1", "expand", &error));
    expect(conn, "");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ledger/steps/plan-again", test_plan_again);
    g_test_add_func("/ledger/steps/life", test_life);
    return g_test_run();
}
