/*
 * A script makes the same model whether it is followed, or run on a server that is then read, or
 * dumped: tests/data/model/<case>.sql.
 */
#include <stdlib.h>
#include <string.h>

#include "../cases.h"
#include "../test-database.h"
#include "model/model.h"

enum { FIRST_SEED = 3, SEEDS = 6 };

/* So many random histories, for who has changed the model and has ten minutes. */
static const char seeds_variable[] = "SLUICE_MODEL_SEEDS";

static void
apply_script(Model *model, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SqlScript) script = sql_parse(text, (Place){0}, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < sql_script_count(script); i++) {
        g_autoptr(DdlChanges) changes = ddl_changes(sql_script_get(script, i));
        model_apply(model, changes);
    }
}

static char *
describe_script(const char *text)
{
    g_autoptr(Model) model = model_new();
    g_autoptr(Model) copy = NULL;

    model_set_complete(model, true);
    apply_script(model, text);
    /* A copy is as good as the original, and does not need it. */
    copy = model_copy(model);
    g_clear_pointer(&model, model_free);
    return model_describe(copy);
}

/* What a fork is told, the original does not hear of; and it does not need the original. */
static void
test_fork(void)
{
    g_autoptr(Model) model = model_new();
    g_autoptr(Model) fork = NULL;
    g_autofree char *before = NULL, *after = NULL, *forked = NULL, *expected = NULL;

    apply_script(model, "CREATE TABLE a (b int CHECK (b > 0), c int)");
    before = model_describe(model);
    fork = model_fork(model);
    apply_script(fork, "ALTER TABLE a RENAME b TO d; ALTER TABLE a ADD CHECK (c > d)");
    after = model_describe(model);
    g_assert_cmpstr(after, ==, before);
    g_clear_pointer(&model, model_free);
    forked = model_describe(fork);
    expected = describe_script("CREATE TABLE a (b int CHECK (b > 0), c int);"
                               "ALTER TABLE a RENAME b TO d; ALTER TABLE a ADD CHECK (c > d)");
    g_assert_cmpstr(forked, ==, expected);
}

static char *
describe_server(PgConn *conn)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Model) model = model_new();

    model_load_server(model, conn, &error);
    g_assert_no_error(error);
    g_assert_true(model_is_complete(model));
    return model_describe(model);
}

/* Caller owns. */
static char *
make_dump(const char *url)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dump = NULL, *complaint = NULL;
    const char *command[] = {"pg_dump", "--schema-only", "--no-owner", url, NULL};
    int status;

    g_spawn_sync(NULL, (char **) command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &dump, &complaint,
                 &status, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(complaint, ==, "");
    return g_steal_pointer(&dump);
}

static char *
describe_dump(const char *dump)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Model) model = model_new();
    guint left_out = 0;

    model_load_dump(model, dump, "dump.sql", &left_out, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(left_out, ==, 0);
    return model_describe(model);
}

/* A dump does not hold all: NOT VALID of a parent is that of its children, once restored. */
static char *
describe_restored(const char *dump)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GRegex) of_psql = g_regex_new("^\\\\.*$", G_REGEX_MULTILINE, 0, NULL);
    g_autofree char *sql = g_regex_replace_literal(of_psql, dump, -1, 0, "", 0, NULL);

    g_assert_true(test_database_init(&database));
    conn = test_database_connect(&database);
    pg_exec_script(conn, sql, &error);
    g_assert_no_error(error);
    g_assert_true(pg_reconnect(conn, &error));
    return describe_server(conn);
}

/* What was followed is what the server at @conn holds, and so is its dump. */
static void
check_server(const char *followed, PgConn *conn, const char *url)
{
    g_autofree char *read = describe_server(conn);
    g_autofree char *dump = make_dump(url);
    g_autofree char *dumped = describe_dump(dump);

    g_assert_cmpstr(followed, ==, read);
    if (strcmp(dumped, read) != 0) {
        g_autofree char *restored = describe_restored(dump);
        g_assert_cmpstr(dumped, ==, restored);
    }
}

static char *
three_ways(const char *path, const char *text)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *followed = describe_script(text);

    (void) path;
    if (!test_database_init(&database))
        return g_steal_pointer(&followed);
    conn = test_database_connect(&database);
    pg_exec_script(conn, text, &error);
    g_assert_no_error(error);
    check_server(followed, conn, database.url);
    return g_steal_pointer(&followed);
}

