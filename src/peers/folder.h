/*
 * peers/folder.h - the files of another tool's folder. Private to the room.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Paths of the files of @folder whose names match @pattern (a regular expression), sorted by
 * version: runs of digits compare as numbers. @recursive: those of its folders too. Element-type
 * char *. ERROR_CONFIG: no such folder. Caller owns. */
GPtrArray *folder_list(const char *folder, const char *pattern, bool recursive, GError **error);
/* The first of @names (NULL-ended) that is in @folder, with its path; NULL: none. Caller owns. */
char *folder_find(const char *folder, const char *const *names);
/* -1, 0, 1: "2" before "10", "1.2" before "1.10"; '_' and '.' separate alike. */
int folder_compare_versions(const char *a, const char *b);
/* "20261121205302" as "2026-11-21T20:53:02Z"; NULL if it is no time. Caller owns. */
char *folder_version_time(const char *version);
/* "create_users" as "create users". Caller owns. */
char *folder_title(const char *slug);
