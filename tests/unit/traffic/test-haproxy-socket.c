#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "traffic/haproxy-socket.h"

static void
test_empty_reply_is_success(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(haproxy_check_reply("", "backend 'app'", &error));
    g_assert_no_error(error);
}

typedef struct {
    const char *reply, *hint;
} Case;

static void
test_replies_have_a_next_step(void)
{
    static const Case cases[] = {
        {"No such backend.", "traffic.backend"},
        {"No such proxy.", "traffic.backend"},
        {"Can't find backend.", "traffic.backend"},
        {"No such server.", "traffic.stable"},
        {"Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.",
         "roundrobin"},
        {"Permission denied", "level admin"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(haproxy_check_reply(cases[i].reply, "backend 'app'", &error));
        g_assert_true(error_is(error, ERROR_CONFIG));
        g_assert_nonnull(strstr(error->message, cases[i].reply));
        g_assert_nonnull(strstr(error->message, "backend 'app'"));
        g_assert_nonnull(strstr(error_get_hint(error), cases[i].hint));
    }
}

static void
test_only_the_first_line_is_told(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(haproxy_check_reply("Unknown command.\n  help\n  quit", "it", &error));
    g_assert_cmpstr(error->message, ==, "HAProxy refused, for it: Unknown command.");
}

static void
test_no_socket(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(haproxy_ask("/nonexistent/a.sock", &clock_system, "show info", &error));
    g_assert_true(error_is(error, ERROR_CONNECTION));
    g_assert_nonnull(strstr(error->message, "/nonexistent/a.sock"));
    g_assert_nonnull(strstr(error_get_hint(error), "traffic.socket"));
}

static void
test_too_long_path(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_strnfill(200, 'x');

    g_assert_null(haproxy_ask(path, &clock_system, "show info", &error));
    g_assert_true(error_is(error, ERROR_CONFIG));
}

/* A listener that takes the connection and says nothing: given up after the deadline. */
static void
test_silence_has_a_deadline(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("sluice-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "a.sock", NULL);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const gint64 begun = g_get_monotonic_time();

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    g_assert_cmpint(bind(fd, (struct sockaddr *) &address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    g_assert_null(haproxy_ask(path, &clock_system, "show info", &error));
    g_assert_true(error_is(error, ERROR_CONNECTION));
    g_assert_nonnull(strstr(error->message, "2 s"));
    g_assert_cmpint(g_get_monotonic_time() - begun, >=, 1900000);
    close(fd);
    g_unlink(path);
    g_rmdir(folder);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/haproxy-socket/empty-reply", test_empty_reply_is_success);
    g_test_add_func("/haproxy-socket/replies", test_replies_have_a_next_step);
    g_test_add_func("/haproxy-socket/first-line", test_only_the_first_line_is_told);
    g_test_add_func("/haproxy-socket/no-socket", test_no_socket);
    g_test_add_func("/haproxy-socket/too-long-path", test_too_long_path);
    g_test_add_func("/haproxy-socket/silence", test_silence_has_a_deadline);
    return g_test_run();
}
