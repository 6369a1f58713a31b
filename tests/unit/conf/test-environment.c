/* Who wins: environment, .env, file, default; and where the file is looked for. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/settings.h"

typedef struct {
    char *folder;
    char *file;
    char *dotenv;
} Project;

static void
project_set_up(Project *project, gconstpointer data G_GNUC_UNUSED)
{
    project->folder = g_dir_make_tmp("sluice-conf-XXXXXX", NULL);
    project->file = g_build_filename(project->folder, "sluice.yaml", NULL);
    project->dotenv = g_build_filename(project->folder, ".env", NULL);
    g_assert_true(file_replace(project->file,
                               "database: {url: postgresql://file/d}\n"
                               "backfill: {workers: 2}\n",
                               NULL));
}

static void
project_tear_down(Project *project, gconstpointer data G_GNUC_UNUSED)
{
    g_unsetenv("DATABASE_URL");
    g_unsetenv("CONN_URL");
    g_unsetenv("SLUICE_DATABASE_URL");
    g_unsetenv("SLUICE_BACKFILL_WORKERS");
    g_unlink(project->dotenv);
    g_unlink(project->file);
    g_rmdir(project->folder);
    g_free(project->dotenv);
    g_free(project->file);
    g_free(project->folder);
}

static void
assert_url(const Project *project, const char *url)
{
    g_autoptr(Settings) settings = settings_load(project->file, NULL);

    g_assert_nonnull(settings);
    g_assert_cmpstr(settings->database_url, ==, url);
}

static void
test_precedence(Project *project, gconstpointer data G_GNUC_UNUSED)
{
    assert_url(project, "postgresql://file/d");
    g_assert_true(file_replace(project->dotenv, "CONN_URL=postgres://dotenv/d\n", NULL));
    assert_url(project, "postgresql://dotenv/d");
    g_setenv("CONN_URL", "postgres://conn/d", TRUE);
    assert_url(project, "postgresql://conn/d");
    g_setenv("DATABASE_URL", "", TRUE);
    assert_url(project, "postgresql://conn/d");
    g_setenv("DATABASE_URL", "postgres://usual/d", TRUE);
    assert_url(project, "postgresql://usual/d");
    g_setenv("SLUICE_DATABASE_URL", "postgres://own/d", TRUE);
    assert_url(project, "postgresql://own/d");
}

static void
test_bad_variable(Project *project, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) failure = NULL;

    g_setenv("SLUICE_BACKFILL_WORKERS", "many", TRUE);
    g_assert_null(settings_load(project->file, &failure));
    g_assert_true(error_is(failure, ERROR_CONFIG));
    g_assert_cmpstr(failure->message, ==,
                    "environment variable SLUICE_BACKFILL_WORKERS: 'many' is not a whole number");
}

static void
test_file_above(Project *project, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *below = g_build_filename(project->folder, "a", "b", NULL);
    g_autofree char *parent = g_path_get_dirname(below);
    g_autofree char *before = g_get_current_dir();
    g_autoptr(Settings) settings = NULL;

    g_assert_true(file_make_folder(below, 0700, NULL));
    g_assert_cmpint(chdir(below), ==, 0);
    settings = settings_load(NULL, NULL);
    g_assert_cmpint(chdir(before), ==, 0);
    g_rmdir(below);
    g_rmdir(parent);
    g_assert_nonnull(settings);
    g_assert_cmpint(settings->backfill_workers, ==, 2);
    g_assert_true(g_str_has_suffix(settings->file, strrchr(project->file, G_DIR_SEPARATOR)));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
    g_test_add("/environment/" name, Project, NULL, project_set_up, function, project_tear_down)
    ADD("precedence", test_precedence);
    ADD("bad-variable", test_bad_variable);
    ADD("file-above", test_file_above);
    return g_test_run();
}
