#include "ledger/mappings.h"
#include "test-database.h"

static void
test_mappings(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GPtrArray) all = NULL, users = NULL, none = NULL;
    g_autoptr(GError) error = NULL;
    const LedgerMapping older = {.revision = (char *) "aaa1",
                                 .schema = (char *) "public",
                                 .table = (char *) "users",
                                 .forward = (char *) "SELECT a AS b",
                                 .reverse = (char *) "SELECT b AS a",
                                 .installed_sql = (char *) "CREATE TRIGGER ..1"};
    LedgerMapping newer = older, elsewhere = older;
    const LedgerMapping *row;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    g_assert_true(ledger_ensure(conn, &clock_system, &error));
    g_assert_true(
        pg_exec_script(conn,
                       "INSERT INTO sluice.revision (id, title, parents, applied_by, tool) VALUES "
                       "('aaa1', 't', '{}', 'me', 'x'), ('0002', 't', '{aaa1}', 'me', 'x')",
                       &error));
    newer.revision = (char *) "0002";
    elsewhere.table = (char *) "notes";
    g_assert_true(ledger_add_mapping(conn, &newer, &error));
    g_assert_true(ledger_add_mapping(conn, &older, &error));
    g_assert_true(ledger_add_mapping(conn, &elsewhere, &error));
    newer.installed_sql = (char *) "CREATE TRIGGER ..2";
    g_assert_true(ledger_add_mapping(conn, &newer, &error));
    g_assert_no_error(error);

    all = ledger_load_mappings(conn, NULL, NULL, &error);
    g_assert_cmpuint(all->len, ==, 3);
    users = ledger_load_mappings(conn, "public", "users", &error);
    g_assert_cmpuint(users->len, ==, 2);
    row = g_ptr_array_index(users, 0);
    g_assert_cmpstr(row->revision, ==, "aaa1");
    g_assert_cmpstr(row->forward, ==, "SELECT a AS b");
    g_assert_cmpstr(row->reverse, ==, "SELECT b AS a");
    row = g_ptr_array_index(users, 1);
    g_assert_cmpstr(row->revision, ==, "0002");
    g_assert_cmpstr(row->installed_sql, ==, "CREATE TRIGGER ..2");

    g_assert_true(ledger_remove_mapping(conn, "aaa1", "public", "users", &error));
    g_assert_true(ledger_remove_mapping(conn, "0002", "public", "users", &error));
    none = ledger_load_mappings(conn, "public", "users", &error);
    g_assert_cmpuint(none->len, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ledger/mappings", test_mappings);
    return g_test_run();
}
