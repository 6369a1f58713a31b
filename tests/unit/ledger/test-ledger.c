#include "base/error.h"
#include "ledger/ledger.h"
#include "ledger/revisions.h"
#include "pg/lock.h"
#include "test-database.h"

static PgConn *
connect_as(const TestDatabase *database, const char *role)
{
    PgConn *conn = test_database_connect(database);
    g_autofree char *sql = g_strdup_printf("SET ROLE %s", role);
    g_autoptr(GError) error = NULL;

    pg_exec_script(conn, sql, &error);
    g_assert_no_error(error);
    return conn;
}

/* A role of this test alone, for roles are shared by all databases of the server. */
static char *
make_role(const TestDatabase *database, PgConn *conn)
{
    char *role = g_strdup_printf("role_%s", database->name);
    g_autofree char *sql = g_strdup_printf("CREATE ROLE %s", role);
    g_autoptr(GError) error = NULL;

    pg_exec_script(conn, sql, &error);
    g_assert_no_error(error);
    return role;
}

static void
drop_role(PgConn *conn, const char *role)
{
    g_autofree char *sql = g_strdup_printf("DROP OWNED BY %s; DROP ROLE %s", role, role);
    g_autoptr(GError) error = NULL;

    pg_exec_script(conn, sql, &error);
    g_assert_no_error(error);
}

static void
test_ensure(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *who = NULL, *before = NULL, *after = NULL;
    int version = -1;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    g_assert_true(ledger_find(conn, &version, &error));
    g_assert_cmpint(version, ==, 0);
    g_setenv("SLUICE_ACTOR", "ada@host", TRUE);
    g_assert_true(ledger_ensure(conn, &clock_system, &error));
    g_assert_no_error(error);
    g_assert_true(ledger_find(conn, &version, &error));
    g_assert_cmpint(version, ==, LEDGER_VERSION);
    who = test_database_ask(conn, "SELECT upgraded_by FROM sluice.ledger");
    g_assert_cmpstr(who, ==, "ada@host");

    before = test_database_ask(conn, "SELECT upgraded_at FROM sluice.ledger");
    g_assert_true(ledger_ensure(conn, &clock_system, &error));
    after = test_database_ask(conn, "SELECT upgraded_at FROM sluice.ledger");
    g_assert_cmpstr(before, ==, after);
}

typedef struct {
    const TestDatabase *database;
    bool ok;
} Race;

static gpointer
ensure_in_thread(gpointer data)
{
    Race *race = data;
    g_autoptr(PgConn) conn = test_database_connect(race->database);

    race->ok = ledger_ensure(conn, &clock_system, NULL);
    return NULL;
}

static void
test_ensure_at_once(void)
{
    g_auto(TestDatabase) database = {0};
    Race races[8];
    GThread *threads[G_N_ELEMENTS(races)];
    g_autoptr(PgConn) conn = NULL;
    g_autofree char *versions = NULL, *expected = NULL;

    if (!test_database_init(&database))
        return;
    for (guint i = 0; i < G_N_ELEMENTS(races); i++) {
        races[i] = (Race){.database = &database};
        threads[i] = g_thread_new("ensure", ensure_in_thread, &races[i]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(races); i++) {
        g_thread_join(threads[i]);
        g_assert_true(races[i].ok);
    }
    conn = test_database_connect(&database);
    versions = test_database_ask(conn, "SELECT count(*) FROM sluice.ledger");
    expected = g_strdup_printf("%d", LEDGER_VERSION);
    g_assert_cmpstr(versions, ==, expected);
}

/* As a sluice of version 1 leaves it, with two revisions on their way. */
static void
make_version_1(PgConn *conn)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path =
        g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "sql/ledger-1.sql", NULL);
    g_autofree char *ddl = NULL;

    g_assert_true(g_file_get_contents(path, &ddl, NULL, &error));
    pg_exec_script(conn, "CREATE SCHEMA sluice", &error);
    g_assert_no_error(error);
    pg_exec_script(conn, ddl, &error);
    g_assert_no_error(error);
    pg_exec_script(conn,
                   "INSERT INTO sluice.ledger (version, tool, upgraded_by) "
                   "VALUES (1, 'sluice 0.1', 'ada'); "
                   "INSERT INTO sluice.revision (id, title, parents, state, applied_by, tool) "
                   "VALUES ('one', 'One', '{}', 'expanded', 'ada', 'sluice 0.1'), "
                   "       ('two', 'Two', '{one}', 'pending', 'ada', 'sluice 0.1'); "
                   "INSERT INTO sluice.section VALUES ('one', 'expand', 'abc')",
                   &error);
    g_assert_no_error(error);
}

