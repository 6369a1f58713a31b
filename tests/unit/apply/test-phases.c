#include <glib/gstdio.h>

#include "../test-database.h"
#include "apply/apply.h"
#include "ledger/mappings.h"

/* A folder of revisions, a database, and the context that the phases want. */
typedef struct {
    TestDatabase database;
    char *folder;
    Settings *settings;
    Graph *graph;
    PgConn *conn;
    ApplyContext context;
} World;

static const char users_sql[] =
    "-- Revision: aaaaaaaaaaa1\n-- Title: users\n\n-- sluice: expand\n"
    "CREATE TABLE users (id int PRIMARY KEY, full_name text NOT NULL, city text);\n"
    "INSERT INTO users VALUES (1, 'Ada', 'London');\n";
static const char rename_sql[] =
    "-- Revision: aaaaaaaaaaa2\n-- Revises: aaaaaaaaaaa1\n-- Title: display name\n\n"
    "-- sluice: expand\nALTER TABLE users ADD COLUMN display_name text;\n\n"
    "-- sluice: sync users\nSELECT full_name AS display_name;\n\n"
    "-- sluice: cutover\nALTER TABLE users ALTER COLUMN city SET DEFAULT 'new';\n\n"
    "-- sluice: cutover undo\nALTER TABLE users ALTER COLUMN city DROP DEFAULT;\n\n"
    "-- sluice: contract\nALTER TABLE users DROP COLUMN full_name;\n\n"
    "-- sluice: downgrade\nALTER TABLE users DROP COLUMN display_name;\n";
static const char short_sql[] =
    "-- Revision: aaaaaaaaaaa3\n-- Revises: aaaaaaaaaaa2\n-- Title: short name\n\n"
    "-- sluice: expand\nALTER TABLE users ADD COLUMN short_name text;\n\n"
    "-- sluice: sync users\nSELECT full_name AS short_name;\n\n"
    "-- sluice: contract\nALTER TABLE users DROP COLUMN city;\n\n"
    "-- sluice: downgrade\nALTER TABLE users DROP COLUMN short_name;\n";

static const char parts_sql[] =
    "-- Revision: aaaaaaaaaaa4\n-- Revises: aaaaaaaaaaa3\n-- Title: parts\n\n"
    "-- sluice: expand\nCREATE TABLE parts (id int) PARTITION BY RANGE (id);\n"
    "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (2);\n\n"
    "-- sluice: contract\nALTER TABLE parts DETACH PARTITION parts_1 CONCURRENTLY;\n";

static void
write_file(const World *world, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(world->folder, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
remove_folder(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_remove(path);
    }
    g_rmdir(folder);
}

static void
world_clear(World *world)
{
    pg_disconnect(world->conn);
    g_clear_pointer(&world->graph, graph_free);
    g_clear_pointer(&world->settings, settings_free);
    if (world->folder)
        remove_folder(world->folder);
    g_clear_pointer(&world->folder, g_free);
    test_database_clear(&world->database);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(World, world_clear)

static bool
world_init(World *world)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *file = NULL;

    if (!test_database_init(&world->database))
        return false;
    world->folder = g_dir_make_tmp("sluice-apply-XXXXXX", NULL);
    file = g_build_filename(world->folder, "sluice.yaml", NULL);
    write_file(world, "sluice.yaml", "app:\n  name: notes\n");
    write_file(world, "1_aaaaaaaaaaa1.sql", users_sql);
    write_file(world, "2_aaaaaaaaaaa2.sql", rename_sql);
    write_file(world, "3_aaaaaaaaaaa3.sql", short_sql);
    write_file(world, "4_aaaaaaaaaaa4.sql", parts_sql);
    world->settings = settings_load(file, &error);
    g_assert_no_error(error);
    world->graph = graph_load(world->folder, &error);
    g_assert_no_error(error);
    world->conn = test_database_connect(&world->database);
    world->context = (ApplyContext){.conn = world->conn,
                                    .settings = world->settings,
                                    .clock = &clock_system,
                                    .report = &report_none,
                                    .graph = world->graph};
    g_assert_true(apply_lock(&world->context, &error));
    g_assert_no_error(error);
    return true;
}

typedef bool (*PhaseFunction)(const ApplyContext *, const Revision *, GError **);

static bool
run_phase(const World *world, PhaseFunction phase, const char *id, GError **error)
{
    const Revision *revision = graph_find(world->graph, id);

    g_assert_nonnull(revision);
    return phase(&world->context, revision, error);
}

static void
must(const World *world, PhaseFunction phase, const char *id)
{
    g_autoptr(GError) error = NULL;

    run_phase(world, phase, id, &error);
    g_assert_no_error(error);
}

/* The phase is refused as not fitting the state, with @word in its message. */
static void
must_not(const World *world, PhaseFunction phase, const char *id, const char *word)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(run_phase(world, phase, id, &error));
    g_assert_true(error_is(error, ERROR_STATE));
    g_assert_nonnull(strstr(error->message, word));
    g_assert_nonnull(error_get_hint(error));
}

