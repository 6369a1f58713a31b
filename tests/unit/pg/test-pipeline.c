#include <string.h>

#include "base/error.h"
#include "pg/pipeline.h"
#include "test-database.h"

enum { NO_FAILURE = 99 };

static const char insert[] = "INSERT INTO t VALUES ($1)";

static PgCommand
plain(const char *sql)
{
    return (PgCommand){.sql = sql};
}

static PgCommand
prepared(const char *const *params)
{
    return (PgCommand){.sql = insert, .name = "test_insert", .params = params, .n_params = 1};
}

/* The index of the command that failed, or NO_FAILURE. */
static guint
exchange(PgConn *conn, const PgCommand *commands, guint count, GError **error)
{
    guint failed = NO_FAILURE;

    if (!pg_send_all(conn, commands, count, error))
        g_assert_not_reached();
    g_assert_true(pg_is_answered(conn, 10000));
    g_assert_cmpint(pg_receive_all(conn, &failed, error), ==, failed == NO_FAILURE);
    return failed;
}

static PgConn *
connect_with_table(TestDatabase *database)
{
    PgConn *conn = test_database_connect(database);
    g_autoptr(GError) error = NULL;

    pg_exec_script(conn, "CREATE TABLE t (a int PRIMARY KEY)", &error);
    g_assert_no_error(error);
    return conn;
}

static void
expect(PgConn *conn, const char *sum)
{
    g_autofree char *found =
        test_database_ask(conn, "SELECT coalesce(string_agg(a::text, ',' ORDER BY a), '') FROM t");

    g_assert_false(pg_in_transaction(conn));
    g_assert_cmpstr(found, ==, sum);
}

/* The same name serves every message of the session. */
static void
test_all_are_run(void)
{
    static const char *const one[] = {"1"}, *const two[] = {"2"}, *const three[] = {"3"};
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;

    if (!test_database_init(&database))
        return;
    conn = connect_with_table(&database);
    for (int turn = 0; turn < 2; turn++) {
        const PgCommand commands[] = {plain("BEGIN"), prepared(turn == 0 ? one : two),
                                      prepared(turn == 0 ? three : (const char *const[]){"4"}),
                                      plain("COMMIT")};

        g_assert_cmpuint(exchange(conn, commands, 4, &error), ==, NO_FAILURE);
        g_assert_no_error(error);
    }
    expect(conn, "1,2,3,4");
}

/* It is the one that is named, and nothing behind it runs, also not the COMMIT. */
static void
test_first_failure_ends_it(void)
{
    static const char *const one[] = {"1"}, *const two[] = {"2"};
    const PgCommand commands[] = {plain("BEGIN"), prepared(one), plain("SELECT 1 / 0"),
                                  prepared(one), plain("COMMIT")};
    const PgCommand good[] = {plain("BEGIN"), prepared(two), plain("COMMIT")};
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;

    if (!test_database_init(&database))
        return;
    conn = connect_with_table(&database);
    g_assert_cmpuint(exchange(conn, commands, G_N_ELEMENTS(commands), &error), ==, 2);
    g_assert_true(error_is_sqlstate(error, "22012"));
    g_clear_error(&error);
    g_assert_true(pg_in_transaction(conn));
    pg_rollback(conn);
    expect(conn, "");
    g_assert_cmpuint(exchange(conn, good, G_N_ELEMENTS(good), &error), ==, NO_FAILURE);
    g_assert_no_error(error);
    expect(conn, "2");
}

/* What cannot be prepared fails as the command that wanted it, and can be prepared later. */
static void
test_failure_of_a_preparation(void)
{
    static const char *const one[] = {"1"};
    const PgCommand commands[] = {plain("BEGIN"), prepared(one), plain("COMMIT")};
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    g_assert_cmpuint(exchange(conn, commands, G_N_ELEMENTS(commands), &error), ==, 1);
    g_assert_true(error_is_sqlstate(error, "42P01"));
    g_clear_error(&error);
    pg_rollback(conn);
    pg_exec_script(conn, "CREATE TABLE t (a int PRIMARY KEY)", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(exchange(conn, commands, G_N_ELEMENTS(commands), &error), ==, NO_FAILURE);
    g_assert_no_error(error);
    expect(conn, "1");
}

static void
test_lost_connection(void)
{
    const PgCommand commands[] = {
        plain("BEGIN"), plain("SELECT pg_terminate_backend(pg_backend_pid())"), plain("COMMIT")};
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    g_assert_cmpuint(exchange(conn, commands, G_N_ELEMENTS(commands), &error), !=, NO_FAILURE);
    g_assert_nonnull(error);
    g_assert_false(pg_is_connected(conn));
}

/* @sql does @done statements in @limit_ms, and then all, or fails with @sqlstate. */
static void
expect_within(PgConn *conn, const char *sql, gint64 limit_ms, guint done, const char *sqlstate)
{
    g_autoptr(GError) error = NULL;
    guint found = NO_FAILURE;

    g_assert_true(pg_begin(conn, &error));
    g_assert_cmpint(pg_exec_within(conn, sql, limit_ms, &found, &error), ==, sqlstate == NULL);
    g_assert_cmpuint(found, ==, done);
    if (sqlstate)
        g_assert_true(error_is_sqlstate(error, sqlstate));
    pg_rollback(conn);
    expect(conn, "");
}

/* The limit is of all together, where statement_timeout is of each. */
static void
test_within(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;

    if (!test_database_init(&database))
        return;
    conn = connect_with_table(&database);
    expect_within(conn, "INSERT INTO t VALUES (1); SELECT a FROM t; SET LOCAL work_mem = '1MB'",
                  10000, 3, NULL);
    expect_within(conn, "INSERT INTO t VALUES (1); INSERT INTO t VALUES (1); SELECT 1", 10000, 1,
                  "23505");
    expect_within(conn, "SELEC; SELECT 1", 10000, 0, "42601");
    expect_within(conn,
                  "SET LOCAL statement_timeout = 3000; SELECT pg_sleep(0.01); SELECT pg_sleep(2); "
                  "SELECT pg_sleep(2); SELECT pg_sleep(2)",
                  500, 2, "57014");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pg/pipeline/all-are-run", test_all_are_run);
    g_test_add_func("/pg/pipeline/first-failure-ends-it", test_first_failure_ends_it);
    g_test_add_func("/pg/pipeline/failure-of-a-preparation", test_failure_of_a_preparation);
    g_test_add_func("/pg/pipeline/lost-connection", test_lost_connection);
    g_test_add_func("/pg/pipeline/within", test_within);
    return g_test_run();
}