static void
test_older(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(LedgerRevisions) rows = NULL;
    g_autofree char *versions = NULL;
    const LedgerRevision *one;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    make_version_1(conn);
    g_assert_null(ledger_load_revisions(conn, &error));
    g_assert_true(error_is(error, ERROR_STATE));
    g_assert_nonnull(strstr(error->message, "has version 1, and this sluice needs 5"));
    g_assert_nonnull(strstr(error_get_hint(error), "sluice ensure-version"));
    g_clear_error(&error);

    rows = ledger_load_revisions_to_change(conn, &clock_system, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(rows->list->len, ==, 1);
    g_assert_true(g_hash_table_contains(rows->tried, "two"));
    one = ledger_find_revision(rows, "one");
    g_assert_cmpint(one->state, ==, STATE_EXPANDED);
    g_assert_cmpint(one->origin, ==, ORIGIN_RUN);
    g_assert_cmpstr(g_hash_table_lookup(one->checksums, "expand"), ==, "abc");
    versions = test_database_ask(conn, "SELECT string_agg(version::text, ',') FROM sluice.ledger");
    g_assert_cmpstr(versions, ==, "1,2,3,4,5");
}

static void
test_newer(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;
    int version = -1;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    g_assert_true(ledger_ensure(conn, &clock_system, &error));
    g_assert_true(pg_exec(conn, &error,
                          "INSERT INTO sluice.ledger (version, tool, upgraded_by) "
                          "VALUES (999, 'sluice 9.9', 'bob')"));
    g_assert_false(ledger_find(conn, &version, &error));
    g_assert_error(error, SLUICE_ERROR, ERROR_STATE);
    g_assert_nonnull(strstr(error->message, "version 999"));
    g_assert_nonnull(strstr(error_get_hint(error), "newer sluice"));
    g_clear_error(&error);
    g_assert_false(ledger_ensure(conn, &clock_system, &error));
    g_assert_error(error, SLUICE_ERROR, ERROR_STATE);
    g_clear_error(&error);
    g_assert_null(ledger_load_revisions(conn, &error));
    g_assert_error(error, SLUICE_ERROR, ERROR_STATE);
}

static void
test_no_right_to_create(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) admin = NULL, conn = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *role = NULL, *grant = NULL, *made = NULL, *owner = NULL, *left = NULL;

    if (!test_database_init(&database))
        return;
    admin = test_database_connect(&database);
    role = make_role(&database, admin);
    conn = connect_as(&database, role);
    g_assert_false(ledger_ensure(conn, &clock_system, &error));
    g_assert_error(error, SLUICE_ERROR, ERROR_SQL);
    grant = g_strdup_printf("GRANT CREATE ON DATABASE %s TO %s", database.name, role);
    g_assert_nonnull(strstr(error_get_hint(error), grant));
    g_assert_false(pg_in_transaction(conn));
    g_clear_error(&error);
    left = test_database_ask(admin, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                                    " AND database = (SELECT oid FROM pg_database WHERE"
                                    " datname = current_database())");
    g_assert_cmpstr(left, ==, "0");

    /* What the hint offers instead: an administrator makes the schema. */
    made = g_strdup_printf("CREATE SCHEMA sluice AUTHORIZATION %s", role);
    g_assert_true(pg_exec_script(admin, made, &error));
    g_assert_true(ledger_ensure(conn, &clock_system, &error));
    g_assert_no_error(error);
    owner = test_database_ask(admin, "SELECT tableowner FROM pg_tables WHERE schemaname = 'sluice'"
                                     " AND tablename = 'event'");
    g_assert_cmpstr(owner, ==, role);
    g_clear_pointer(&conn, pg_disconnect);
    drop_role(admin, role);
}

static void
test_no_right_to_read(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) admin = NULL, conn = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *role = NULL, *grant = NULL;

    if (!test_database_init(&database))
        return;
    admin = test_database_connect(&database);
    g_assert_true(ledger_ensure(admin, &clock_system, &error));
    role = make_role(&database, admin);
    conn = connect_as(&database, role);
    g_assert_null(ledger_load_revisions(conn, &error));
    g_assert_error(error, SLUICE_ERROR, ERROR_SQL);
    grant = g_strdup_printf("GRANT SELECT ON ALL TABLES IN SCHEMA sluice TO %s", role);
    g_assert_nonnull(strstr(error_get_hint(error), grant));
    g_clear_error(&error);
    /* What an app may ask needs no grant. */
    g_assert_true(pg_exec(conn, &error, "SELECT * FROM sluice.schema_state"));
    g_clear_pointer(&conn, pg_disconnect);
    drop_role(admin, role);
}

static void
test_schema_of_another(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) admin = NULL, conn = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *role = NULL, *alter = NULL;

    if (!test_database_init(&database))
        return;
    admin = test_database_connect(&database);
    role = make_role(&database, admin);
    g_assert_true(pg_exec_script(admin, "CREATE SCHEMA sluice", &error));
    conn = connect_as(&database, role);
    g_assert_false(ledger_ensure(conn, &clock_system, &error));
    g_assert_nonnull(strstr(error->message, "belongs to another role"));
    alter = g_strdup_printf("ALTER SCHEMA sluice OWNER TO %s", role);
    g_assert_nonnull(strstr(error_get_hint(error), alter));
    g_clear_pointer(&conn, pg_disconnect);
    drop_role(admin, role);
}

static void
test_actor(void)
{
    g_autofree char *named = NULL, *found = NULL, *host = NULL;

    g_setenv("SLUICE_ACTOR", "ci-job-7", TRUE);
    named = ledger_actor();
    g_assert_cmpstr(named, ==, "ci-job-7");
    g_unsetenv("SLUICE_ACTOR");
    found = ledger_actor();
    host = g_strdup_printf("@%s", g_get_host_name());
    g_assert_true(g_str_has_suffix(found, host));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ledger/actor", test_actor);
    g_test_add_func("/ledger/ensure", test_ensure);
    g_test_add_func("/ledger/ensure-at-once", test_ensure_at_once);
    g_test_add_func("/ledger/newer", test_newer);
    g_test_add_func("/ledger/no-right-to-create", test_no_right_to_create);
    g_test_add_func("/ledger/no-right-to-read", test_no_right_to_read);
    g_test_add_func("/ledger/older", test_older);
    g_test_add_func("/ledger/schema-of-another", test_schema_of_another);
    return g_test_run();
}
