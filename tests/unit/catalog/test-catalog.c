#include "../test-database.h"
#include "base/error.h"
#include "catalog/catalog.h"

/* A session on a new database, with @script run in it; false if there is no server. */
typedef struct {
    TestDatabase database;
    PgConn *conn;
} Fixture;

static bool
fixture_init(Fixture *fixture, const char *script)
{
    g_autoptr(GError) error = NULL;

    *fixture = (Fixture){0};
    if (!test_database_init(&fixture->database))
        return false;
    fixture->conn = test_database_connect(&fixture->database);
    pg_exec_script(fixture->conn, script, &error);
    g_assert_no_error(error);
    return true;
}

static void
fixture_clear(Fixture *fixture)
{
    g_clear_pointer(&fixture->conn, pg_disconnect);
    test_database_clear(&fixture->database);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

static void
test_find_table(void)
{
    g_auto(Fixture) f = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(CatalogTable) table = NULL, quoted = NULL, none = NULL, shadowed = NULL;
    const CatalogColumn *column;

    if (!fixture_init(&f, "CREATE TABLE users (id serial, name varchar(20) NOT NULL, gone int,"
                          " twice int GENERATED ALWAYS AS (id * 2) STORED);"
                          "ALTER TABLE users DROP COLUMN gone;"
                          "INSERT INTO users (name) SELECT 'x' FROM generate_series(1, 1000);"
                          "ANALYZE users; CREATE SCHEMA s; CREATE TABLE s.users (a int);"
                          "CREATE TABLE s.\"My Table\" (\"Full Name\" text)"))
        return;
    g_assert_true(catalog_find_table(f.conn, NULL, "users", &table, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(table->quoted, ==, "public.users");
    g_assert_cmpint(table->kind, ==, 'r');
    g_assert_cmpint(table->pages, >, 0);
    g_assert_cmpint(table->rows, ==, 1000);
    g_assert_cmpuint(table->columns->len, ==, 3);
    column = catalog_column(table, "id");
    g_assert_true(column->has_default && column->not_null && !column->generated);
    column = catalog_column(table, "name");
    g_assert_cmpstr(column->type, ==, "character varying(20)");
    g_assert_true(column->not_null && !column->has_default);
    column = catalog_column(table, "twice");
    g_assert_true(column->generated && !column->has_default);
    g_assert_cmpint(column->number, ==, 4);
    g_assert_null(catalog_column(table, "gone"));

    g_assert_true(catalog_find_table(f.conn, "s", "My Table", &quoted, &error));
    g_assert_cmpstr(quoted->quoted, ==, "s.\"My Table\"");
    g_assert_true(catalog_find_table(f.conn, NULL, "My Table", &none, &error));
    g_assert_null(none);
    g_assert_true(catalog_find_table(f.conn, "no such", "users", &none, &error));
    g_assert_null(none);
    g_assert_null(catalog_require_table(f.conn, NULL, "nobody", &error));
    g_assert_true(error_is(error, ERROR_STATE));
    g_assert_nonnull(strstr(error->message, "nobody"));
    g_clear_error(&error);

    pg_exec(f.conn, &error, "SET search_path TO s, public");
    g_assert_true(catalog_find_table(f.conn, NULL, "users", &shadowed, &error));
    g_assert_cmpstr(shadowed->quoted, ==, "s.users");
}

static void
test_not_null(void)
{
    static const struct {
        const char *column;
        bool proven;
    } columns[] = {{"a", true},  {"b", true},        {"c", false},
                   {"d", false}, {"Odd Name", true}, {"nobody", false}};
    g_auto(Fixture) f = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(CatalogTable) table = NULL;

    if (!fixture_init(&f,
                      "CREATE TABLE t (a int NOT NULL, b int CHECK (b IS NOT NULL), c int,"
                      " d int CHECK (d > 0), \"Odd Name\" int CHECK (\"Odd Name\" IS NOT NULL));"
                      "ALTER TABLE t ADD CHECK (c IS NOT NULL) NOT VALID"))
        return;
    table = catalog_require_table(f.conn, NULL, "t", &error);
    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
        bool proven = !columns[i].proven;
        g_assert_true(catalog_is_not_null(f.conn, table, columns[i].column, &proven, &error));
        g_assert_cmpint(proven, ==, columns[i].proven);
    }
}

static void
test_index_state(void)
{
    g_auto(Fixture) f = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) failed = NULL;
    IndexState state;

    if (!fixture_init(&f, "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1);"
                          "CREATE INDEX good ON t (a)"))
        return;
    g_assert_false(
        pg_exec_script(f.conn, "CREATE UNIQUE INDEX CONCURRENTLY bad ON t (a)", &failed));
    g_assert_true(catalog_index_state(f.conn, NULL, "good", &state, &error));
    g_assert_cmpint(state, ==, INDEX_VALID);
    g_assert_true(catalog_index_state(f.conn, "public", "bad", &state, &error));
    g_assert_cmpint(state, ==, INDEX_INVALID);
    g_assert_true(catalog_index_state(f.conn, NULL, "nobody", &state, &error));
    g_assert_cmpint(state, ==, INDEX_ABSENT);
    g_assert_true(catalog_index_state(f.conn, NULL, "t", &state, &error));
    g_assert_cmpint(state, ==, INDEX_ABSENT);
}

static void
test_triggers(void)
{
    g_auto(Fixture) f = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(CatalogTable) table = NULL;
    g_autoptr(GPtrArray) after = NULL;
    char enabled;

    if (!fixture_init(&f,
                      "CREATE TABLE t (a int);"
                      "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
                      "'BEGIN RETURN NEW; END';"
                      "CREATE TRIGGER zz BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
                      "CREATE TRIGGER \"Zb\" BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();"
                      "CREATE TRIGGER mm BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
                      "CREATE TRIGGER zs BEFORE INSERT ON t EXECUTE FUNCTION f();"
                      "CREATE TRIGGER za AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
                      "ALTER TABLE t ENABLE ALWAYS TRIGGER mm"))
        return;
    table = catalog_require_table(f.conn, NULL, "t", &error);
    after = catalog_triggers_after(f.conn, table->oid, "mm", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(after->len, ==, 1);
    g_assert_cmpstr(after->pdata[0], ==, "zz");
    g_assert_true(catalog_trigger_enabled(f.conn, table->oid, "mm", &enabled, &error));
    g_assert_cmpint(enabled, ==, 'A');
    g_assert_true(catalog_trigger_enabled(f.conn, table->oid, "zz", &enabled, &error));
    g_assert_cmpint(enabled, ==, 'O');
    g_assert_true(catalog_trigger_enabled(f.conn, table->oid, "nobody", &enabled, &error));
    g_assert_cmpint(enabled, ==, 0);
}

static char *
dependents_of(Fixture *f, const char *name, const char *column)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CatalogTable) table = catalog_require_table(f->conn, NULL, name, &error);
    g_autoptr(GPtrArray) found = catalog_dependents(f->conn, table->oid, column, &error);

    g_assert_no_error(error);
    g_ptr_array_add(found, NULL);
    return g_strjoinv("; ", (char **) found->pdata);
}

