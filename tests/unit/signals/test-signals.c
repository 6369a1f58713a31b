#include "../test-database.h"
#include "base/error.h"
#include "signals/signals.h"

static const Settings settings = {
    .backfill_target_ms = 20,
    .backfill_max_lag_ms = 10000,
    .backfill_max_lag_bytes = 64 << 20,
    .backfill_require_replica_lag = true,
};

static void
test_all_is_well(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(Signals) signals = NULL;
    g_autoptr(GArray) pids = g_array_new(FALSE, FALSE, sizeof(int));
    g_autoptr(GError) error = NULL;
    SignalReading reading = {0};

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    signals = signals_new(conn, &settings, &clock_system);
    g_assert_true(signals_sample(signals, pids, &reading, &error));
    g_assert_no_error(error);
    g_assert_null(reading.text);
}

static gpointer
wait_for_row(gpointer data)
{
    pg_exec_script(data, "UPDATE t SET a = 2", NULL);
    return NULL;
}

/* Samples until something is over its limit; the test's own time limit ends it otherwise. */
static void
sample_until_over(Signals *signals, GArray *pids, SignalReading *reading)
{
    while (reading->text == NULL) {
        g_autoptr(GError) error = NULL;

        g_assert_true(signals_sample(signals, pids, reading, &error));
        g_usleep(5000);
    }
}

static void
test_a_session_that_waits_for_us(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL, ours = NULL, app = NULL;
    g_autoptr(Signals) signals = NULL;
    g_autoptr(GArray) pids = g_array_new(FALSE, FALSE, sizeof(int));
    SignalReading reading = {0};
    GThread *thread = NULL;
    int pid = 0;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    ours = test_database_connect(&database);
    app = test_database_connect(&database);
    g_assert_true(pg_exec_script(ours, "CREATE TABLE t (a int); INSERT INTO t VALUES (1)", NULL));
    g_assert_true(pg_exec_script(ours, "BEGIN; UPDATE t SET a = 1", NULL));
    pid = pg_backend_pid(ours);
    g_array_append_val(pids, pid);
    signals = signals_new(conn, &settings, &clock_system);
    thread = g_thread_new("app", wait_for_row, app);
    sample_until_over(signals, pids, &reading);
    g_assert_cmpstr(reading.name, ==, "blocked sessions");
    g_assert_nonnull(strstr(reading.text, "blocked by the backfill for over 40ms"));
    signal_reading_clear(&reading);
    pg_rollback(ours);
    g_thread_join(thread);
}

static void
test_a_missing_right_fails_closed(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(Signals) signals = NULL;
    g_autoptr(GArray) pids = g_array_new(FALSE, FALSE, sizeof(int));
    g_autoptr(GError) error = NULL;
    SignalReading reading = {0};

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    g_assert_true(pg_exec_script(conn, "CREATE ROLE signals_plain; SET ROLE signals_plain", NULL));
    signals = signals_new(conn, &settings, &clock_system);
    g_assert_false(signals_sample(signals, pids, &reading, &error));
    g_assert_true(error_is(error, ERROR_STATE));
    g_assert_nonnull(strstr(error_get_hint(error), "GRANT pg_monitor TO signals_plain"));
    g_assert_true(pg_exec_script(conn, "RESET ROLE; DROP ROLE signals_plain", NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/signals/all-is-well", test_all_is_well);
    g_test_add_func("/signals/a-session-that-waits-for-us", test_a_session_that_waits_for_us);
    g_test_add_func("/signals/a-missing-right-fails-closed", test_a_missing_right_fails_closed);
    return g_test_run();
}
