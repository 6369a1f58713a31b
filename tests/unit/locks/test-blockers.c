#include "../test-database.h"
#include "base/error.h"
#include "locks/locks.h"

enum { DEADLINE_US = 20 * G_USEC_PER_SEC, POLL_US = 5000, BUDGET_MS = 50, PATIENT_MS = 100000 };

/* A table, a session that looks, and another that is in the way. */
typedef struct {
    TestDatabase database;
    PgConn *look, *other;
} Fixture;

static void
must(PgConn *conn, const char *sql)
{
    g_autoptr(GError) error = NULL;

    pg_exec_script(conn, sql, &error);
    g_assert_no_error(error);
}

static bool
fixture_init(Fixture *f)
{
    *f = (Fixture){0};
    if (!test_database_init(&f->database))
        return false;
    f->look = test_database_connect(&f->database);
    f->other = test_database_connect(&f->database);
    must(f->look, "CREATE TABLE t (a int, secret text); INSERT INTO t VALUES (1, 'x');"
                  "CREATE TABLE calm (a int)");
    return true;
}

static void
fixture_clear(Fixture *f)
{
    g_clear_pointer(&f->look, pg_disconnect);
    g_clear_pointer(&f->other, pg_disconnect);
    test_database_clear(&f->database);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

static GPtrArray *
look(PgConn *conn, const char *sql, gint64 budget_ms)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SqlScript) script = sql_parse(sql, (Place){0}, &error);
    g_autoptr(GPtrArray) statements = g_ptr_array_new();
    g_autoptr(GPtrArray) needs = NULL;
    GPtrArray *blockers;
    bool unknown;

    g_assert_no_error(error);
    g_ptr_array_add(statements, (void *) sql_script_get(script, 0));
    needs = locks_resolve(conn, statements, &unknown, &error);
    g_assert_no_error(error);
    blockers = locks_blockers(conn, needs, budget_ms, &error);
    g_assert_no_error(error);
    return blockers;
}

/* Looks until @count are seen. */
static GPtrArray *
look_for(PgConn *conn, const char *sql, guint count)
{
    const gint64 deadline = g_get_monotonic_time() + DEADLINE_US;

    for (;;) {
        GPtrArray *blockers = look(conn, sql, BUDGET_MS);
        if (blockers->len == count)
            return blockers;
        g_ptr_array_unref(blockers);
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_usleep(POLL_US);
    }
}

static void
assert_count(PgConn *conn, const char *sql, gint64 budget_ms, guint count)
{
    g_autoptr(GPtrArray) blockers = look(conn, sql, budget_ms);

    g_assert_cmpuint(blockers->len, ==, count);
}

static void
test_idle_in_transaction(void)
{
    g_auto(Fixture) f = {0};
    g_autoptr(GPtrArray) blockers = NULL;
    g_autofree char *remedy = NULL;
    const Blocker *blocker;

    if (!fixture_init(&f))
        return;
    must(f.other, "BEGIN; SELECT secret, 4711 FROM t WHERE secret = 'top  secret' -- my password");
    blockers = look_for(f.look, "ALTER TABLE t ADD COLUMN b int", 1);
    blocker = blockers->pdata[0];
    remedy = g_strdup_printf("SELECT pg_terminate_backend(%d);", pg_backend_pid(f.other));
    g_assert_cmpint(blocker->pid, ==, pg_backend_pid(f.other));
    g_assert_cmpint(blocker->age_ms, >, BUDGET_MS);
    g_assert_cmpstr(blocker->remedy, ==, remedy);
    g_assert_false(blocker->is_waiting || blocker->is_autovacuum || blocker->is_wraparound);
    g_assert_nonnull(strstr(blocker->description, "sluice/test"));
    g_assert_nonnull(strstr(blocker->description, "idle in transaction for"));
    g_assert_nonnull(strstr(blocker->description, "SELECT secret, ? FROM t WHERE secret = ?"));
    g_assert_null(strstr(blocker->description, "top"));
    g_assert_null(strstr(blocker->description, "4711 FROM"));
    g_assert_null(strstr(blocker->description, "password"));

    /* Not yet long by a larger budget; no conflict with a weaker lock; another table. */
    assert_count(f.look, "ALTER TABLE t ADD COLUMN b int", PATIENT_MS, 0);
    assert_count(f.look, "ALTER TABLE t VALIDATE CONSTRAINT c", BUDGET_MS, 0);
    assert_count(f.look, "ALTER TABLE calm ADD COLUMN b int", BUDGET_MS, 0);
    must(f.other, "COMMIT");
    assert_count(f.look, "ALTER TABLE t ADD COLUMN b int", BUDGET_MS, 0);
}

