#include <string.h>

#include "base/error.h"
#include "base/proc.h"

static void
test_output_and_environment(void)
{
    static const char *const extra[] = {"GREETING=hello there", "EMPTY=", NULL};
    g_autofree char *output = NULL;

    g_assert_true(proc_run_shell("echo \"$GREETING\"; echo \"<$EMPTY>\" >&2; exit 0", NULL, extra,
                                 10000, &output, NULL));
    g_assert_cmpstr(output, ==, "hello there\n<>\n");
}

static void
assert_fails(const char *command, gint64 timeout_ms, const char *begin, const char *end)
{
    g_autoptr(GError) failure = NULL;

    g_assert_false(proc_run_shell(command, NULL, NULL, timeout_ms, NULL, &failure));
    g_assert_true(error_is(failure, ERROR_STATE));
    g_assert_nonnull(strstr(failure->message, begin));
    g_assert_true(g_str_has_suffix(failure->message, end));
}

static void
test_failures(void)
{
    assert_fails("echo first; echo reason; exit 3", 10000, "ended with status 3", ": reason");
    assert_fails("kill -TERM $$", 10000, "was ended by signal 15", "15");
}

static void
test_folder(void)
{
    g_autofree char *output = NULL;

    g_assert_true(proc_run_shell("pwd", "/usr", NULL, 10000, &output, NULL));
    g_assert_cmpstr(output, ==, "/usr\n");
}

static void
test_missing_program(void)
{
    static const char *const argv[] = {"/no/such/program", "x", NULL};
    g_autoptr(GError) failure = NULL;

    g_assert_false(proc_run(argv, NULL, 10000, NULL, &failure));
    g_assert_true(error_is(failure, ERROR_STATE));
    g_assert_nonnull(strstr(failure->message, "cannot run '/no/such/program x'"));
}

/* The whole process group ends with the deadline, not the shell alone. */
static void
test_deadline(void)
{
    const gint64 started = g_get_monotonic_time();

    assert_fails("sleep 60 & echo begun; wait", 200, "did not end in time", ": begun");
    g_assert_cmpint(g_get_monotonic_time() - started, <, 20 * G_TIME_SPAN_SECOND);
}

/* A server that a start command leaves behind keeps the pipe open; that must not hold us. */
static void
test_daemon_left_behind(void)
{
    g_autofree char *output = NULL;
    const gint64 started = g_get_monotonic_time();

    g_assert_true(proc_run_shell("sleep 20 & echo $!", NULL, NULL, 60000, &output, NULL));
    g_assert_cmpint(g_get_monotonic_time() - started, <, 15 * G_TIME_SPAN_SECOND);
    g_autofree char *stop = g_strdup_printf("kill %s", g_strchomp(output));
    g_assert_true(proc_run_shell(stop, NULL, NULL, 10000, NULL, NULL));
}

static void
test_long_output(void)
{
    g_autofree char *output = NULL;

    g_assert_true(proc_run_shell(
        "i=0; while [ $i -lt 2000 ]; do echo 0123456789012345678901234567890123456789;"
        " i=$((i+1)); done",
        NULL, NULL, 60000, &output, NULL));
    g_assert_cmpuint(strlen(output), ==, 2000 * 41);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proc/output-and-environment", test_output_and_environment);
    g_test_add_func("/proc/failures", test_failures);
    g_test_add_func("/proc/folder", test_folder);
    g_test_add_func("/proc/missing-program", test_missing_program);
    g_test_add_func("/proc/deadline", test_deadline);
    g_test_add_func("/proc/daemon-left-behind", test_daemon_left_behind);
    g_test_add_func("/proc/long-output", test_long_output);
    return g_test_run();
}
