/*
 * peers/sections.h - SQL files whose way up and way down stand in one file, under comments.
 * Private to the room.
 */
#pragma once

#include "peers/history.h"

typedef struct {
    const char *up; /* behind "-- ": "migrate:up" */
    const char *down;
    const char *no_transaction; /* on the marker's line, or a line `-- +goose NO TRANSACTION` */
} SectionWords;

/* Adds the revision of the file `<version>_<name>.sql` at @path. Several pairs run up in order, and
 * down in the reverse. What stands before the first marker is noted. */
bool sections_import(const char *path, const SectionWords *words, History *history, GError **error);
/* True if @text has a line `-- <word>..`. */
bool sections_has(const char *text, const char *word);
/* A revision for the file at @path, its name cut into version, '_' or '-' and title; @suffix is
 * what the name ends with. Borrowed. */
PeerRevision *sections_add_file(History *history, const char *path, const char *suffix);
