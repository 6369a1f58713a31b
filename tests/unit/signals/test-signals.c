#include "../test-database.h"
#include "base/error.h"
#include "signals/signals.h"

static const Settings settings = {
    .backfill_target_ms = 20,
    .backfill_max_lag_ms = 10000,
    .backfill_max_lag_bytes = 64 << 20,
    .backfill_old_xmin = (char *) "wait",
    .backfill_required_signals = (char *) "replica_lag",
};

typedef struct {
    TestDatabase database;
    PgConn *conn;
    GArray *pids;
    SignalSubject subject;
    Settings settings;
    Signals *signals;
} Fixture;

static void
fixture_clear(Fixture *fixture)
{
    signals_free(fixture->signals);
    if (fixture->pids)
        g_array_unref(fixture->pids);
    pg_disconnect(fixture->conn);
    test_database_clear(&fixture->database);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

static bool
fixture_init(Fixture *fixture)
{
    if (!test_database_init(&fixture->database))
        return false;
    fixture->conn = test_database_connect(&fixture->database);
    fixture->pids = g_array_new(FALSE, FALSE, sizeof(int));
    fixture->subject = (SignalSubject){.pids = fixture->pids, .prunes = true};
    fixture->settings = settings;
    fixture->signals = signals_new(fixture->conn, &fixture->settings, &clock_system, &report_none);
    return true;
}

/* What holds it now; NULL: nothing. */
static const SignalReading *
sample(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    const SignalReading *hold = NULL;

    signals_sample(fixture->signals, &fixture->subject, &hold, &error);
    g_assert_no_error(error);
    return hold;
}

/* Samples until something holds, or nothing does any more; the test's own time limit ends it. */
static const SignalReading *
sample_until(Fixture *fixture, bool held)
{
    const SignalReading *hold = NULL;

    for (;;) {
        hold = sample(fixture);
        if ((hold != NULL) == held)
            return hold;
        g_usleep(5000);
    }
}

static void
run_sql(PgConn *conn, const char *sql)
{
    g_autoptr(GError) error = NULL;

    pg_exec_script(conn, sql, &error);
    g_assert_no_error(error);
}

static void
test_all_is_well(void)
{
    g_auto(Fixture) fixture = {0};
    g_autofree char *table = NULL;

    if (!fixture_init(&fixture))
        return;
    /* Every signal at a limit that is far away, and an error where it cannot be measured. */
    fixture.settings.backfill_required_signals =
        (char *) "replica_lag, slots, blocked, sessions, commit, wal_rate, archive, dead_rows, "
                 "xmin, checkpoints, query, window";
    run_sql(fixture.conn, "CREATE TABLE t (a int)");
    table = test_database_ask(fixture.conn, "SELECT 't'::regclass::oid");
    fixture.subject.table = (guint32) g_ascii_strtoull(table, NULL, 10);
    fixture.settings.backfill_max_slot_wal = G_GINT64_CONSTANT(1) << 40;
    fixture.settings.backfill_max_active_sessions = 1000;
    fixture.settings.backfill_max_commit_ms = 60000;
    fixture.settings.backfill_max_wal_rate = G_GINT64_CONSTANT(1) << 40;
    fixture.settings.backfill_max_archive_backlog = 1000000;
    fixture.settings.backfill_max_dead_rows = 1;
    fixture.settings.backfill_max_xmin_age_ms = 3600000;
    fixture.settings.backfill_max_checkpoints = 100000;
    fixture.settings.backfill_signal_query = (char *) "SELECT 5, 'me'";
    fixture.settings.backfill_signal_limit = 5;
    fixture.settings.backfill_window = (char *) "00:00-24:00";
    g_assert_null(sample(&fixture));
    fixture.settings.backfill_signal_limit = 4;
    signals_set(fixture.signals, &fixture.settings);
    g_assert_cmpstr(sample(&fixture)->text, ==, "backfill.signal_query 5 > 4 (me)");
}

static gpointer
wait_for_row(gpointer data)
{
    pg_exec_script(data, "UPDATE t SET a = 2", NULL);
    return NULL;
}

static void
test_a_session_that_waits_for_us(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(PgConn) ours = NULL, app = NULL;
    const SignalReading *hold = NULL;
    GThread *thread = NULL;
    int pid = 0;

    if (!fixture_init(&fixture))
        return;
    ours = test_database_connect(&fixture.database);
    app = test_database_connect(&fixture.database);
    run_sql(ours, "CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    run_sql(ours, "BEGIN; UPDATE t SET a = 1");
    pid = pg_backend_pid(ours);
    g_array_append_val(fixture.pids, pid);
    thread = g_thread_new("app", wait_for_row, app);
    hold = sample_until(&fixture, true);
    g_assert_cmpstr(hold->name, ==, "sessions blocked by the backfill");
    g_assert_nonnull(strstr(hold->text, "1 > 0 (pid "));
    g_assert_nonnull(strstr(hold->holder, "sluice/test (postgres) for over 40ms"));
    pg_rollback(ours);
    g_thread_join(thread);
    sample_until(&fixture, false);
}

static void
test_an_old_snapshot(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(PgConn) app = NULL, other = NULL;
    const SignalReading *hold = NULL;

    if (!fixture_init(&fixture))
        return;
    app = test_database_connect(&fixture.database);
    other = test_database_connect(&fixture.database);
    run_sql(app, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    run_sql(other, "CREATE TABLE t ()");
    fixture.settings.backfill_max_xmin_age_ms = 30;
    hold = sample_until(&fixture, true);
    g_assert_cmpstr(hold->name, ==, "oldest snapshot");
    g_assert_nonnull(strstr(hold->holder, "idle in transaction"));
    g_assert_null(signals_old_xmin(fixture.signals));
    fixture.settings.backfill_old_xmin = (char *) "plain";
    g_assert_null(sample(&fixture));
    g_assert_nonnull(signals_old_xmin(fixture.signals));
    fixture.settings.backfill_old_xmin = (char *) "wait";
    pg_rollback(app);
    sample_until(&fixture, false);
    g_assert_null(signals_old_xmin(fixture.signals));
}

/* Until the transaction that is open beside @conn is older than the limit. */
static void
wait_until_old(PgConn *conn)
{
    g_autofree char *old = NULL;

    while (g_strcmp0(old, "1") != 0) {
        g_free(old);
        old = test_database_ask(
            conn, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                  "AND state = 'idle in transaction' "
                  "AND clock_timestamp() - xact_start > interval '1 s'");
        g_usleep(5000);
    }
}

/* A transaction that is old, but whose statements each took a new snapshot, keeps nothing. */
static void
test_an_old_transaction_without_a_snapshot(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(PgConn) app = NULL, other = NULL;

    if (!fixture_init(&fixture))
        return;
    app = test_database_connect(&fixture.database);
    other = test_database_connect(&fixture.database);
    fixture.settings.backfill_max_xmin_age_ms = 1000;
    run_sql(app, "BEGIN; SELECT 1");
    run_sql(other, "CREATE TABLE t ()");
    g_assert_null(sample(&fixture));
    wait_until_old(other);
    run_sql(other, "DROP TABLE t");
    g_assert_null(sample(&fixture));
    g_assert_null(signals_old_xmin(fixture.signals));
}

static void
test_a_missing_right_fails_closed(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(GError) error = NULL;
    const SignalReading *hold = NULL;

    if (!fixture_init(&fixture))
        return;
    run_sql(fixture.conn, "CREATE ROLE signals_plain; SET ROLE signals_plain");
    g_assert_false(signals_sample(fixture.signals, &fixture.subject, &hold, &error));
    g_assert_true(error_is(error, ERROR_STATE));
    g_assert_nonnull(strstr(error_get_hint(error), "GRANT pg_monitor TO signals_plain"));
    /* Optional ones are no reason not to begin; a right that is lost later holds. */
    fixture.settings.backfill_required_signals = NULL;
    g_assert_null(sample(&fixture));
    fixture.settings.backfill_required_signals = (char *) "replica_lag";
    g_assert_nonnull(strstr(sample(&fixture)->text, "cannot be measured"));
    run_sql(fixture.conn, "RESET ROLE; DROP ROLE signals_plain");
    sample_until(&fixture, false);
}

/* Dead rows count while a vacuum is due, and not where none will come. */
static void
test_a_vacuum_that_is_due(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(PgConn) app = NULL;
    g_autofree char *table = NULL;
    const SignalReading *hold = NULL;

    if (!fixture_init(&fixture))
        return;
    app = test_database_connect(&fixture.database);
    run_sql(fixture.conn, "CREATE TABLE t (a int) WITH (autovacuum_vacuum_threshold = 300)");
    table = test_database_ask(fixture.conn, "SELECT 't'::regclass::oid");
    fixture.subject.table = (guint32) g_ascii_strtoull(table, NULL, 10);
    fixture.settings.backfill_max_dead_rows = 0.5;
    run_sql(app, "INSERT INTO t SELECT generate_series(1, 1000); DELETE FROM t WHERE a <= 800; "
                 "SELECT pg_stat_force_next_flush()");
    hold = sample_until(&fixture, true);
    g_assert_cmpstr(hold->name, ==, "dead rows");
    g_assert_cmpstr(hold->holder, ==, "vacuum is due");
    run_sql(app, "ALTER TABLE t SET (autovacuum_enabled = false)");
    sample_until(&fixture, false);
    g_clear_pointer(&app, pg_disconnect);
}

static void
test_a_signal_that_is_none(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(GError) error = NULL;
    const SignalReading *hold = NULL;

    if (!fixture_init(&fixture))
        return;
    fixture.settings.backfill_required_signals = (char *) "slots, replica-lag";
    g_assert_false(signals_sample(fixture.signals, &fixture.subject, &hold, &error));
    g_assert_true(error_is(error, ERROR_CONFIG));
    g_assert_nonnull(strstr(error_get_hint(error), "replica_lag"));
}

static void
test_a_query_without_an_answer(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(GError) error = NULL;
    const SignalReading *hold = NULL;

    if (!fixture_init(&fixture))
        return;
    fixture.settings.backfill_signal_query = (char *) "SELECT 1 WHERE false";
    g_assert_false(signals_sample(fixture.signals, &fixture.subject, &hold, &error));
    g_assert_nonnull(strstr(error->message, "gave no value"));
    g_clear_error(&error);
    fixture.settings.backfill_signal_query = (char *) "DELETE FROM pg_class";
    signals_set(fixture.signals, &fixture.settings);
    g_assert_false(signals_sample(fixture.signals, &fixture.subject, &hold, &error));
    g_assert_nonnull(strstr(error->message, "read-only"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/signals/all-is-well", test_all_is_well);
    g_test_add_func("/signals/a-session-that-waits-for-us", test_a_session_that_waits_for_us);
    g_test_add_func("/signals/an-old-snapshot", test_an_old_snapshot);
    g_test_add_func("/signals/an-old-transaction-without-a-snapshot",
                    test_an_old_transaction_without_a_snapshot);
    g_test_add_func("/signals/a-vacuum-that-is-due", test_a_vacuum_that_is_due);
    g_test_add_func("/signals/a-signal-that-is-none", test_a_signal_that_is_none);
    g_test_add_func("/signals/a-query-without-an-answer", test_a_query_without_an_answer);
    g_test_add_func("/signals/a-missing-right-fails-closed", test_a_missing_right_fails_closed);
    return g_test_run();
}
