#include "base/error.h"
#include "pg/lock.h"
#include "test-database.h"

static void
test_key(void)
{
    g_assert_cmphex((guint64) pg_lock_key(PG_LOCK_MIGRATOR, 0, 0), ==, 0x51CE010000000000);
    g_assert_cmphex((guint64) pg_lock_key(PG_LOCK_RANGE, 0x1AB, 0x123456789), ==,
                    0x51CE05AB23456789);
}

static bool
try_lock(PgConn *conn, gint64 key)
{
    g_autoptr(GError) error = NULL;
    bool got = false;

    pg_try_lock(conn, key, &got, &error);
    g_assert_no_error(error);
    return got;
}

static void
test_session_lock(void)
{
    const gint64 key = pg_lock_key(PG_LOCK_ROLLOUT, 0, 7);
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL, other = NULL;
    g_autofree char *holder = NULL, *pid = NULL, *nobody = NULL;
    g_autoptr(GError) error = NULL;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    other = test_database_connect(&database);
    g_assert_true(try_lock(conn, key));
    g_assert_false(try_lock(other, key));
    g_assert_true(try_lock(other, pg_lock_key(PG_LOCK_ROLLOUT, 0, 8)));
    holder = pg_lock_holder(other, key);
    pid = g_strdup_printf("pid %d", pg_backend_pid(conn));
    g_assert_nonnull(strstr(holder, "sluice/test"));
    g_assert_nonnull(strstr(holder, pid));
    g_assert_true(pg_unlock(conn, key, &error));
    nobody = pg_lock_holder(other, key);
    g_assert_null(nobody);
    g_assert_true(try_lock(other, key));
}

static void
test_transaction_lock(void)
{
    const gint64 key = pg_lock_key(PG_LOCK_BACKFILL, 0, 1);
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL, other = NULL;
    g_autoptr(GError) error = NULL;
    bool got = false;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    other = test_database_connect(&database);
    g_assert_true(pg_begin(conn, &error));
    g_assert_true(pg_try_transaction_lock(conn, key, &got, &error));
    g_assert_true(got);
    g_assert_false(try_lock(other, key));
    g_assert_true(pg_commit(conn, &error));
    g_assert_true(try_lock(other, key));
}

/* A clock of which each sleep is counted, and at the second one the holder lets go. */
typedef struct {
    gint64 now_us;
    int sleeps;
    PgConn *holder;
} FakeTime;

static gint64
fake_now(void *data)
{
    return ((FakeTime *) data)->now_us;
}

static void
fake_sleep(void *data, gint64 us)
{
    FakeTime *time = data;

    time->now_us += us;
    if (++time->sleeps == 2 && time->holder)
        pg_unlock(time->holder, pg_lock_key(PG_LOCK_MIGRATOR, 0, 0), NULL);
}

static double
fake_random(void *data G_GNUC_UNUSED)
{
    return 0.5;
}

static void
count_call(void *data, const char *holder)
{
    g_assert_nonnull(strstr(holder, "sluice/test"));
    ++*(int *) data;
}

static void
test_poll(void)
{
    const gint64 key = pg_lock_key(PG_LOCK_MIGRATOR, 0, 0);
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL, holder = NULL;
    g_autoptr(GError) error = NULL;
    FakeTime time = {0};
    const Clock clock = {fake_now, fake_now, fake_sleep, fake_random, &time};
    int calls = 0;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    holder = test_database_connect(&database);
    g_assert_true(try_lock(holder, key));

    /* Nobody lets go: the time is over, and the error names who has it. */
    g_assert_false(pg_poll_lock(conn, key, &clock, 1000, count_call, &calls, &error));
    g_assert_error(error, SLUICE_ERROR, ERROR_OWNER);
    g_assert_nonnull(strstr(error->message, "another sluice is at work: sluice/test"));
    g_assert_cmpint(calls, ==, 1);
    g_assert_cmpint(time.sleeps, ==, 10);
    g_clear_error(&error);

    time = (FakeTime){.holder = holder};
    g_assert_true(pg_poll_lock(conn, key, &clock, 1000, NULL, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpint(time.sleeps, ==, 2);
    g_assert_false(try_lock(holder, key));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pg/lock/key", test_key);
    g_test_add_func("/pg/lock/poll", test_poll);
    g_test_add_func("/pg/lock/session", test_session_lock);
    g_test_add_func("/pg/lock/transaction", test_transaction_lock);
    return g_test_run();
}
