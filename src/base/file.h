/*
 * base/file.h - whole files: read, and replace so that a crash leaves the old or the new one.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The file's text, or NULL with ERROR_CONFIG. Refuses one over 64 MB or with a NUL byte. Caller
 * owns. */
char *file_read(const char *path, GError **error);
/* The same of a file that may be UTF-16, with its mark at the beginning, too: as UTF-8. */
char *file_read_converted(const char *path, bool *ret_converted, GError **error) G_GNUC_MALLOC;
/* Writes a temporary file beside @path, fsyncs it, renames it over @path, fsyncs the folder.
 * The file keeps its mode; a new one has 0600. Folders above are made with mode 0700 if missing. */
bool file_replace(const char *path, const char *text, GError **error);
/* Creates @path, which must not exist (ERROR_STATE if it does). */
bool file_create(const char *path, const char *text, GError **error);
/* Appends @line and a newline in one write and fsyncs; creates file and folders (0700). */
bool file_append_line(const char *path, const char *line, GError **error);
/* Like mkdir -p. */
bool file_make_folder(const char *path, int mode, GError **error);
