#include "base/clock.h"
#include "base/error.h"
#include "test-database.h"

static void
test_session(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autofree char *name = NULL, *idle = NULL, *lock = NULL, *statement = NULL, *target = NULL;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    name = test_database_ask(conn, "SHOW application_name");
    g_assert_cmpstr(name, ==, "sluice/test");
    idle = test_database_ask(conn, "SHOW idle_in_transaction_session_timeout");
    g_assert_cmpstr(idle, ==, "30s");
    lock = test_database_ask(conn, "SHOW lock_timeout");
    statement = test_database_ask(conn, "SHOW statement_timeout");
    g_assert_cmpstr(lock, ==, "0");
    g_assert_cmpstr(statement, ==, "0");
    target = g_strdup_printf("/%s", database.name);
    g_assert_true(g_str_has_suffix(pg_target(conn), target));
    g_assert_cmpint(pg_server_version(conn), >=, 140000);
}

/* A transaction's own statement_timeout may cancel its ROLLBACK, now and then: whatever happens, it
 * is over. */
static void
test_rollback_under_timeout(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    for (int i = 0; i < 500; i++) {
        g_assert_true(pg_begin(conn, &error));
        g_assert_true(pg_exec_script(conn, "SET LOCAL statement_timeout = 1", &error));
        pg_rollback(conn);
        g_assert_false(pg_in_transaction(conn));
    }
}

static void
test_values(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(PgRows) rows = NULL;
    g_autoptr(GError) error = NULL;
    gint64 affected = -1;
    const char *const params[] = {"5"};

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    rows = pg_query(conn, &error,
                    "SELECT $1::text, $2::bigint, $3::text IS NULL, 2.5::float8, NULL::int", "it's",
                    "9007199254740993", NULL);
    g_assert_no_error(error);
    g_assert_cmpint(pg_rows_count(rows), ==, 1);
    g_assert_cmpstr(pg_text(rows, 0, 0), ==, "it's");
    g_assert_cmpint(pg_integer(rows, 0, 1), ==, G_GINT64_CONSTANT(9007199254740993));
    g_assert_true(pg_bool(rows, 0, 2));
    g_assert_cmpfloat_with_epsilon(pg_double(rows, 0, 3), 2.5, 1e-9);
    g_assert_true(pg_is_null(rows, 0, 4));
    g_assert_cmpint(pg_integer(rows, 0, 4), ==, 0);
    g_assert_cmpstr(pg_text(rows, 0, 4), ==, "");

    g_assert_true(pg_exec(conn, &error, "CREATE TABLE t AS SELECT generate_series(1, 10) AS a"));
    g_assert_true(pg_exec_array(conn, "DELETE FROM t WHERE a > $1", params, 1, &affected, &error));
    g_assert_cmpint(affected, ==, 5);
}

static void
assert_fails(PgConn *conn, const char *sql, ErrorCode code, const char *sqlstate)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(pg_exec_script(conn, sql, &error));
    g_assert_error(error, SLUICE_ERROR, (int) code);
    g_assert_cmpstr(error_get_sqlstate(error), ==, sqlstate);
    g_assert_null(strchr(error->message, '\n'));
}

static char *
ask_prepared(PgConn *conn, const char *value)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PgRows) rows = pg_query_prepared(conn, &error, "test",
                                               "SELECT $1 || ' ' || count(*) FROM "
                                               "pg_prepared_statements WHERE name = 'test'",
                                               value);

    g_assert_no_error(error);
    return g_strdup(pg_text(rows, 0, 0));
}

static void
test_prepared(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(PgRows) rows = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *first = NULL, *second = NULL, *third = NULL;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    rows = pg_query_prepared(conn, &error, "test", "SELECT nothing");
    g_assert_true(rows == NULL && error_is_sqlstate(error, "42703"));
    first = ask_prepared(conn, "a");
    second = ask_prepared(conn, "b");
    g_assert_cmpstr(first, ==, "a 1");
    g_assert_cmpstr(second, ==, "b 1");
    g_assert_true(pg_reconnect(conn, NULL));
    third = ask_prepared(conn, "c");
    g_assert_cmpstr(third, ==, "c 1");
}

static void
test_error_codes(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL, other = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *kill = NULL, *one = NULL;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    other = test_database_connect(&database);
    g_assert_true(pg_exec_script(
        conn, "CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)", &error));
    assert_fails(conn, "SELECT nonsense", ERROR_SQL, "42703");
    assert_fails(conn, "INSERT INTO t VALUES (1)", ERROR_SQL, "23505");
    assert_fails(conn, "SET statement_timeout = 20; SELECT pg_sleep(30)", ERROR_LOCK, "57014");
    g_assert_true(pg_begin(other, &error));
    g_assert_true(pg_exec_script(other, "LOCK TABLE t", &error));
    assert_fails(conn, "SET statement_timeout = 0; SET lock_timeout = 20; SELECT * FROM t",
                 ERROR_LOCK, "55P03");
    pg_rollback(other);

    kill = g_strdup_printf("SELECT pg_terminate_backend(%d, 10000)", pg_backend_pid(conn));
    g_assert_true(pg_exec_script(other, kill, &error));
    g_assert_false(pg_exec_script(conn, "SELECT 1", &error));
    g_assert_error(error, SLUICE_ERROR, ERROR_CONNECTION);
    g_clear_error(&error);
    g_assert_false(pg_is_connected(conn));
    g_assert_true(pg_reconnect(conn, &error));
    one = test_database_ask(conn, "SELECT current_setting('application_name')");
    g_assert_cmpstr(one, ==, "sluice/test");
}

