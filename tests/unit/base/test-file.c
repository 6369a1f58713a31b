#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"

typedef struct {
    char *folder;
    char *path;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    fixture->folder = g_dir_make_tmp("sluice-file-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "a", NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_unlink(fixture->path);
    g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
    g_free(fixture->path);
    g_free(fixture->folder);
}

static void
assert_text(const Fixture *fixture, const char *expected)
{
    g_autofree char *text = file_read(fixture->path, NULL);

    g_assert_cmpstr(text, ==, expected);
}

static void
test_replace(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_true(file_replace(fixture->path, "one", NULL));
    assert_text(fixture, "one");
    g_assert_true(file_replace(fixture->path, "", NULL));
    assert_text(fixture, "");
}

/* A reader sees the old text or the new one: the file is another, not the same one rewritten. */
static void
test_replace_is_a_rename(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    struct stat before, after;

    g_assert_true(file_replace(fixture->path, "one", NULL));
    g_assert_cmpint(g_stat(fixture->path, &before), ==, 0);
    g_assert_true(file_replace(fixture->path, "two", NULL));
    g_assert_cmpint(g_stat(fixture->path, &after), ==, 0);
    g_assert_true(before.st_ino != after.st_ino);
    g_assert_cmpint(after.st_mode & 0777, ==, 0600);
}

static void
test_create(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) failure = NULL;

    g_assert_true(file_create(fixture->path, "one", NULL));
    g_assert_false(file_create(fixture->path, "two", &failure));
    g_assert_true(error_is(failure, ERROR_STATE));
    g_assert_nonnull(strstr(failure->message, fixture->path));
    assert_text(fixture, "one");
}

static void
test_append(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_true(file_append_line(fixture->path, "one", NULL));
    g_assert_true(file_append_line(fixture->path, "two", NULL));
    assert_text(fixture, "one\ntwo\n");
}

static void
test_unreadable(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) missing = NULL;
    g_autoptr(GError) binary = NULL;
    g_autoptr(GError) folder = NULL;

    g_assert_null(file_read(fixture->path, &missing));
    g_assert_true(error_is(missing, ERROR_CONFIG));
    g_assert_true(g_str_has_suffix(missing->message, "no such file"));
    g_assert_true(g_file_set_contents(fixture->path, "a\0b", 3, NULL));
    g_assert_null(file_read(fixture->path, &binary));
    g_assert_nonnull(strstr(binary->message, "NUL byte"));
    g_assert_null(file_read(fixture->folder, &folder));
    g_assert_true(error_is(folder, ERROR_CONFIG));
}

static void
test_full_disk(Fixture *fixture G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) failure = NULL;

    g_assert_false(file_append_line("/dev/full", "x", &failure));
    g_assert_nonnull(strstr(failure->message, "No space left"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/file/" name, Fixture, NULL, set_up, function, tear_down)
    ADD("replace", test_replace);
    ADD("replace-is-a-rename", test_replace_is_a_rename);
    ADD("create", test_create);
    ADD("append", test_append);
    ADD("unreadable", test_unreadable);
    ADD("full-disk", test_full_disk);
    return g_test_run();
}
