/*
 * A script makes the same model whether it is followed, or run on a server that is then read, or
 * dumped: tests/data/model/<case>.sql.
 */
#include <string.h>

#include "../cases.h"
#include "../test-database.h"
#include "model/model.h"

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

static char *
describe_dump(const char *url)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Model) model = model_new();
    g_autofree char *dump = NULL, *complaint = NULL;
    const char *command[] = {"pg_dump", "--schema-only", url, NULL};
    guint left_out = 0;
    int status;

    g_spawn_sync(NULL, (char **) command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &dump, &complaint,
                 &status, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(complaint, ==, "");
    model_load_dump(model, dump, "dump.sql", &left_out, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(left_out, ==, 0);
    return model_describe(model);
}

static char *
three_ways(const char *path, const char *text)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *followed = describe_script(text), *read = NULL, *dumped = NULL;

    (void) path;
    if (!test_database_init(&database))
        return g_steal_pointer(&followed);
    conn = test_database_connect(&database);
    pg_exec_script(conn, text, &error);
    g_assert_no_error(error);
    read = describe_server(conn);
    dumped = describe_dump(database.url);
    g_assert_cmpstr(followed, ==, read);
    g_assert_cmpstr(dumped, ==, read);
    return g_steal_pointer(&followed);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cases_add("model", ".sql", three_ways);
    return g_test_run();
}
