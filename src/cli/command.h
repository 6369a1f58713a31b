/*
 * cli/command.h - the command table: one row a command; `cmd-<first word>.c` holds it and its
 * family, or `cmd-<first word>-<what these do>.c` some of a large one.
 *
 * A row declares its options and what it needs; the parser, --help, completion, docs/cli.md and the
 * man page are made from it. Options are parsed into a struct on the caller's stack, no statics.
 *
 * To add a command: define `const Command command_backfill_run` in cmd-backfill.c, a line in
 * commands.def, and the file in meson.build.
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
    /* lines and progress on stderr (JSON lines on stderr with --format json) */
    const Report *report;
    Output *output;     /* the result, on stdout */
    const char *format; /* of the result, as asked for; NULL: text */
    bool verbose;
} App;

/* What an option is, and what it is parsed into. */
typedef enum {
    ARG_FLAG,     /* bool */
    ARG_COUNT,    /* int: how often it was given */
    ARG_TEXT,     /* const char *, borrowed; NULL if not given */
    ARG_INT,      /* gint64, not negative; 0 if not given */
    ARG_DURATION, /* gint64, milliseconds; 0 if not given */
    ARG_LIST,     /* GPtrArray * of const char *: may be given often; NULL if not given; the parser
                     owns it */
} ArgType;

typedef struct {
    const char *name; /* "dry-run" */
    char letter;      /* 0: none */
    ArgType type;
    size_t offset;     /* in the command's own options struct */
    const char *value; /* "N", "REV"; "text|json": only these; NULL for a flag */
    const char *help;  /* no full stop */
} ArgSpec;

typedef struct {
    const char *group;   /* heading: "Revisions", "Applying", ..; NULL: hidden */
    const char *name;    /* "upgrade", "backfill run" (two words: a sub-command) */
    const char *summary; /* one line, imperative, no full stop */
    /* Positional arguments: "REV", "[TARGET]", "cutover|contract" (only these), "[COMMAND]..."; ""
     * for none. Their number and choices are checked before run. */
    const char *usage;
    const char *details; /* a paragraph for --help; may be NULL */
    const char *example; /* one or more lines for --help */
    const ArgSpec *args; /* NULL-name-ended; may be NULL */
    size_t args_size;    /* sizeof the options struct */
    unsigned needs;
    const char *formats; /* values of --format that it has beside the others: "sarif|junit"; NULL */
    bool many; /* works on all that `databases:` names too; others want one to be picked */
    /* @options: args_size bytes, filled. @words: the positional arguments, NULL-ended. */
    bool (*run)(App *app, void *options, const char *const *words, GError **error);
} Command;

/* All commands (commands.def), in order of their groups; NULL-ended. */
extern const Command *const commands[];

#define COMMAND(name) extern const Command command_##name;
#include "cli/commands.def"
#undef COMMAND

/* The command of that name ("backfill run"), or NULL. */
const Command *command_find(const char *name);
/* True if there are commands of two words whose first is @word. */
bool command_is_family(const char *word);
/* Names of all commands of @family, or if that is NULL of all that are not hidden. NULL-ended;
 * element-type const char *. Caller owns the container. */
GPtrArray *command_names(const char *family);