static void
test_dependents(void)
{
    g_auto(Fixture) f = {0};
    g_autofree char *a = NULL, *b = NULL, *c = NULL, *id = NULL, *whole = NULL, *lonely = NULL;

    if (!fixture_init(
            &f, "CREATE TABLE t (id int PRIMARY KEY, a text, b int, c int CHECK (c > 0), d int"
                " GENERATED ALWAYS AS (b + 1) STORED, lonely int UNIQUE);"
                "CREATE INDEX t_b_c ON t (b, c); ALTER TABLE t ADD CONSTRAINT b_c CHECK (b < c);"
                "CREATE VIEW v AS SELECT id, a FROM t; CREATE VIEW v2 AS SELECT * FROM v;"
                "CREATE MATERIALIZED VIEW m AS SELECT a FROM t;"
                "CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT a FROM t; END;"
                "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
                "CREATE TRIGGER of_a BEFORE UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION tf();"
                "CREATE TRIGGER zzzz_sluice_update BEFORE UPDATE OF a ON t FOR EACH ROW"
                " EXECUTE FUNCTION tf();"
                "CREATE TABLE child (t_id int REFERENCES t, id int REFERENCES t (lonely));"
                "CREATE TABLE heir () INHERITS (t); CREATE TABLE typed (x t);"
                "CREATE POLICY p ON t USING (a IS NULL);"
                "CREATE PUBLICATION pub FOR TABLE t WHERE (c > 1)"))
        return;
    a = dependents_of(&f, "t", "a");
    g_assert_cmpstr(a, ==,
                    "function public.f(); materialized view public.m; policy p on public.t; "
                    "trigger of_a on public.t; view public.v");
    b = dependents_of(&f, "t", "b");
    g_assert_cmpstr(
        b, ==, "index public.t_b_c; table column public.t.d; table constraint b_c on public.t");
    c = dependents_of(&f, "t", "c");
    g_assert_cmpstr(c, ==,
                    "index public.t_b_c; publication relation public.t in publication pub; "
                    "table constraint b_c on public.t");
    id = dependents_of(&f, "t", "id");
    g_assert_cmpstr(id, ==, "table constraint child_t_id_fkey on public.child; view public.v");
    lonely = dependents_of(&f, "child", "t_id");
    g_assert_cmpstr(lonely, ==, "");
    whole = dependents_of(&f, "t", NULL);
    g_assert_cmpstr(whole, ==,
                    "function public.f(); materialized view public.m; table column public.typed.x; "
                    "table constraint child_id_fkey on public.child; "
                    "table constraint child_t_id_fkey on public.child; table public.heir; "
                    "view public.v");
}

