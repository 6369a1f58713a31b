/*
 * A private folder of revision files, written from a line each.
 */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>

typedef char Folder;

static inline void
remove_folder(Folder *folder)
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

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Folder, remove_folder)

static inline void
add_file(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* "id:parent,parent !requirement,requirement @label,label"; the file is named after the id. */
static inline void
add_revision(const char *folder, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    g_auto(GStrv) parts = g_strsplit(words[0], ":", 2);
    g_autofree char *name = g_strdup_printf("%s.sql", parts[0]);
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, "-- Revision: %s\n-- Revises: %s\n", parts[0],
                           parts[1] ? parts[1] : "");
    for (char **word = words + 1; *word; word++) {
        g_auto(GStrv) names = g_strsplit(*word + 1, ",", -1);
        for (char **each = names; *each; each++)
            g_string_append_printf(text, "-- %s: %s\n", **word == '!' ? "Requires" : "Branch",
                                   *each);
    }
    g_string_append(text, "\n-- sluice: expand\nSELECT 1;\n");
    add_file(folder, name, text->str);
}

/* @lines: NULL-ended. Caller owns. */
static inline Folder *
folder_of(const char *const *lines)
{
    char *folder = g_dir_make_tmp("sluice-graph-XXXXXX", NULL);

    g_assert_nonnull(folder);
    for (; *lines; lines++)
        add_revision(folder, *lines);
    return folder;
}
