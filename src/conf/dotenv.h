/*
 * conf/dotenv.h - private to conf: a .env file, KEY=VALUE a line.
 */
#pragma once

#include <glib.h>

/* Name -> value, both owned by the table; empty if @path does not exist. Accepted: blank lines,
 * `# comments`, `export KEY=VALUE`, values in single or double quotes (\n, \", \\ in the latter), a
 * comment behind an unquoted value. Nothing is expanded. ERROR_CONFIG with file:line. */
GHashTable *dotenv_read(const char *path, GError **error);