/* What sluice keeps in a database is nobody's schema, whether it is read or dumped. */
static void
test_of_sluice(void)
{
    static const char own[] = "CREATE TABLE t (a int, b int CHECK (b > 0)) PARTITION BY LIST (a);"
                              "CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);";
    static const char ledger[] =
        "CREATE SCHEMA sluice; CREATE TYPE sluice.state AS ENUM ('on');"
        "CREATE TABLE sluice.revision (id text PRIMARY KEY, state sluice.state);"
        "CREATE VIEW sluice.schema_state AS SELECT id FROM sluice.revision;"
        "CREATE FUNCTION sluice.\"public.t\"() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN NEW; END';"
        "ALTER TABLE t ADD sluice_filled_aaaabbbbcccc_b boolean;"
        "CREATE TRIGGER zzzz_sluice_insert BEFORE INSERT ON t FOR EACH ROW "
        "EXECUTE FUNCTION sluice.\"public.t\"();"
        "ALTER TABLE t ENABLE ALWAYS TRIGGER zzzz_sluice_insert;";
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *expected = describe_script(own);

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    pg_exec_script(conn, own, &error);
    g_assert_no_error(error);
    pg_exec_script(conn, ledger, &error);
    g_assert_no_error(error);
    check_server(expected, conn, database.url);
}

/* Statements, those that create tables first, with names drawn from a few, so that they meet: %T a
 * table, %C a column, %N a name, %D a number. What the server refuses is left out, and the rest
 * must make the same model. */
static const char *const templates[] = {
    "CREATE TABLE %T (%C int, %C text)",
    "CREATE TABLE %T (%C serial PRIMARY KEY, %C int UNIQUE, %C int CHECK (%C > %D))",
    "CREATE TABLE %T (%C int REFERENCES %T, %C int NOT NULL DEFAULT %D)",
    "CREATE TABLE %T (%C int) INHERITS (%T)",
    "CREATE TABLE %T (LIKE %T INCLUDING ALL)",
    "CREATE TABLE %T (%C int NOT NULL, %C int) PARTITION BY LIST (%C)",
    "CREATE TABLE %T PARTITION OF %T FOR VALUES IN (%D)",
    "CREATE TABLE %T PARTITION OF %T DEFAULT",
    "ALTER TABLE %T ATTACH PARTITION %T FOR VALUES IN (%D)",
    "ALTER TABLE %T DETACH PARTITION %T",
    "ALTER TABLE %T INHERIT %T",
    "ALTER TABLE %T NO INHERIT %T",
    "ALTER TABLE %T ADD COLUMN %C int",
    "ALTER TABLE %T ADD COLUMN %C int NOT NULL DEFAULT %D CHECK (%C > 0)",
    "ALTER TABLE %T ADD COLUMN %C int GENERATED ALWAYS AS (%C + 1) STORED",
    "ALTER TABLE %T DROP COLUMN %C",
    "ALTER TABLE %T DROP COLUMN %C CASCADE",
    "ALTER TABLE ONLY %T DROP COLUMN %C",
    "ALTER TABLE %T RENAME COLUMN %C TO %C",
    "ALTER TABLE %T RENAME TO %T",
    "ALTER TABLE %T ALTER %C SET NOT NULL",
    "ALTER TABLE %T ALTER %C DROP NOT NULL",
    "ALTER TABLE %T ALTER %C TYPE bigint",
    "ALTER TABLE %T ALTER %C SET DEFAULT %D",
    "ALTER TABLE %T ALTER %C DROP DEFAULT",
    "ALTER TABLE %T ALTER %C ADD GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE %T ALTER %C DROP IDENTITY",
    "ALTER TABLE %T ADD PRIMARY KEY (%C)",
    "ALTER TABLE %T ADD UNIQUE (%C, %C)",
    "ALTER TABLE %T ADD CHECK (%C > %C)",
    "ALTER TABLE %T ADD CONSTRAINT %N CHECK (%C IS NOT NULL) NOT VALID",
    "ALTER TABLE %T VALIDATE CONSTRAINT %N",
    "ALTER TABLE %T DROP CONSTRAINT %N",
    "ALTER TABLE %T RENAME CONSTRAINT %N TO %N",
    "ALTER TABLE %T ADD FOREIGN KEY (%C) REFERENCES %T",
    "ALTER TABLE %T DROP CONSTRAINT %T_pkey CASCADE",
    "CREATE INDEX ON %T (%C)",
    "CREATE UNIQUE INDEX %N ON %T (%C, %C) WHERE %C > %D",
    "CREATE INDEX ON %T ((%C + %C)) INCLUDE (%C)",
    "DROP INDEX %N",
    "ALTER INDEX %N RENAME TO %N",
    "CREATE VIEW %T AS SELECT %C, %C FROM %T",
    "CREATE OR REPLACE VIEW %T AS SELECT * FROM %T",
    "CREATE MATERIALIZED VIEW %T AS SELECT x.%C FROM %T x JOIN %T y USING (%C)",
    "DROP TABLE %T",
    "DROP TABLE %T CASCADE",
    "DROP VIEW %T CASCADE",
    "ALTER TABLE public.%T SET SCHEMA s",
    "ALTER TABLE s.%T SET SCHEMA public",
    "CREATE TABLE s.%T (%C int REFERENCES %T)",
    "CREATE TRIGGER %N AFTER UPDATE OF %C ON %T FOR EACH ROW EXECUTE FUNCTION fired()",
    "DROP TRIGGER %N ON %T",
    "ALTER TABLE %T DISABLE TRIGGER %N",
    "ALTER TABLE %T REPLICA IDENTITY USING INDEX %N",
    "CREATE TABLE %T AS SELECT * FROM %T",
};

