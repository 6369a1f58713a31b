#include "fleet-schemas.h"
#include "fleet/look.h"

static void
expand(const TestDatabase *database, const char *schema)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PgConn) conn =
        pg_connect(database->url, &(PgConnOptions){.purpose = "test", .schema = schema}, &error);
    g_autoptr(Revision) revision =
        revision_parse("x.sql", "-- Revision: aaaa1111\n\n-- sluice: expand\n", false, &error);
    g_autoptr(LedgerRecord) record =
        ledger_record_new(conn, revision, STATE_EXPANDED, true, "expand", NULL, false);

    g_assert_no_error(error);
    ledger_ensure(conn, &clock_system, &error);
    ledger_record_write(conn, record, &error);
    g_assert_no_error(error);
}

static FleetView *
look(GPtrArray *results)
{
    const FleetOptions options = {
        .what = "test", .jobs = 2, .clock = &clock_system, .report = &report_none};
    g_autoptr(GError) error = NULL;
    FleetView *view = fleet_look(&options, results, &error);

    g_assert_no_error(error);
    return view;
}

static const LedgerRevisions *
find(const FleetView *view, const GPtrArray *databases, guint i)
{
    return fleet_view_find(view, g_ptr_array_index(databases, i));
}

static void
test_tenants(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(GPtrArray) databases = NULL, results = NULL;
    g_autoptr(FleetView) before = NULL, after = NULL;

    if (!test_database_init(&database))
        return;
    make_schemas(&database, 3);
    databases = list_schemas(&database, "[]");
    results = fleet_results_new(databases);
    before = look(results);
    g_assert_cmpuint(find(before, databases, 0)->list->len, ==, 0);
    expand(&database, "tenant_1");
    expand(&database, "tenant_3");
    after = look(results);
    g_assert_nonnull(ledger_find_revision(find(after, databases, 0), "aaaa1111"));
    g_assert_cmpuint(find(after, databases, 1)->list->len, ==, 0);
    g_assert_true(find(after, databases, 0) == find(after, databases, 2));
}

static void
test_databases(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(GPtrArray) databases = g_ptr_array_new(), results = NULL;
    g_autoptr(FleetView) view = NULL;
    g_autoptr(GError) error = NULL;
    Database here = {.name = (char *) "here"};
    Database gone = {.name = (char *) "gone", .url = (char *) "postgresql://127.0.0.1:1/x"};

    if (!test_database_init(&database))
        return;
    here.url = database.url;
    g_ptr_array_add(databases, &gone);
    g_ptr_array_add(databases, &here);
    expand(&database, NULL);
    results = fleet_results_new(databases);
    view = look(results);
    g_assert_null(find(view, databases, 0));
    g_assert_nonnull(ledger_find_revision(find(view, databases, 1), "aaaa1111"));
    g_assert_cmpint(((FleetResult *) g_ptr_array_index(results, 0))->outcome, ==, FLEET_FAILED);
    g_assert_cmpint(((FleetResult *) g_ptr_array_index(results, 1))->outcome, ==, FLEET_LEFT);
    g_assert_false(fleet_check("test", results, &error));
    g_assert_cmpint(error->code, ==, ERROR_CONNECTION);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fleet/look/tenants", test_tenants);
    g_test_add_func("/fleet/look/databases", test_databases);
    return g_test_run();
}
