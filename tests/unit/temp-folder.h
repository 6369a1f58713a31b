/*
 * A private folder for a test's files, gone with all in it.
 */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>

typedef char TempFolder;

/* Caller owns. */
static inline TempFolder *
temp_folder_new(void)
{
    char *folder = g_dir_make_tmp("sluice-test-XXXXXX", NULL);

    g_assert_nonnull(folder);
    return folder;
}

/* The files in it and itself; a folder within it is a mistake of the test's. */
static inline void
temp_folder_remove(TempFolder *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_assert_cmpint(g_unlink(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_free(folder);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TempFolder, temp_folder_remove)

static inline void
temp_folder_add(const TempFolder *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}
