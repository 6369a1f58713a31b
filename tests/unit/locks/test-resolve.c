#include "../test-database.h"
#include "base/error.h"
#include "locks/locks.h"

/* The locks that this session holds on relations that were there before; indexes and
 * sequences of columns are left out, for the server takes them behind their table's lock. */
static const char held_locks[] =
    "SELECT c.oid, max(CASE l.mode WHEN 'AccessShareLock' THEN 1 WHEN 'RowShareLock' THEN 2 "
    "WHEN 'RowExclusiveLock' THEN 3 WHEN 'ShareUpdateExclusiveLock' THEN 4 WHEN 'ShareLock' THEN 5 "
    "WHEN 'ShareRowExclusiveLock' THEN 6 WHEN 'ExclusiveLock' THEN 7 ELSE 8 END), "
    "c.label FROM pg_locks l JOIN before c ON c.oid = l.relation "
    "WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' GROUP BY c.oid, c.label "
    "ORDER BY c.oid";

static const char remember_relations[] =
    "CREATE TEMP TABLE before ON COMMIT DROP AS SELECT oid, oid::regclass::text AS label "
    "FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'S', 'c') "
    "AND NOT (relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = "
    "'pg_class'::regclass"
    " AND d.objid = pg_class.oid AND d.refclassid = 'pg_class'::regclass))";

static char *
read_data(const char *name)
{
    g_autofree char *path =
        g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "tests", "data", "locks", name, NULL);
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static GPtrArray *
resolve_text(PgConn *conn, const char *sql, bool *ret_unknown)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SqlScript) script = sql_parse(sql, (Place){0}, &error);
    g_autoptr(GPtrArray) statements = g_ptr_array_new();
    GPtrArray *needs;

    g_assert_no_error(error);
    for (guint i = 0; i < sql_script_count(script); i++)
        g_ptr_array_add(statements, (void *) sql_script_get(script, i));
    needs = locks_resolve(conn, statements, ret_unknown, &error);
    g_assert_no_error(error);
    return needs;
}

static LockMode
foretold(const GPtrArray *needs, guint32 oid)
{
    for (guint i = 0; i < needs->len; i++) {
        const LockNeed *need = needs->pdata[i];
        if (need->oid == oid)
            return need->mode;
    }
    return 0;
}

/* What holds nobody up may be missed: reads are foretold where they are written, not where the
 * server looks something up. */
static bool
agrees(LockMode taken, LockMode told, bool may_exceed)
{
    return taken == told || (may_exceed && told > taken) || (taken <= LOCK_ROW_SHARE && told == 0);
}

/* Adds a line to @wrong for each relation on which server and forecast differ. */
static void
compare(PgConn *conn, const GPtrArray *needs, const char *sql, bool may_exceed, GString *wrong)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PgRows) rows = pg_query(conn, &error, held_locks);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);

    g_assert_no_error(error);
    for (int i = 0; i < pg_rows_count(rows); i++) {
        const guint32 oid = (guint32) pg_integer(rows, i, 0);
        const LockMode taken = (LockMode) pg_integer(rows, i, 1);
        const LockMode told = foretold(needs, oid);

        g_hash_table_add(seen, GUINT_TO_POINTER(oid));
        if (!agrees(taken, told, may_exceed))
            g_string_append_printf(wrong, "%s\n  %s: took %s, foretold %s\n", sql,
                                   pg_text(rows, i, 2), lock_mode_name(taken),
                                   told ? lock_mode_name(told) : "none");
    }
    for (guint i = 0; i < needs->len; i++) {
        const LockNeed *need = needs->pdata[i];
        if (need->kind != 'i' && need->kind != 'I' &&
            !g_hash_table_contains(seen, GUINT_TO_POINTER(need->oid)))
            g_string_append_printf(wrong, "%s\n  %s: took none, foretold %s\n", sql, need->quoted,
                                   lock_mode_name(need->mode));
    }
}

static void
run_line(PgConn *conn, const char *line, GString *wrong)
{
    const bool may_exceed = line[0] == '~';
    g_auto(GStrv) parts = g_strsplit(line + (may_exceed ? 1 : 0), " ;; ", 2);
    const char *sql = parts[1] != NULL ? parts[1] : parts[0];
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) needs = NULL;
    bool unknown;

    if (parts[1] != NULL && !pg_exec_script(conn, parts[0], &error))
        g_error("%s: %s", parts[0], error->message);
    g_assert_true(pg_begin(conn, &error));
    pg_exec(conn, &error, remember_relations);
    g_assert_no_error(error);
    needs = resolve_text(conn, sql, &unknown);
    if (!pg_exec_script(conn, sql, &error))
        g_string_append_printf(wrong, "%s\n  %s\n", sql, error->message);
    else
        compare(conn, needs, sql, may_exceed, wrong);
    pg_rollback(conn);
}

/* Every statement of the list, against the server itself. */
static void
test_statements(void)
{
    g_autofree char *schema = read_data("schema.sql"), *list = read_data("statements.sql");
    g_auto(GStrv) lines = g_strsplit(list, "\n", -1);
    g_autoptr(GString) wrong = g_string_new(NULL);
    int count = 0;

    if (g_getenv("SLUICE_TEST_DATABASE") == NULL) {
        g_test_skip("needs a server: run it with tools/with-server");
        return;
    }
    {
        g_auto(TestDatabase) database = {0};
        g_autoptr(PgConn) conn = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_true(test_database_init(&database));
        conn = test_database_connect(&database);
        pg_exec_script(conn, schema, &error);
        g_assert_no_error(error);
        for (char **line = lines; *line; line++) {
            if ((*line)[0] == '\0' || g_str_has_prefix(*line, "--"))
                continue;
            run_line(conn, *line, wrong);
            count++;
        }
        pg_disconnect(g_steal_pointer(&conn));
    }
    g_assert_cmpstr(wrong->str, ==, "");
    g_assert_cmpint(count, >, 100);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/locks/statements", test_statements);
    return g_test_run();
}
