/*
 * cli/command.h - the command table: one row a command, one file `cmd-<name>.c` each.
 *
 * A row declares its options and what it needs; the parser, --help, completion, docs/cli.md and the
 * man page are made from it. Options are parsed into a struct on the caller's stack, no statics.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/report.h"
#include "cli/output.h"
#include "conf/settings.h"

typedef enum {
    NEED_SETTINGS = 1 << 0, /* app->settings */
    NEED_DATABASE = 1 << 1, /* settings, with a database URL */
} CommandNeeds;

/* Handed to every command. */
typedef struct {
    Settings *settings; /* NULL unless needed */
    const Clock *clock;
    const Report
        *report;    /* lines and progress on stderr (JSON lines on stderr with --format json) */
    Output *output; /* the result, on stdout */
    bool verbose;
} App;

typedef enum { ARG_FLAG, ARG_TEXT, ARG_INT, ARG_DURATION } ArgType;

typedef struct {
    const char *name; /* "dry-run" */
    char letter;      /* 0: none */
    ArgType type;
    size_t offset; /* in the command's own options struct: bool, const char *, gint64, gint64 ms */
    const char *value; /* "N", "REV": NULL for a flag */
    const char *help;
} ArgSpec;

typedef struct {
    const char *group;   /* heading: "Revisions", "Applying", .. */
    const char *name;    /* "upgrade", "backfill run" (two words: a sub-command) */
    const char *summary; /* one line, imperative, no full stop */
    const char *usage;   /* positional arguments: "[TARGET]"; "" for none */
    const char *details; /* a paragraph for --help; may be NULL */
    const char *example; /* one or more lines for --help */
    const ArgSpec *args; /* NULL-name-ended; may be NULL */
    size_t args_size;    /* sizeof the options struct */
    unsigned needs;
    /* @options: args_size bytes, filled. @words: the positional arguments, NULL-ended. */
    bool (*run)(App *app, void *options, const char *const *words, GError **error);
} Command;

/* All commands (commands.c), in order of their groups; NULL-name-ended. */
extern const Command *const commands[];
