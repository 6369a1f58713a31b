#include <glib/gstdio.h>

#include "base/error.h"
#include "deploy/deploy.h"

/* An app that is two files: `running` while it runs, `calls` with what was asked of it. */
typedef struct {
    char *folder;
    Settings settings;
    Deploy *deploy;
} Fixture;

static char *
in_folder(Fixture *fixture, const char *command)
{
    return g_strdup_printf("cd '%s' && { %s; }", fixture->folder, command);
}

static void
set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Settings *settings = &fixture->settings;
    g_autoptr(GError) error = NULL;

    fixture->folder = g_dir_make_tmp("sluice-XXXXXX", NULL);
    settings->deploy_driver = (char *) "exec";
    settings->app_name = (char *) "notes-api";
    settings->deploy_start =
        in_folder(fixture, "echo \"start $SLUICE_APP $SLUICE_VERSION\" >> calls; touch running");
    settings->deploy_stop = in_folder(fixture, "echo stop >> calls; rm -f running");
    settings->deploy_ready = in_folder(fixture, "test -e running || { echo refused; exit 1; }");
    settings->deploy_timeout_ms = 5000;
    fixture->deploy = deploy_new(settings, &clock_system, &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *calls = g_build_filename(fixture->folder, "calls", NULL);
    g_autofree char *running = g_build_filename(fixture->folder, "running", NULL);

    g_unlink(calls);
    g_unlink(running);
    g_rmdir(fixture->folder);
    g_free(fixture->folder);
    g_free(fixture->settings.deploy_start);
    g_free(fixture->settings.deploy_stop);
    g_free(fixture->settings.deploy_ready);
    deploy_free(fixture->deploy);
}

static void
assert_calls(Fixture *fixture, const char *wanted)
{
    g_autofree char *path = g_build_filename(fixture->folder, "calls", NULL);
    g_autofree char *calls = NULL;

    g_assert_true(g_file_get_contents(path, &calls, NULL, NULL));
    g_assert_cmpstr(calls, ==, wanted);
}

static void
test_start_once_then_stop(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    bool ready = true;

    g_assert_true(deploy_is_ready(fixture->deploy, "2.0", &ready, &error));
    g_assert_false(ready);
    g_assert_true(deploy_start(fixture->deploy, "2.0", &error));
    g_assert_true(deploy_start(fixture->deploy, "2.0", &error));
    assert_calls(fixture, "start notes-api 2.0\n");
    g_assert_true(deploy_is_ready(fixture->deploy, "2.0", &ready, &error));
    g_assert_true(ready);
    g_assert_true(deploy_stop(fixture->deploy, "2.0", &error));
    g_assert_true(deploy_stop(fixture->deploy, "2.0", &error));
    assert_calls(fixture, "start notes-api 2.0\nstop\nstop\n");
    g_assert_true(deploy_is_ready(fixture->deploy, "2.0", &ready, &error));
    g_assert_false(ready);
}

static void
test_never_ready(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    g_free(fixture->settings.deploy_start);
    fixture->settings.deploy_start = g_strdup("true");
    fixture->settings.deploy_timeout_ms = 200;
    g_assert_false(deploy_start(fixture->deploy, "2.0", &error));
    g_assert_true(error_is(error, ERROR_STATE));
    g_assert_nonnull(strstr(error->message, "notes-api 2.0 is not ready after 200ms"));
    g_assert_nonnull(strstr(error->message, "refused"));
}

static void
test_start_fails(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    g_free(fixture->settings.deploy_start);
    fixture->settings.deploy_start = g_strdup("echo no such image; exit 3");
    g_assert_false(deploy_start(fixture->deploy, "2.0", &error));
    g_assert_nonnull(strstr(error->message, "no such image"));
}

static void
test_will_not_stop(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(deploy_start(fixture->deploy, "2.0", &error));
    g_free(fixture->settings.deploy_stop);
    fixture->settings.deploy_stop = g_strdup("true");
    fixture->settings.deploy_timeout_ms = 200;
    g_assert_false(deploy_stop(fixture->deploy, "2.0", &error));
    g_assert_true(error_is(error, ERROR_STATE));
    g_assert_nonnull(strstr(error->message, "still answers"));
}

static void
test_configuration(void)
{
    Settings settings = {.deploy_start = (char *) "true", .deploy_stop = (char *) "true"};
    g_autoptr(GError) error = NULL;

    g_assert_null(deploy_new(&settings, &clock_system, &error));
    g_assert_true(error_is(error, ERROR_CONFIG));
    g_assert_nonnull(strstr(error->message, "deploy.ready"));
    g_clear_error(&error);
    settings.deploy_driver = (char *) "nomad";
    g_assert_null(deploy_new(&settings, &clock_system, &error));
    g_assert_nonnull(strstr(error->message, "nomad"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/deploy/" name, Fixture, NULL, set_up, function, tear_down)
    ADD("start-and-stop", test_start_once_then_stop);
    ADD("never-ready", test_never_ready);
    ADD("start-fails", test_start_fails);
    ADD("will-not-stop", test_will_not_stop);
#undef ADD
    g_test_add_func("/deploy/configuration", test_configuration);
    return g_test_run();
}
