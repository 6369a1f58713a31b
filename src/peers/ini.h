/*
 * peers/ini.h - a section of a file of `key = value` lines: alembic.ini, sqitch.conf, and what a
 * pyproject.toml says in the same form. Private to the room.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* char * -> char *: the keys of `[section]`, quotes and comments gone, lines that go on joined with
 * a newline, %(here)s replaced by the file's folder. Empty if there is no such section or file.
 * Caller owns. */
GHashTable *ini_read(const char *path, const char *section);
