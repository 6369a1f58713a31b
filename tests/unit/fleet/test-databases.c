#include "base/error.h"
#include "fleet/databases.h"
#include "test-database.h"

static Settings *
settings_of(const TestDatabase *database, const char *const *pairs)
{
    g_autoptr(GError) error = NULL;
    Settings *settings = settings_load("/dev/null", &error);

    g_assert_no_error(error);
    if (database)
        settings_set(settings, "database.url", database->url, &error);
    for (; *pairs; pairs += 2) {
        settings_set(settings, pairs[0], pairs[1], &error);
        g_assert_no_error(error);
    }
    return settings;
}

#define SETTINGS(database, ...) settings_of((database), (const char *const[]){__VA_ARGS__, NULL})

/* "name name*", a star behind a canary. */
static char *
list(const Settings *settings, const char *only, GError **error)
{
    g_autoptr(GPtrArray) patterns = g_ptr_array_new();
    g_autoptr(GPtrArray) databases = NULL;
    GString *text = NULL;

    if (only)
        g_ptr_array_add(patterns, (gpointer) only);
    databases = databases_list(settings, only ? patterns : NULL, error);
    if (databases == NULL)
        return NULL;
    text = g_string_new(NULL);
    for (guint i = 0; i < databases->len; i++) {
        const Database *database = g_ptr_array_index(databases, i);
        g_string_append_printf(text, "%s%s%s", i ? " " : "", database->name,
                               database->is_canary ? "*" : "");
    }
    return g_string_free(text, FALSE);
}

static void
assert_lists(const Settings *settings, const char *only, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *found = list(settings, only, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, expected);
}

static void
assert_refuses(const Settings *settings, const char *only, ErrorCode code, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *found = list(settings, only, &error);

    g_assert_null(found);
    g_assert_cmpint(error->code, ==, (int) code);
    g_assert_nonnull(strstr(error->message, part));
    g_assert_null(strstr(error->message, "secret"));
}

static void
test_list(void)
{
    g_autoptr(Settings) settings =
        SETTINGS(NULL, "databases.list",
                 "[postgresql://app:secret@db1:5433/shop, {name: eu, url: postgres://db2/shop}]",
                 "databases.canary", "[eu]");

    assert_lists(settings, NULL, "db1:5433/shop eu*");
    assert_lists(settings, "e*", "eu*");
    assert_refuses(settings, "us", ERROR_USAGE, "no database is called 'us'");
}

static void
test_mistakes(void)
{
    g_autoptr(Settings) twice = SETTINGS(
        NULL, "databases.list", "[postgresql://a:secret@db1/shop, postgresql://b:secret@db1/shop]");
    g_autoptr(Settings) canary = SETTINGS(NULL, "databases.list", "[postgresql://db1/shop]",
                                          "databases.canary", "[db1/shops]");

    assert_refuses(twice, NULL, ERROR_CONFIG, "two of the databases are called 'db1/shop'");
    assert_refuses(canary, NULL, ERROR_CONFIG, "no database is called 'db1/shops'");
}

static void
run_script(const TestDatabase *database, const char *sql)
{
    g_autoptr(PgConn) conn = test_database_connect(database);
    g_autoptr(GError) error = NULL;

    pg_exec_script(conn, sql, &error);
    g_assert_no_error(error);
}

static void
test_query(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(Settings) named = NULL, plain = NULL, wrong = NULL;

    if (!test_database_init(&database))
        return;
    run_script(&database, "CREATE TABLE shard (url text, name text); INSERT INTO shard VALUES "
                          "('postgresql+asyncpg://app:secret@db1/a', 'one'), "
                          "('postgresql://app:secret@db2/b', 'two')");
    named = SETTINGS(&database, "databases.query", "SELECT url, name FROM shard ORDER BY 2");
    plain = SETTINGS(&database, "databases.query", "SELECT url FROM shard ORDER BY name");
    wrong = SETTINGS(&database, "databases.query", "SELECT 'mysql://app:secret@db/x'");
    assert_lists(named, NULL, "one two");
    assert_lists(plain, NULL, "db1/a db2/b");
    assert_refuses(wrong, NULL, ERROR_CONFIG, "row 1 of databases.query is not a database URL");
}

static void
test_schemas(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(Settings) glob = NULL, all = NULL, query = NULL;

    if (!test_database_init(&database))
        return;
    run_script(&database, "CREATE SCHEMA tenant_1; CREATE SCHEMA tenant_10; CREATE SCHEMA other; "
                          "CREATE SCHEMA sluice; CREATE SCHEMA pgx");
    glob = SETTINGS(&database, "databases.schemas", "tenant_*", "databases.canary", "[tenant_10]");
    all = SETTINGS(&database, "databases.schemas", "*");
    query = SETTINGS(&database, "databases.schemas_query",
                     "SELECT nspname FROM pg_namespace WHERE nspname ~ '^tenant_.$'");
    assert_lists(glob, NULL, "tenant_1 tenant_10*");
    assert_lists(all, NULL, "other pgx tenant_1 tenant_10");
    assert_lists(query, NULL, "tenant_1");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fleet/databases/list", test_list);
    g_test_add_func("/fleet/databases/mistakes", test_mistakes);
    g_test_add_func("/fleet/databases/query", test_query);
    g_test_add_func("/fleet/databases/schemas", test_schemas);
    return g_test_run();
}
