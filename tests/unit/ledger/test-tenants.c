#include "base/error.h"
#include "ledger/backfills.h"
#include "ledger/cohorts.h"
#include "ledger/events.h"
#include "ledger/mappings.h"
#include "pg/lock.h"
#include "test-database.h"

static Revision *
parse(const char *id)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text =
        g_strdup_printf("-- Revision: %s\n\n-- sluice: expand\nCREATE TABLE notes (id int);\n", id);
    Revision *revision = revision_parse("x.sql", text, false, &error);

    g_assert_no_error(error);
    return revision;
}

static PgConn *
enter(const TestDatabase *database, const char *schema)
{
    g_autoptr(GError) error = NULL;
    PgConn *conn =
        pg_connect(database->url, &(PgConnOptions){.purpose = "test", .schema = schema}, &error);

    g_assert_no_error(error);
    return conn;
}

/* With two tenants and a ledger. */
static PgConn *
prepare(const TestDatabase *database)
{
    PgConn *conn = test_database_connect(database);
    g_autoptr(GError) error = NULL;

    pg_exec_script(conn, "CREATE SCHEMA tenant_1; CREATE SCHEMA \"Tenant/2\"", &error);
    g_assert_no_error(error);
    ledger_ensure(conn, &clock_system, &error);
    g_assert_no_error(error);
    return conn;
}

static void
expand(PgConn *conn, const Revision *revision)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LedgerRecord) record =
        ledger_record_new(conn, revision, STATE_EXPANDED, true, "expand", NULL, false);

    ledger_record_write(conn, record, &error);
    g_assert_no_error(error);
    ledger_append_event(conn, "expanded", revision->id, 0, "expanded", NULL, &error);
    g_assert_no_error(error);
}

/* "id state, .." of what @conn's tenant has. */
static char *
states(PgConn *conn)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(conn, &error);
    GString *text = g_string_new(NULL);

    g_assert_no_error(error);
    for (guint i = 0; i < rows->list->len; i++) {
        const LedgerRevision *row = g_ptr_array_index(rows->list, i);
        g_string_append_printf(text, "%s%s %s", i ? ", " : "", row->id,
                               revision_state_name(row->state));
    }
    return g_string_free(text, FALSE);
}

static void
assert_has(PgConn *conn, const char *expected)
{
    g_autofree char *found = states(conn);

    g_assert_cmpstr(found, ==, expected);
}

static void
test_apart(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) none = NULL, one = NULL, two = NULL;
    g_autoptr(Revision) a = parse("aaaa1111"), b = parse("bbbb2222");
    g_autoptr(GError) error = NULL;
    g_autoptr(LedgerRevisions) ready = NULL;
    g_autoptr(GPtrArray) events = NULL;

    if (!test_database_init(&database))
        return;
    none = prepare(&database);
    one = enter(&database, "tenant_1");
    two = enter(&database, "Tenant/2");
    expand(one, a);
    expand(one, b);
    expand(two, a);
    assert_has(one, "aaaa1111 expanded, bbbb2222 expanded");
    assert_has(two, "aaaa1111 expanded");
    assert_has(none, "");
    ready = ledger_load_states(two, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(ready->list->len, ==, 1);
    g_assert_nonnull(ledger_find_revision(ready, "aaaa1111"));
    events = ledger_load_events(two, NULL, 0, 10, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(events->len, ==, 1);
    g_assert_cmpstr(((LedgerEvent *) g_ptr_array_index(events, 0))->revision, ==, "aaaa1111");
    g_assert_true(ledger_remove_revision(one, "aaaa1111", &error));
    assert_has(one, "bbbb2222 expanded");
    assert_has(two, "aaaa1111 expanded");
}

static void
test_enter(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) none = NULL, conn = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL, *again = NULL;

    if (!test_database_init(&database))
        return;
    none = prepare(&database);
    conn = enter(&database, "tenant_1");
    g_assert_cmpstr(pg_schema(conn), ==, "tenant_1");
    g_assert_true(g_str_has_suffix(pg_target(conn), ", schema tenant_1"));
    g_assert_cmpint(pg_migrator_key(conn), !=, pg_migrator_key(none));
    g_assert_true(pg_enter_schema(conn, "Tenant/2", &error));
    g_assert_no_error(error);
    path = test_database_ask(conn, "SHOW search_path");
    g_assert_cmpstr(path, ==, "\"Tenant/2\", public");
    g_assert_true(pg_reconnect(conn, &error));
    again = test_database_ask(conn, "SELECT current_schema()");
    g_assert_cmpstr(again, ==, "Tenant/2");
    g_assert_false(pg_enter_schema(conn, "gone", &error));
    g_assert_true(error_is(error, ERROR_STATE));
    g_assert_nonnull(strstr(error_get_hint(error), "CREATE SCHEMA \"gone\""));
}

static void
test_cohorts(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) none = NULL;
    g_autoptr(Revision) a = parse("aaaa1111"), b = parse("bbbb2222");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) cohorts = NULL;
    guint alike = 0;

    if (!test_database_init(&database))
        return;
    none = prepare(&database);
    g_assert_true(pg_exec_script(none, "CREATE SCHEMA tenant_3", &error));
    for (int i = 0; i < 3; i++) {
        static const char *const schemas[] = {"Tenant/2", "tenant_3", "tenant_1"};
        g_autoptr(PgConn) conn = enter(&database, schemas[i]);
        expand(conn, a);
        if (i == 2)
            expand(conn, b);
    }
    expand(none, a);
    cohorts = ledger_load_cohorts(none, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(cohorts->len, ==, 2);
    for (guint i = 0; i < cohorts->len; i++) {
        const LedgerCohort *cohort = g_ptr_array_index(cohorts, i);
        const LedgerRevision *row = ledger_find_revision(cohort->revisions, "aaaa1111");

        g_assert_nonnull(row);
        g_assert_cmpint(row->state, ==, STATE_EXPANDED);
        g_assert_true(row->final);
        g_assert_cmpuint(cohort->revisions->list->len, ==, cohort->schemas->len == 2 ? 1 : 2);
        alike = MAX(alike, cohort->schemas->len);
    }
    g_assert_cmpuint(alike, ==, 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ledger/tenants/apart", test_apart);
    g_test_add_func("/ledger/tenants/enter", test_enter);
    g_test_add_func("/ledger/tenants/cohorts", test_cohorts);
    return g_test_run();
}
