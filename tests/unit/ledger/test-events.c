#include "base/error.h"
#include "ledger/events.h"
#include "test-database.h"

static PgConn *
connect_with_ledger(const TestDatabase *database)
{
    PgConn *conn = test_database_connect(database);
    g_autoptr(GError) error = NULL;

    ledger_ensure(conn, &clock_system, &error);
    g_assert_no_error(error);
    return conn;
}

static gint64
broken_event(PgConn *conn)
{
    g_autoptr(GError) error = NULL;
    gint64 broken = -1;

    ledger_verify_events(conn, &broken, &error);
    g_assert_no_error(error);
    return broken;
}

static void
append(PgConn *conn, const char *kind, json_t *take_data)
{
    g_autoptr(GError) error = NULL;

    ledger_append_event(conn, kind, "3f2a9c1b7d20", 0, "a text with 'quotes' and ü", take_data,
                        &error);
    g_assert_no_error(error);
}

static void
execute(PgConn *conn, const char *sql)
{
    g_autoptr(GError) error = NULL;

    pg_exec_script(conn, sql, &error);
    g_assert_no_error(error);
}

static void
test_chain(void)
{
    static const struct {
        const char *tamper;
        gint64 broken;
    } cases[] = {
        {"UPDATE sluice.event SET text = 'harmless' WHERE id = 2", 2},
        {"UPDATE sluice.event SET at = at + interval '1 us' WHERE id = 1", 1},
        {"UPDATE sluice.event SET data = '{\"b\": [1, 3.5], \"a\": true}' WHERE id = 3", 3},
        {"UPDATE sluice.event SET revision = NULL WHERE id = 2", 2},
        {"DELETE FROM sluice.event WHERE id = 2", 3},
        {"DELETE FROM sluice.event WHERE id = 1", 2},
    };
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autofree char *row = NULL;

    if (!test_database_init(&database))
        return;
    g_setenv("SLUICE_ACTOR", "ada@host", TRUE);
    conn = connect_with_ledger(&database);
    g_assert_cmpint(broken_event(conn), ==, 0);
    append(conn, "expanded", NULL);
    append(conn, "gate", json_pack("{s:s, s:n}", "verdict", "passed", "zero"));
    append(conn, "weight", json_pack("{s:b, s:[i, f]}", "a", 1, "b", 1, 2.5));
    append(conn, "done", NULL);
    g_assert_cmpint(broken_event(conn), ==, 0);
    row = test_database_ask(conn, "SELECT concat_ws('|', id, actor, kind, revision, rollout, data, "
                                  "previous = (SELECT hash FROM sluice.event WHERE id = 2)) "
                                  "FROM sluice.event WHERE id = 3");
    g_assert_cmpstr(row, ==, "3|ada@host|weight|3f2a9c1b7d20|{\"a\": true, \"b\": [1, 2.5]}|t");

    /* Another session's time zone and date style change no hash. */
    execute(conn, "SET timezone = 'Asia/Kolkata'; SET datestyle = 'German'");
    g_assert_cmpint(broken_event(conn), ==, 0);
    append(conn, "later", NULL);
    execute(conn, "RESET timezone; SET datestyle = 'ISO'");
    g_assert_cmpint(broken_event(conn), ==, 0);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        execute(conn, "BEGIN");
        execute(conn, cases[i].tamper);
        g_assert_cmpint(broken_event(conn), ==, cases[i].broken);
        execute(conn, "ROLLBACK");
    }
}

static gpointer
append_in_thread(gpointer data)
{
    g_autoptr(PgConn) conn = test_database_connect(data);

    for (int i = 0; i < 25; i++)
        append(conn, "race", NULL);
    return NULL;
}

static void
test_chain_at_once(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    GThread *threads[6];
    g_autofree char *count = NULL;

    if (!test_database_init(&database))
        return;
    conn = connect_with_ledger(&database);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("append", append_in_thread, &database);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    count = test_database_ask(conn, "SELECT concat_ws('|', count(*), max(id)) FROM sluice.event");
    g_assert_cmpstr(count, ==, "150|150");
    g_assert_cmpint(broken_event(conn), ==, 0);
}

static void
test_approvals(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GPtrArray) names = NULL, others = NULL;
    g_autoptr(GError) error = NULL;

    if (!test_database_init(&database))
        return;
    conn = connect_with_ledger(&database);
    g_assert_true(ledger_add_approval(conn, "contract", "digest1", "ada", "looks good", &error));
    g_assert_true(ledger_add_approval(conn, "contract", "digest1", "bob", NULL, &error));
    g_assert_true(ledger_add_approval(conn, "contract", "digest1", "ada", "again", &error));
    g_assert_true(ledger_add_approval(conn, "cutover", "digest1", "eve", NULL, &error));
    g_assert_no_error(error);
    names = ledger_load_approvals(conn, "contract", "digest1", &error);
    g_assert_cmpuint(names->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(names, 0), ==, "ada");
    g_assert_cmpstr(g_ptr_array_index(names, 1), ==, "bob");
    others = ledger_load_approvals(conn, "contract", "digest2", &error);
    g_assert_cmpuint(others->len, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ledger/events/approvals", test_approvals);
    g_test_add_func("/ledger/events/chain", test_chain);
    g_test_add_func("/ledger/events/chain-at-once", test_chain_at_once);
    return g_test_run();
}
