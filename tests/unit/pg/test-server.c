#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "pg/conn.h"
#include "pg/server.h"

/* Not g_dir_make_tmp's own 0700 folder itself: as root the server's user must get through. */
static char *
make_folder(void)
{
    g_autoptr(GError) error = NULL;
    char *folder = g_dir_make_tmp("sluice-test-XXXXXX", &error);

    g_assert_no_error(error);
    g_assert_cmpint(g_chmod(folder, 0755), ==, 0);
    return folder;
}

static char *
ask(const char *url, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PgConn) conn = pg_connect(url, &(PgConnOptions){.allow_standby = true}, &error);
    g_autoptr(PgRows) rows = conn ? pg_query(conn, &error, sql) : NULL;

    g_assert_no_error(error);
    return g_strdup(pg_rows_count(rows) > 0 ? pg_text(rows, 0, 0) : "");
}

static void
test_life(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *above = make_folder();
    g_autofree char *folder = g_build_filename(above, "server", NULL);
    const char *const settings[] = {"work_mem=7MB", NULL};
    g_autoptr(PgServer) server = pg_server_start(
        &(PgServerOptions){.folder = folder, .tcp = true, .settings = settings}, &error);
    g_autoptr(PgServer) found = NULL, again = NULL;
    g_autofree char *work_mem = NULL, *rows = NULL, *made = NULL;
    struct stat about;

    g_assert_no_error(error);
    g_assert_cmpint(server->pid, >, 0);
    g_assert_cmpint(stat(folder, &about), ==, 0);
    g_assert_cmpint(about.st_mode & 077, ==, 0);
    work_mem = ask(server->url, "SHOW work_mem");
    g_assert_cmpstr(work_mem, ==, "7MB");
    made = ask(server->socket_url, "CREATE TABLE t AS SELECT 1 AS a");

    found = pg_server_find(folder, &error);
    g_assert_no_error(error);
    g_assert_cmpint(found->pid, ==, server->pid);
    g_assert_cmpstr(found->url, ==, server->url);
    g_assert_true(pg_server_stop(found, true, &error));
    g_assert_cmpint(found->pid, ==, 0);
    g_assert_null(pg_connect(server->url, NULL, NULL));

    again = pg_server_start(&(PgServerOptions){.folder = folder}, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(again->url, ==, server->url);
    rows = ask(again->url, "SELECT count(*) FROM t");
    g_assert_cmpstr(rows, ==, "1");
    g_assert_true(pg_server_remove(again, &error));
    g_assert_no_error(error);
    g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
    g_assert_cmpint(g_rmdir(above), ==, 0);
}

static void
test_replica(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *above = make_folder();
    g_autofree char *folder = g_build_filename(above, "server", NULL);
    g_autoptr(PgServer) server =
        pg_server_start(&(PgServerOptions){.folder = folder, .replica = true}, &error);
    g_autofree char *recovery = NULL, *name = NULL;

    g_assert_no_error(error);
    recovery = ask(server->replica_url, "SELECT pg_is_in_recovery()");
    g_assert_cmpstr(recovery, ==, "t");
    g_assert_null(pg_connect(server->replica_url, NULL, &error));
    g_assert_error(error, SLUICE_ERROR, ERROR_CONNECTION);
    g_assert_nonnull(strstr(error->message, "read-only replica"));
    g_clear_error(&error);
    for (gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
         g_strcmp0(name, "replica") != 0 && g_get_monotonic_time() < deadline; g_usleep(20000)) {
        g_free(name);
        name = ask(server->url, "SELECT application_name FROM pg_stat_replication");
    }
    g_assert_cmpstr(name, ==, "replica");
    g_assert_true(pg_server_remove(server, &error));
    g_assert_no_error(error);
    g_assert_cmpint(g_rmdir(above), ==, 0);
}

static void
test_refused(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = make_folder();
    g_autofree char *file = g_build_filename(folder, "other", NULL);
    g_autofree char *long_name = g_strnfill(110, 'x');
    g_autofree char *long_folder = g_build_filename(folder, long_name, NULL);

    g_assert_true(file_create(file, "", &error));
    g_assert_null(pg_server_start(&(PgServerOptions){.folder = folder}, &error));
    g_assert_error(error, SLUICE_ERROR, ERROR_STATE);
    g_assert_nonnull(strstr(error->message, "holds other things"));
    g_clear_error(&error);
    g_assert_null(pg_server_start(&(PgServerOptions){.folder = long_folder}, &error));
    g_assert_nonnull(strstr(error->message, "too long"));
    g_clear_error(&error);
    g_assert_null(pg_server_find(folder, &error));
    g_assert_nonnull(strstr(error->message, "there is no server"));
    g_clear_error(&error);
    g_setenv("SLUICE_PG_BIN", folder, TRUE);
    g_assert_null(pg_server_start(&(PgServerOptions){.folder = folder}, &error));
    g_assert_nonnull(strstr(error->message, "SLUICE_PG_BIN"));
    g_unsetenv("SLUICE_PG_BIN");
    g_assert_cmpint(g_unlink(file), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pg/server/life", test_life);
    g_test_add_func("/pg/server/replica", test_replica);
    g_test_add_func("/pg/server/refused", test_refused);
    return g_test_run();
}
