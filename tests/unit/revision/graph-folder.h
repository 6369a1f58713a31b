/*
 * A private folder of revision files, written from a line each.
 */
#pragma once

#include "temp-folder.h"

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
    temp_folder_add(folder, name, text->str);
}

/* @lines: NULL-ended. Caller owns. */
static inline TempFolder *
folder_of(const char *const *lines)
{
    TempFolder *folder = temp_folder_new();

    for (; *lines; lines++)
        add_revision(folder, *lines);
    return folder;
}
