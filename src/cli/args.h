/*
 * cli/args.h - the command line -> global options, a command, its options and words.
 *
 * GNU conventions: `--name=value`, `--name value`, `-n value`, `-nvalue`, `-vv`, `--` ends the
 * options; global options may stand anywhere. "-1" is a word. An unknown option or command is
 * refused, with the nearest known one.
 */
#pragma once

#include "cli/command.h"

typedef struct {
    const char *config;
    const char *database;
    const char *format;
    GPtrArray *overrides; /* "KEY=VALUE"; may be NULL */
    int verbose;
    bool no_color;
    bool help;
    bool version;
} GlobalOptions;

extern const ArgSpec global_args[];

typedef struct {
    GlobalOptions globals;
    const Command *command; /* NULL: none was named */
    const char *family;     /* "backfill" where its sub-command is missing; else NULL */
    void *options;          /* the command's */
    GPtrArray *words;       /* NULL-ended */
} Invocation;

/* Fills @invocation, which invocation_clear() must release also after an error. ERROR_USAGE; the
 * global options are read to the end even then, so that the error can be shown as asked for.
 * Strings are borrowed from @argv. */
bool invocation_parse(Invocation *invocation, const char *const *argv, GError **error);
void invocation_clear(Invocation *invocation);

/* ERROR_USAGE if @url, given to @option, holds a password: arguments are readable by every user of
 * the machine, and stay in shell histories. The hint names @variable of the environment. */
bool args_check_url(const char *option, const char *variable, const char *url, GError **error);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Invocation, invocation_clear)
