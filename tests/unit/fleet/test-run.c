#include "fleet-schemas.h"

/* What a test's work does, and saw. */
typedef struct {
    const char *fails[3]; /* names; NULL: none */
    ErrorCode code;
    GMutex mutex;
    GHashTable *sessions; /* backend pids */
    int at_once, most_at_once;
} Plan;

static void
plan_init(Plan *plan)
{
    g_mutex_init(&plan->mutex);
    plan->sessions = g_hash_table_new(g_direct_hash, g_direct_equal);
}

static void
plan_clear(Plan *plan)
{
    g_mutex_clear(&plan->mutex);
    g_hash_table_unref(plan->sessions);
}

static void
count_sessions(Plan *plan, PgConn *conn, int step)
{
    g_mutex_lock(&plan->mutex);
    plan->at_once += step;
    plan->most_at_once = MAX(plan->most_at_once, plan->at_once);
    g_hash_table_add(plan->sessions, GINT_TO_POINTER(pg_backend_pid(conn)));
    g_mutex_unlock(&plan->mutex);
}

static bool
work(gpointer data, const Database *database, PgConn *conn, const Report *report,
     FleetResult *result, GError **error)
{
    Plan *plan = data;
    g_autofree char *schema = NULL;

    count_sessions(plan, conn, 1);
    report_step(report, "at work");
    schema = test_database_ask(conn, "SELECT current_schema() FROM pg_sleep(0.01)");
    g_assert_cmpstr(schema, ==, database->schema);
    count_sessions(plan, conn, -1);
    if (strcmp(schema, "tenant_1") == 0)
        result->outcome = FLEET_CURRENT;
    for (int i = 0; plan->fails[i]; i++)
        if (strcmp(schema, plan->fails[i]) == 0)
            return error_set(error, i == 0 ? plan->code : ERROR_LOCK, "%s is broken", schema);
    return true;
}

static GPtrArray *
run(Plan *plan, const GPtrArray *databases, int jobs)
{
    GPtrArray *results = fleet_results_new(databases);
    const FleetOptions options = {.what = "test",
                                  .jobs = jobs,
                                  .clock = &clock_system,
                                  .report = &report_none,
                                  .work = work,
                                  .data = plan};

    fleet_run(&options, results);
    return results;
}

static FleetOutcome
outcome(const GPtrArray *results, guint i)
{
    return ((const FleetResult *) g_ptr_array_index(results, i))->outcome;
}

static void
test_all(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(GPtrArray) databases = NULL, results = NULL;
    g_autoptr(GError) error = NULL;
    Plan plan = {0};

    if (!test_database_init(&database))
        return;
    make_schemas(&database, 9);
    databases = list_schemas(&database, "[]");
    plan_init(&plan);
    results = run(&plan, databases, 3);
    g_assert_true(fleet_check("test", results, &error));
    g_assert_cmpint(outcome(results, 0), ==, FLEET_CURRENT);
    for (guint i = 1; i < results->len; i++)
        g_assert_cmpint(outcome(results, i), ==, FLEET_DONE);
    g_assert_cmpuint(g_hash_table_size(plan.sessions), <=, 3);
    g_assert_cmpint(plan.most_at_once, <=, 3);
    plan_clear(&plan);
}

/* One that fails stops no other; the worst one's code is the code of all. */
static void
test_failures(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(GPtrArray) databases = NULL, results = NULL;
    g_autoptr(GError) error = NULL;
    Plan plan = {.fails = {"tenant_4", "tenant_2"}, .code = ERROR_SQL};

    if (!test_database_init(&database))
        return;
    make_schemas(&database, 5);
    databases = list_schemas(&database, "[]");
    plan_init(&plan);
    results = run(&plan, databases, 2);
    g_assert_false(fleet_check("test", results, &error));
    g_assert_cmpint(error->code, ==, ERROR_SQL);
    g_assert_cmpstr(error->message, ==, "test failed in 2 of 5: tenant_4: tenant_4 is broken");
    g_assert_cmpint(outcome(results, 1), ==, FLEET_FAILED);
    g_assert_cmpint(outcome(results, 2), ==, FLEET_DONE);
    g_assert_cmpint(outcome(results, 4), ==, FLEET_DONE);
    plan_clear(&plan);
}

static void
test_canary(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(GPtrArray) databases = NULL, results = NULL;
    g_autoptr(GError) error = NULL;
    Plan plan = {.fails = {"tenant_3"}, .code = ERROR_STATE};

    if (!test_database_init(&database))
        return;
    make_schemas(&database, 4);
    databases = list_schemas(&database, "[tenant_2, tenant_3]");
    plan_init(&plan);
    results = run(&plan, databases, 2);
    g_assert_false(fleet_check("test", results, &error));
    g_assert_cmpint(error->code, ==, ERROR_STATE);
    g_assert_nonnull(strstr(error->message, "for a canary failed: tenant_3"));
    g_assert_cmpint(outcome(results, 0), ==, FLEET_LEFT);
    g_assert_cmpint(outcome(results, 1), ==, FLEET_DONE);
    g_assert_cmpint(outcome(results, 2), ==, FLEET_FAILED);
    g_assert_cmpint(outcome(results, 3), ==, FLEET_LEFT);
    plan_clear(&plan);
}

/* A server that is gone is not asked a thousand times. */
static void
test_unreachable(void)
{
    Database one = {
        .name = (char *) "a", .url = (char *) "postgresql://127.0.0.1:1/x", .schema = (char *) "a"};
    Database two = {
        .name = (char *) "b", .url = (char *) "postgresql://127.0.0.1:1/x", .schema = (char *) "b"};
    g_autoptr(GPtrArray) databases = g_ptr_array_new(), results = NULL;
    g_autoptr(GError) error = NULL;
    Plan plan = {0};

    g_ptr_array_add(databases, &one);
    g_ptr_array_add(databases, &two);
    plan_init(&plan);
    results = run(&plan, databases, 1);
    g_assert_false(fleet_check("test", results, &error));
    g_assert_cmpint(error->code, ==, ERROR_CONNECTION);
    g_assert_cmpint(outcome(results, 0), ==, FLEET_FAILED);
    g_assert_cmpint(outcome(results, 1), ==, FLEET_LEFT);
    plan_clear(&plan);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fleet/run/all", test_all);
    g_test_add_func("/fleet/run/failures", test_failures);
    g_test_add_func("/fleet/run/canary", test_canary);
    g_test_add_func("/fleet/run/unreachable", test_unreachable);
    return g_test_run();
}