static void
test_empty(void)
{
    g_auto(Fixture) f = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(CatalogTable) table = NULL;
    bool empty = false;

    if (!fixture_init(&f, "CREATE TABLE t (a int)"))
        return;
    table = catalog_require_table(f.conn, NULL, "t", &error);
    g_assert_true(catalog_is_empty(f.conn, table, &empty, &error));
    g_assert_true(empty);
    pg_exec(f.conn, &error, "INSERT INTO t VALUES (NULL)");
    g_assert_true(catalog_is_empty(f.conn, table, &empty, &error));
    g_assert_false(empty);
}

static char *
describe(const char *script)
{
    g_auto(Fixture) f = {0};
    g_autoptr(GError) error = NULL;
    char *text;

    if (!fixture_init(&f, script))
        return NULL;
    text = catalog_describe(f.conn, &error);
    g_assert_no_error(error);
    return text;
}

/* The order of columns does not count, nor that of creation; all else does. */
static void
test_describe(void)
{
    static const char base[] =
        "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE DOMAIN d AS int CHECK (value > 0);"
        "CREATE TABLE p (id int PRIMARY KEY);"
        "CREATE SCHEMA sluice; CREATE TABLE sluice.x (a int);";
    static const char *const other[] = {
        "CREATE TABLE t (b int DEFAULT 2, a int REFERENCES p)",
        "CREATE TABLE t (a int REFERENCES p, b int DEFAULT 1)",
        "CREATE TABLE t (a int REFERENCES p, b bigint DEFAULT 2)",
        "CREATE TABLE t (a int REFERENCES p, b int DEFAULT 2 NOT NULL)",
        "CREATE TABLE t (a int REFERENCES p ON DELETE CASCADE, b int DEFAULT 2)",
        "CREATE TABLE t (a int REFERENCES p, b int DEFAULT 2); CREATE INDEX ON t (a)",
        "CREATE TABLE t (a int REFERENCES p, b int DEFAULT 2); CREATE VIEW v AS SELECT a FROM t",
        "CREATE TABLE t (a int REFERENCES p, b int DEFAULT 2); ALTER TYPE mood ADD VALUE 'c'",
        ("CREATE TABLE t (a int REFERENCES p, b int DEFAULT 2);"
         "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    };
    g_autofree char *script =
        g_strconcat(base, "CREATE TABLE t (a int REFERENCES p, b int DEFAULT 2)", NULL);
    g_autofree char *first = describe(script);

    if (first == NULL)
        return;
    g_assert_null(strstr(first, "sluice"));
    g_assert_nonnull(strstr(first, "column public.t.a integer\n"));
    for (guint i = 0; i < G_N_ELEMENTS(other); i++) {
        g_autofree char *changed = g_strconcat(base, other[i], NULL);
        g_autofree char *text = describe(changed);

        if (i == 0)
            g_assert_cmpstr(text, ==, first);
        else
            g_assert_cmpstr(text, !=, first);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/catalog/find-table", test_find_table);
    g_test_add_func("/catalog/not-null", test_not_null);
    g_test_add_func("/catalog/index-state", test_index_state);
    g_test_add_func("/catalog/triggers", test_triggers);
    g_test_add_func("/catalog/dependents", test_dependents);
    g_test_add_func("/catalog/empty", test_empty);
    g_test_add_func("/catalog/describe", test_describe);
    return g_test_run();
}