static void
expect(const World *world, const char *sql, const char *expected)
{
    g_autofree char *value = test_database_ask(world->conn, sql);

    g_assert_cmpstr(value, ==, expected);
}

static void
expect_state(const World *world, const char *id, const char *expected)
{
    g_autofree char *sql = g_strdup_printf("SELECT state || CASE WHEN final THEN ', final' ELSE '' "
                                           "END FROM sluice.revision WHERE id = '%s'",
                                           id);

    expect(world, sql, expected);
}

static void
fill(const World *world, const char *column)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *sql = g_strdup_printf("UPDATE users SET %s = full_name", column);

    g_assert_true(pg_exec_script(world->conn, sql, &error));
    g_assert_no_error(error);
}

static const char city_default[] = "SELECT count(*) FROM pg_attrdef WHERE adrelid = "
                                   "'users'::regclass";
static const char columns[] = "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute "
                              "WHERE attrelid = 'users'::regclass AND attnum > 0 "
                              "AND NOT attisdropped";
static const char triggers[] = "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'users'::regclass "
                               "AND NOT tgisinternal";

static void
test_life(void)
{
    g_auto(World) world = {0};

    if (!world_init(&world))
        return;
    must_not(&world, apply_expand, "aaaaaaaaaaa2", "aaaaaaaaaaa1");
    must(&world, apply_expand, "aaaaaaaaaaa1");
    expect_state(&world, "aaaaaaaaaaa1", "expanded, final");
    must_not(&world, apply_finish, "aaaaaaaaaaa2", "pending");
    must(&world, apply_expand, "aaaaaaaaaaa2");
    must(&world, apply_expand, "aaaaaaaaaaa2");
    expect_state(&world, "aaaaaaaaaaa2", "expanded");
    expect(&world, triggers, "2");
    must_not(&world, apply_cutover, "aaaaaaaaaaa2", "expanded");
    must_not(&world, apply_contract, "aaaaaaaaaaa2", "expanded");

    fill(&world, "display_name");
    must(&world, apply_finish, "aaaaaaaaaaa2");
    expect_state(&world, "aaaaaaaaaaa2", "backfilled");
    must(&world, apply_cutover, "aaaaaaaaaaa2");
    expect_state(&world, "aaaaaaaaaaa2", "cut over");
    expect(&world, city_default, "1");
    must_not(&world, apply_downgrade, "aaaaaaaaaaa2", "cut over");

    must(&world, apply_contract, "aaaaaaaaaaa2");
    expect_state(&world, "aaaaaaaaaaa2", "contracted, final");
    expect(&world, columns, "id city display_name");
    expect(&world, triggers, "0");
    expect(&world,
           "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'users'::regclass AND "
           "attname = 'display_name'",
           "t");
    expect(&world, "SELECT count(*) FROM sluice.mapping", "0");
    must(&world, apply_contract, "aaaaaaaaaaa2");
    must_not(&world, apply_cutover_undo, "aaaaaaaaaaa2", "contracted");
    must_not(&world, apply_downgrade, "aaaaaaaaaaa2", "contracted");
    expect(&world, "SELECT count(*) FROM sluice.step WHERE state <> 'done'", "0");
}

static void
test_cutover_and_back(void)
{
    g_auto(World) world = {0};

    if (!world_init(&world))
        return;
    must(&world, apply_expand, "aaaaaaaaaaa1");
    must(&world, apply_expand, "aaaaaaaaaaa2");
    must(&world, apply_cutover_undo, "aaaaaaaaaaa2");
    fill(&world, "display_name");
    must(&world, apply_finish, "aaaaaaaaaaa2");
    for (int i = 0; i < 2; i++) {
        must(&world, apply_cutover, "aaaaaaaaaaa2");
        expect(&world, city_default, "1");
        must(&world, apply_cutover_undo, "aaaaaaaaaaa2");
        expect(&world, city_default, "0");
        expect_state(&world, "aaaaaaaaaaa2", "backfilled");
        expect(&world, "SELECT count(*) FROM sluice.step WHERE phase LIKE 'cutover%'", "0");
    }
    must_not(&world, apply_downgrade, "aaaaaaaaaaa1", "aaaaaaaaaaa2");
    must(&world, apply_downgrade, "aaaaaaaaaaa2");
    expect(&world, columns, "id full_name city");
    expect_state(&world, "aaaaaaaaaaa2", "");
}

