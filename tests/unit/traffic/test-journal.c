#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "traffic/journal.h"

typedef struct {
    char *home;
    Settings settings;
    Journal *journal;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    fixture->settings.folder = (char *) "/srv/notes";
    fixture->settings.file = (char *) "/srv/notes/sluice.yaml";
    fixture->journal = journal_new(&fixture->settings, &clock_system);
    g_assert_nonnull(strstr(journal_path(fixture->journal), g_get_user_state_dir()));
    g_unlink(journal_path(fixture->journal));
}

static void
tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *folder = g_path_get_dirname(journal_path(fixture->journal));

    g_unlink(journal_path(fixture->journal));
    g_rmdir(folder);
    journal_free(fixture->journal);
}

static void
append(Fixture *fixture, const char *release, const char *action)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(journal_append(fixture->journal, release, action, 5, &error));
    g_assert_no_error(error);
}

/* What a crash in the middle of a write leaves. */
static void
tear_last_line(Fixture *fixture)
{
    g_autofree char *text = NULL;
    gsize length;

    g_assert_true(g_file_get_contents(journal_path(fixture->journal), &text, &length, NULL));
    g_assert_cmpint(truncate(journal_path(fixture->journal), (off_t) length - 7), ==, 0);
}

static size_t
count_unreported(Fixture *fixture, gint64 *ret_mark)
{
    g_autoptr(json_t) lines = journal_unreported(fixture->journal, ret_mark);

    return json_array_size(lines);
}

static void
test_abort_and_resume(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_false(journal_is_aborted(fixture->journal, "2.0"));
    append(fixture, "2.0", "set");
    append(fixture, "2.0", "abort");
    append(fixture, "2.0", "drain");
    g_assert_true(journal_is_aborted(fixture->journal, "2.0"));
    g_assert_false(journal_is_aborted(fixture->journal, "3.0"));
    append(fixture, "2.0", "resume");
    g_assert_false(journal_is_aborted(fixture->journal, "2.0"));
}

static void
test_lines_hold_what_was_done(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(json_t) lines = NULL;
    json_t *line;
    gint64 mark;
    const char *at, *release, *action;
    int percent;

    append(fixture, "2.0", "set");
    lines = journal_unreported(fixture->journal, &mark);
    line = json_array_get(lines, 0);
    g_assert_cmpint(json_unpack(line, "{s:s, s:s, s:s, s:i!}", "at", &at, "release", &release,
                                "action", &action, "percent", &percent),
                    ==, 0);
    g_assert_cmpstr(release, ==, "2.0");
    g_assert_cmpstr(action, ==, "set");
    g_assert_cmpint(percent, ==, 5);
    g_assert_cmpuint(strlen(at), ==, strlen("2026-11-21T20:53:02.123Z"));
}

static void
test_reported_lines_are_not_told_twice(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    gint64 mark = 0;

    append(fixture, "2.0", "set");
    append(fixture, "2.0", "confirmed");
    g_assert_cmpuint(count_unreported(fixture, &mark), ==, 2);
    append(fixture, "2.0", "abort");
    g_assert_true(journal_reported(fixture->journal, mark, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(count_unreported(fixture, &mark), ==, 1);
    g_assert_true(journal_reported(fixture->journal, mark, &error));
    g_assert_cmpuint(count_unreported(fixture, &mark), ==, 0);
    g_assert_true(journal_is_aborted(fixture->journal, "2.0"));
}

static void
test_torn_line(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    gint64 mark;

    append(fixture, "2.0", "abort");
    append(fixture, "2.0", "resume");
    tear_last_line(fixture);
    g_assert_true(journal_is_aborted(fixture->journal, "2.0"));
    g_assert_cmpuint(count_unreported(fixture, &mark), ==, 1);
    append(fixture, "2.0", "drain");
    append(fixture, "2.0", "resume");
    g_assert_false(journal_is_aborted(fixture->journal, "2.0"));
    g_assert_cmpuint(count_unreported(fixture, &mark), ==, 3);
}

static void
limit_files(rlim_t size)
{
    struct rlimit limit;

    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
    limit.rlim_cur = size;
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

/* A file that may not grow stands for a disk that is full: a part of the line is written, the rest
 * is refused. Nothing that was there before is lost, and it goes on once there is space. */
static void
test_full_disk(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) probe_error = NULL;
    GStatBuf about;

    append(fixture, "2.0", "abort");
    g_assert_cmpint(g_stat(journal_path(fixture->journal), &about), ==, 0);
    signal(SIGXFSZ, SIG_IGN);
    limit_files((rlim_t) about.st_size + 10);
    g_assert_false(journal_append(fixture->journal, "2.0", "resume", 5, &error));
    g_assert_false(journal_is_writable(fixture->journal, &probe_error));
    limit_files(RLIM_INFINITY);

    g_assert_true(error_is(error, ERROR_STATE));
    g_assert_nonnull(strstr(error->message, journal_path(fixture->journal)));
    g_assert_nonnull(strstr(error_get_hint(error), "XDG_STATE_HOME"));
    g_assert_true(error_is(probe_error, ERROR_STATE));
    g_assert_true(journal_is_aborted(fixture->journal, "2.0"));
    append(fixture, "2.0", "resume");
    g_assert_false(journal_is_aborted(fixture->journal, "2.0"));
    g_clear_error(&error);
    g_assert_true(journal_is_writable(fixture->journal, &error));
}

int
main(int argc, char **argv)
{
    g_autofree char *home = g_dir_make_tmp("sluice-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(home, "sluice", NULL);
    int status;

    g_setenv("XDG_STATE_HOME", home, TRUE);
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/journal/" name, Fixture, NULL, set_up, function, tear_down)
    ADD("abort-and-resume", test_abort_and_resume);
    ADD("lines", test_lines_hold_what_was_done);
    ADD("reported", test_reported_lines_are_not_told_twice);
    ADD("torn-line", test_torn_line);
    ADD("full-disk", test_full_disk);
#undef ADD
    status = g_test_run();
    g_rmdir(folder);
    g_rmdir(home);
    return status;
}