static void
test_long_transaction(void)
{
    g_auto(Fixture) f = {0};
    g_autoptr(GPtrArray) blockers = NULL;
    const Blocker *blocker;

    if (!fixture_init(&f))
        return;
    must(f.other, "BEGIN; UPDATE t SET a = 2");
    blockers = look_for(f.look, "CREATE INDEX i ON t (a)", 1);
    blocker = blockers->pdata[0];
    g_assert_cmpint(blocker->pid, ==, pg_backend_pid(f.other));
    assert_count(f.look, "CREATE INDEX i ON t (a)", PATIENT_MS, 0);
}

/* A statement that runs in a thread of its own, for it waits or takes long. */
typedef struct {
    PgConn *conn;
    const char *sql;
} Job;

static void *
run_job(void *data)
{
    const Job *job = data;

    pg_exec_script(job->conn, job->sql, NULL);
    return NULL;
}

static void
test_waiter(void)
{
    g_auto(Fixture) f = {0};
    g_autoptr(PgConn) third = NULL;
    g_autoptr(GPtrArray) blockers = NULL;
    const Blocker *waiter;
    GThread *thread;
    Job job;

    if (!fixture_init(&f))
        return;
    third = test_database_connect(&f.database);
    job = (Job){third, "ALTER TABLE t ADD COLUMN z int"};
    must(f.other, "BEGIN; SELECT FROM t");
    thread = g_thread_new("waiter", run_job, &job);
    blockers = look_for(f.look, "ALTER TABLE t ADD COLUMN b int", 2);
    waiter = blockers->pdata[1];
    if (!waiter->is_waiting)
        waiter = blockers->pdata[0];
    g_assert_true(waiter->is_waiting);
    g_assert_cmpint(waiter->pid, ==, pg_backend_pid(third));
    g_assert_nonnull(strstr(waiter->description, "waits for AccessExclusiveLock on t"));
    must(f.other, "COMMIT");
    g_thread_join(thread);
}

static void
test_concurrent_build(void)
{
    g_auto(Fixture) f = {0};
    g_autoptr(PgConn) third = NULL;
    g_autoptr(GPtrArray) blockers = NULL;
    const Blocker *blocker;
    GThread *thread;
    Job job;

    if (!fixture_init(&f))
        return;
    third = test_database_connect(&f.database);
    job = (Job){third, "CREATE INDEX CONCURRENTLY i ON t (a)"};
    must(f.other, "BEGIN ISOLATION LEVEL REPEATABLE READ; UPDATE t SET a = 3");
    thread = g_thread_new("build", run_job, &job);
    /* VALIDATE conflicts with the build, not with the writer that the build waits for. */
    blockers = look_for(f.look, "ALTER TABLE t VALIDATE CONSTRAINT c", 1);
    blocker = blockers->pdata[0];
    g_assert_cmpint(blocker->pid, ==, pg_backend_pid(third));
    g_assert_nonnull(strstr(blocker->description, "builds an index concurrently since"));
    must(f.other, "COMMIT");
    g_thread_join(thread);
}

static void
test_prepared(void)
{
    g_auto(Fixture) f = {0};
    g_autoptr(GPtrArray) blockers = NULL;
    g_autofree char *most = NULL;
    const Blocker *blocker;

    if (!fixture_init(&f))
        return;
    most = test_database_ask(f.look, "SHOW max_prepared_transactions");
    if (g_str_equal(most, "0")) {
        g_test_skip("the server has max_prepared_transactions = 0");
        return;
    }
    must(f.other, "BEGIN; UPDATE t SET a = 2; PREPARE TRANSACTION 'it''s mine'");
    blockers = look(f.look, "ALTER TABLE t ADD COLUMN b int", PATIENT_MS);
    g_assert_cmpuint(blockers->len, ==, 1);
    blocker = blockers->pdata[0];
    g_assert_cmpint(blocker->pid, ==, 0);
    g_assert_cmpstr(blocker->remedy, ==, "ROLLBACK PREPARED 'it''s mine';");
    g_assert_nonnull(strstr(blocker->description, "prepared transaction 'it's mine'"));
    must(f.other, blocker->remedy);
}