static void
test_detail_and_hint(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    g_assert_false(pg_exec_script(conn,
                                  "DO $$ BEGIN RAISE EXCEPTION 'no way' USING DETAIL = 'too wide', "
                                  "HINT = 'Make it narrow.'; END $$",
                                  &error));
    g_assert_cmpstr(error->message, ==, "no way");
    g_assert_cmpstr(error_get_detail(error), ==, "too wide");
    g_assert_cmpstr(error_get_hint(error), ==, "Make it narrow.");
}

static void
test_transactions(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *there = NULL;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    g_assert_false(pg_in_transaction(conn));
    g_assert_true(pg_begin(conn, &error));
    g_assert_true(pg_in_transaction(conn));
    g_assert_true(pg_exec_script(conn, "CREATE TABLE t (a int)", &error));
    g_assert_false(pg_exec_script(conn, "SELECT nonsense", NULL));
    g_assert_true(pg_in_transaction(conn));
    /* COMMIT of a failed transaction is no success, whatever the server calls it. */
    g_assert_false(pg_commit(conn, &error));
    g_assert_error(error, SLUICE_ERROR, ERROR_SQL);
    g_assert_false(pg_in_transaction(conn));
    there = test_database_ask(conn, "SELECT to_regclass('t')");
    g_assert_cmpstr(there, ==, "");
    pg_rollback(conn);
}

static gpointer
cancel_in_thread(gpointer data)
{
    clock_sleep_ms(&clock_system, 200);
    pg_cancel(data);
    return NULL;
}

static void
test_cancel(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    GThread *thread;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    thread = g_thread_new("cancel", cancel_in_thread, conn);
    assert_fails(conn, "SELECT pg_sleep(60)", ERROR_LOCK, "57014");
    g_thread_join(thread);
    g_assert_true(pg_is_connected(conn));
}

static void
test_notify(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL, other = NULL;
    g_autoptr(GError) error = NULL;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    other = test_database_connect(&database);
    g_assert_true(pg_exec_script(conn, "LISTEN news", &error));
    g_assert_false(pg_wait_notify(conn, 10));
    g_assert_true(pg_exec_script(other, "NOTIFY news", &error));
    g_assert_true(pg_wait_notify(conn, 10000));
    g_assert_false(pg_wait_notify(conn, 10));
}

static void
test_quoting(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    static const char *const names[] = {"users", "Users", "a b", "select",
                                        "a\"b",  "a_b",   "ü",   "1a"};
    static const char *const values[] = {"plain", "it's", "back\\slash", "\\'both'", ""};

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *quoted = pg_quote_identifier(names[i]);
        g_autofree char *sql = g_strdup_printf(
            "SELECT row_to_json(x) -> $n$%s$n$ FROM (SELECT 7 AS %s) AS x", names[i], quoted);
        g_autofree char *found = test_database_ask(conn, sql);
        g_assert_cmpstr(found, ==, "7");
    }
    for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autofree char *quoted = pg_quote_literal(values[i]);
        g_autofree char *sql = g_strdup_printf("SELECT %s", quoted);
        g_autofree char *found = test_database_ask(conn, sql);
        g_assert_cmpstr(found, ==, values[i]);
    }
}

static void
test_no_server(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(pg_connect("postgresql://ada:s3cret@/x?host=/nowhere", NULL, &error));
    g_assert_error(error, SLUICE_ERROR, ERROR_CONNECTION);
    g_assert_nonnull(strstr(error->message, "/nowhere"));
    g_assert_null(strstr(error->message, "s3cret"));
    g_assert_nonnull(strstr(error_get_hint(error), "DATABASE_URL"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pg/conn/cancel", test_cancel);
    g_test_add_func("/pg/conn/detail-and-hint", test_detail_and_hint);
    g_test_add_func("/pg/conn/error-codes", test_error_codes);
    g_test_add_func("/pg/conn/no-server", test_no_server);
    g_test_add_func("/pg/conn/notify", test_notify);
    g_test_add_func("/pg/conn/prepared", test_prepared);
    g_test_add_func("/pg/conn/quoting", test_quoting);
    g_test_add_func("/pg/conn/rollback-under-timeout", test_rollback_under_timeout);
    g_test_add_func("/pg/conn/session", test_session);
    g_test_add_func("/pg/conn/transactions", test_transactions);
    g_test_add_func("/pg/conn/values", test_values);
    return g_test_run();
}