/* Two mappings read one column: it cannot go while the other needs it, and its triggers stay. */
static void
test_two_mappings(void)
{
    g_auto(World) world = {0};

    if (!world_init(&world))
        return;
    must(&world, apply_expand, "aaaaaaaaaaa1");
    must(&world, apply_expand, "aaaaaaaaaaa2");
    must(&world, apply_expand, "aaaaaaaaaaa3");
    expect(&world, "SELECT count(DISTINCT installed_sql) FROM sluice.mapping", "1");
    fill(&world, "display_name");
    fill(&world, "short_name");
    must(&world, apply_finish, "aaaaaaaaaaa2");
    must(&world, apply_cutover, "aaaaaaaaaaa2");
    must_not(&world, apply_contract, "aaaaaaaaaaa2", "aaaaaaaaaaa3");
    expect(&world, columns, "id full_name city display_name short_name");

    must(&world, apply_downgrade, "aaaaaaaaaaa3");
    expect(&world, triggers, "2");
    expect(&world, "SELECT string_agg(revision, ' ') FROM sluice.mapping", "aaaaaaaaaaa2");
    expect(&world, "INSERT INTO users (id, full_name) VALUES (2, 'Grace') RETURNING display_name",
           "Grace");
    must(&world, apply_contract, "aaaaaaaaaaa2");
    expect(&world, columns, "id city display_name");
}

/* A deploy makes a version known; the function learns its name, once. */
static void
test_renew(void)
{
    g_auto(World) world = {0};
    g_autoptr(GError) error = NULL;
    AppVersion *version;
    static const char installed[] = "SELECT installed_sql FROM sluice.mapping";
    g_autofree char *before = NULL, *after = NULL;

    if (!world_init(&world))
        return;
    must(&world, apply_expand, "aaaaaaaaaaa1");
    must(&world, apply_expand, "aaaaaaaaaaa2");
    before = test_database_ask(world.conn, installed);
    g_assert_true(apply_renew_sync(&world.context, &error));
    expect(&world, installed, before);

    version = g_new0(AppVersion, 1);
    version->version = g_strdup("2.0");
    version->built_on = g_strdup("aaaaaaaaaaa2");
    version->still_uses = g_ptr_array_new();
    g_ptr_array_add(world.settings->app_versions, version);
    g_assert_true(apply_renew_sync(&world.context, &error));
    g_assert_no_error(error);
    after = test_database_ask(world.conn, installed);
    g_assert_null(strstr(before, "notes/2.0"));
    g_assert_nonnull(strstr(after, "notes/2.0"));
    expect(&world, "SELECT count(*) FROM pg_proc WHERE prosrc LIKE '%notes/2.0%'", "1");
    expect(&world, triggers, "2");
}

/* Its second half queues for a strong lock, under no deadline of ours. */
static void
test_detach_concurrently(void)
{
    g_auto(World) world = {0};

    if (!world_init(&world))
        return;
    must(&world, apply_expand, "aaaaaaaaaaa1");
    must(&world, apply_expand, "aaaaaaaaaaa2");
    must(&world, apply_expand, "aaaaaaaaaaa3");
    must(&world, apply_expand, "aaaaaaaaaaa4");
    must_not(&world, apply_contract, "aaaaaaaaaaa4", "outside of a transaction");
    expect(&world, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'parts'::regclass", "1");
    expect_state(&world, "aaaaaaaaaaa4", "expanded");
}

/* What a crash between commit and event keeps back comes with the next lock. */
static void
test_lost_event(void)
{
    g_auto(World) world = {0};
    g_autoptr(GError) error = NULL;
    static const char kinds[] = "SELECT string_agg(kind, ' ' ORDER BY id) FROM sluice.event";

    if (!world_init(&world))
        return;
    must(&world, apply_expand, "aaaaaaaaaaa1");
    expect(&world, kinds, "expanding expanded");
    g_assert_true(
        pg_exec_script(world.conn, "DELETE FROM sluice.event WHERE kind = 'expanded'", &error));
    apply_unlock(&world.context);
    g_assert_true(apply_lock(&world.context, &error));
    expect(&world, kinds, "expanding expanded");
    apply_unlock(&world.context);
    g_assert_true(apply_lock(&world.context, &error));
    g_assert_no_error(error);
    expect(&world, kinds, "expanding expanded");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/apply/life", test_life);
    g_test_add_func("/apply/cutover-and-back", test_cutover_and_back);
    g_test_add_func("/apply/two-mappings", test_two_mappings);
    g_test_add_func("/apply/renew", test_renew);
    g_test_add_func("/apply/detach-concurrently", test_detach_concurrently);
    g_test_add_func("/apply/lost-event", test_lost_event);
    return g_test_run();
}