/* Looking asks the catalog and pg_locks only: a table locked by others does not stop it. */
static void
test_never_waits(void)
{
    g_auto(Fixture) f = {0};
    g_autoptr(GPtrArray) blockers = NULL;

    if (!fixture_init(&f))
        return;
    must(f.look, "SET lock_timeout = '1ms'");
    must(f.other, "BEGIN; LOCK TABLE t; ALTER TABLE t ADD COLUMN z int");
    blockers = look_for(f.look, "ALTER TABLE t ADD COLUMN b int REFERENCES calm", 1);
    g_assert_cmpint(((const Blocker *) blockers->pdata[0])->pid, ==, pg_backend_pid(f.other));
}

/* Parents come before children, whatever their oids; what LOCK TABLE cannot take says so. */
static void
test_order(void)
{
    g_auto(Fixture) f = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(SqlScript) script = NULL;
    g_autoptr(GPtrArray) statements = g_ptr_array_new(), needs = NULL;
    g_autoptr(GString) order = g_string_new(NULL);
    bool unknown;

    if (!fixture_init(&f))
        return;
    must(f.look, "CREATE TABLE late_child (a int); CREATE TABLE part1 (a int NOT NULL);"
                 "CREATE TABLE parent (a int PRIMARY KEY);"
                 "CREATE TABLE whole (a int NOT NULL) PARTITION BY RANGE (a);"
                 "ALTER TABLE whole ATTACH PARTITION part1 FOR VALUES FROM (0) TO (9);"
                 "ALTER TABLE late_child ADD FOREIGN KEY (a) REFERENCES parent;"
                 "CREATE VIEW v AS SELECT a FROM parent; CREATE INDEX i ON late_child (a)");
    script = sql_parse("DROP INDEX i; DROP VIEW v; DROP TABLE nobody; "
                       "ALTER TABLE whole ADD b int; ALTER TABLE parent ADD b int; "
                       "COMMENT ON TABLE parent IS 'x'; DO 'BEGIN END'",
                       (Place){0}, &error);
    for (guint i = 0; i < sql_script_count(script); i++)
        g_ptr_array_add(statements, (void *) sql_script_get(script, i));
    needs = locks_resolve(f.look, statements, &unknown, &error);
    g_assert_no_error(error);
    g_assert_true(unknown);
    for (guint i = 0; i < needs->len; i++) {
        const LockNeed *need = needs->pdata[i];
        g_string_append_printf(order, "%s %c %s%s\n", need->quoted, need->kind,
                               lock_mode_name(need->mode), need->lockable ? "" : " by itself");
    }
    g_assert_cmpstr(order->str, ==,
                    "public.parent r ACCESS EXCLUSIVE\n"
                    "public.whole p ACCESS EXCLUSIVE\n"
                    "public.v v ACCESS EXCLUSIVE by itself\n"
                    "public.late_child r ACCESS EXCLUSIVE\n"
                    "public.part1 r ACCESS EXCLUSIVE\n"
                    "public.i i ACCESS EXCLUSIVE by itself\n");
}

/* A role that may not lock a table leaves it to the statement. */
static void
test_privileges(void)
{
    g_auto(Fixture) f = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(SqlScript) script = NULL;
    g_autoptr(GPtrArray) statements = g_ptr_array_new(), needs = NULL;
    bool unknown;

    if (!fixture_init(&f))
        return;
    must(f.look, "BEGIN; CREATE ROLE locks_test_reader; GRANT SELECT ON t TO locks_test_reader;"
                 "SET LOCAL ROLE locks_test_reader");
    script = sql_parse("CREATE INDEX ON t (a)", (Place){0}, &error);
    g_ptr_array_add(statements, (void *) sql_script_get(script, 0));
    needs = locks_resolve(f.look, statements, &unknown, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(needs->len, ==, 1);
    g_assert_false(((const LockNeed *) needs->pdata[0])->lockable);
    pg_rollback(f.look);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/locks/idle-in-transaction", test_idle_in_transaction);
    g_test_add_func("/locks/long-transaction", test_long_transaction);
    g_test_add_func("/locks/waiter", test_waiter);
    g_test_add_func("/locks/concurrent-build", test_concurrent_build);
    g_test_add_func("/locks/prepared", test_prepared);
    g_test_add_func("/locks/never-waits", test_never_waits);
    g_test_add_func("/locks/order", test_order);
    g_test_add_func("/locks/privileges", test_privileges);
    return g_test_run();
}