static char *
random_statement(GRand *random)
{
    enum { CREATIONS = 8, TABLES = 7 };
    const bool creates = g_rand_int_range(random, 0, 3) == 0;
    const char *template =
        templates[g_rand_int_range(random, 0, creates ? CREATIONS : G_N_ELEMENTS(templates))];
    GString *text = g_string_new(NULL);
    int table = g_rand_int_range(random, 0, TABLES);

    for (const char *at = template; *at != '\0'; at++) {
        if (*at != '%') {
            g_string_append_c(text, *at);
            continue;
        }
        at++;
        if (*at == 'D')
            g_string_append_printf(text, "%d", g_rand_int_range(random, 1, 9));
        else if (*at == 'T') /* never the same twice */
            g_string_append_printf(text, "t%d", table++ % TABLES);
        else
            g_string_append_printf(text, "%c%d", g_ascii_tolower(*at),
                                   g_rand_int_range(random, 0, *at == 'C' ? 3 : 5));
    }
    return g_string_free(text, FALSE);
}

static void
run_random(PgConn *conn, Model *model, guint32 seed, GString *history)
{
    enum { STATEMENTS = 250 };
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);

    for (int i = 0; i < STATEMENTS; i++) {
        g_autofree char *statement = random_statement(random);

        if (!pg_exec_script(conn, statement, NULL))
            continue;
        g_string_append_printf(history, "%s;\n", statement);
        apply_script(model, statement);
    }
}

static void
test_random(const void *data)
{
    const guint32 seed = GPOINTER_TO_UINT(data);
    const char *begin = "SET search_path = public, s; CREATE SCHEMA s; CREATE FUNCTION fired() "
                        "RETURNS trigger LANGUAGE plpgsql AS "
                        "$$BEGIN RETURN NEW; END$$";
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(Model) model = model_new();
    g_autoptr(GString) history = g_string_new(NULL);
    g_autofree char *followed = NULL;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    model_set_complete(model, true);
    g_assert_true(pg_exec_script(conn, begin, NULL));
    apply_script(model, begin);
    run_random(conn, model, seed, history);
    g_test_message("%s", history->str);
    followed = model_describe(model);
    check_server(followed, conn, database.url);
}

int
main(int argc, char **argv)
{
    const char *seeds = g_getenv(seeds_variable);
    const guint end = FIRST_SEED + (seeds != NULL ? (guint) atoi(seeds) : SEEDS);

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model/of-sluice", test_of_sluice);
    cases_add("model", ".sql", three_ways);
    for (guint seed = FIRST_SEED; seed < end; seed++) {
        g_autofree char *name = g_strdup_printf("/model/random/%u", seed);
        g_test_add_data_func(name, GUINT_TO_POINTER(seed), test_random);
    }
    g_test_add_func("/model/fork", test_fork);
    return g_test_run();
}
