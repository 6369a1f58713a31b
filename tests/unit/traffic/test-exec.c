#include <glib/gstdio.h>

#include "base/error.h"
#include "traffic/traffic.h"

/* The router is tests/data/traffic/exec-router.sh, its state the files in `folder`. */
typedef struct {
    char *folder;
    Settings settings;
    Traffic *traffic;
} Fixture;

static void
write_file(Fixture *fixture, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(fixture->folder, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    fixture->folder = g_dir_make_tmp("sluice-XXXXXX", NULL);
    fixture->settings.traffic_driver = (char *) "exec";
    fixture->settings.traffic_command =
        g_strdup_printf("sh %s/tests/data/traffic/exec-router.sh %s", g_getenv("SLUICE_SOURCE_DIR"),
                        fixture->folder);
    fixture->settings.traffic_drain_ms = 300;
    fixture->traffic = traffic_new(&fixture->settings, &clock_system, &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const names[] = {"answer",         "broken",      "calls",
                                        "drained-canary", "open-canary", "percent"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(fixture->folder, names[i], NULL);
        g_unlink(path);
    }
    g_rmdir(fixture->folder);
    g_free(fixture->folder);
    g_free(fixture->settings.traffic_command);
    traffic_free(fixture->traffic);
}

static void
test_set_and_read(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    TrafficState state;

    g_assert_true(traffic_set(fixture->traffic, 25, &state, &error));
    g_assert_no_error(error);
    g_assert_cmpfloat_with_epsilon(state.pools[POOL_CANARY].share, 0.25, 1e-9);
    g_assert_cmpfloat_with_epsilon(state.pools[POOL_STABLE].share, 0.75, 1e-9);
    g_assert_cmpint(state.epoch, ==, 7);
    g_assert_cmpint(state.pools[POOL_CANARY].total, ==, 100);
    g_assert_cmpint(state.pools[POOL_CANARY].bad, ==, 1);
    g_assert_true(traffic_is_at(&state, 25));
    g_assert_true(traffic_is_at(&state, 26));
    g_assert_false(traffic_is_at(&state, 27));
    g_assert_false(traffic_is_at(&state, 0));
}

static void
test_drain(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    TrafficState state;

    g_assert_true(traffic_drain(fixture->traffic, POOL_CANARY, &error));
    g_assert_true(traffic_read(fixture->traffic, &state, &error));
    g_assert_cmpuint(state.pools[POOL_CANARY].drained, ==, 2);
    write_file(fixture, "open-canary", "3");
    g_assert_false(traffic_drain(fixture->traffic, POOL_CANARY, &error));
    g_assert_true(error_is(error, ERROR_STATE));
    g_assert_nonnull(strstr(error->message, "3 requests are still open on the canary servers"));
    g_clear_error(&error);
    g_assert_true(traffic_put_back(fixture->traffic, POOL_CANARY, &error));
    g_assert_true(traffic_read(fixture->traffic, &state, &error));
    g_assert_cmpuint(state.pools[POOL_CANARY].drained, ==, 0);
}

#define POOL(share, up)                                                                            \
    "{\"share\": " share ", \"servers\": 1, \"up\": " up                                           \
    ", \"drained\": 0, \"open\": 0, \"total\": 0, \"bad\": 0}"
#define ANSWER(stable, canary) "{\"stable\": " stable ", \"canary\": " canary ", \"epoch\": 1}"

static void
test_a_router_that_does_not_obey(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    TrafficState state;

    write_file(fixture, "answer", ANSWER(POOL("1", "1"), POOL("0.0", "1")));
    g_assert_false(traffic_set(fixture->traffic, 25, &state, &error));
    g_assert_true(error_is(error, ERROR_DRIFT));
    g_clear_error(&error);
    g_assert_true(traffic_set(fixture->traffic, 0, &state, &error));
    g_assert_no_error(error);
}

static void
test_wrong_answers(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const answers[] = {
        "",
        "hello",
        "{\"epoch\": 1}",
        ANSWER("{}", "{}"),
        ANSWER(POOL("1.5", "1"), POOL("0", "1")),
        ANSWER(POOL("1", "2"), POOL("0", "1")),
        ANSWER(POOL("1", "1"), POOL("0", "1")) " and more",
        ANSWER(POOL("1", "1"), POOL("0", "1") ", \"preview\": 1"),
    };

    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        g_autoptr(GError) error = NULL;
        TrafficState state;

        write_file(fixture, "answer", answers[i]);
        g_assert_false(traffic_read(fixture->traffic, &state, &error));
        g_assert_true(error_is(error, ERROR_CONFIG));
        g_assert_nonnull(strstr(error->message, "exec-router.sh"));
        g_assert_nonnull(strstr(error_get_hint(error), "docs/traffic.md"));
    }
}

static void
test_failing_command(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    TrafficState state;

    write_file(fixture, "broken", "");
    g_assert_false(traffic_read(fixture->traffic, &state, &error));
    g_assert_nonnull(strstr(error->message, "no route to router"));
}

static void
test_configuration(void)
{
    Settings settings = {0};
    g_autoptr(GError) error = NULL;

    g_assert_null(traffic_new(&settings, &clock_system, &error));
    g_assert_true(error_is(error, ERROR_CONFIG));
    g_clear_error(&error);
    settings.traffic_driver = (char *) "exec";
    g_assert_null(traffic_new(&settings, &clock_system, &error));
    g_assert_nonnull(strstr(error->message, "traffic.command"));
    g_clear_error(&error);
    settings.traffic_driver = (char *) "haproxi";
    g_assert_null(traffic_new(&settings, &clock_system, &error));
    g_assert_nonnull(strstr(error->message, "haproxi"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/exec/" name, Fixture, NULL, set_up, function, tear_down)
    ADD("set-and-read", test_set_and_read);
    ADD("drain", test_drain);
    ADD("disobedient", test_a_router_that_does_not_obey);
    ADD("wrong-answers", test_wrong_answers);
    ADD("failing-command", test_failing_command);
#undef ADD
    g_test_add_func("/exec/configuration", test_configuration);
    return g_test_run();
}
