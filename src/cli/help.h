/*
 * cli/help.h - help texts, made from the command table.
 */
#pragma once

#include "cli/command.h"

/* All commands by groups, the global options, exit statuses. Caller owns. */
char *help_overview(void);
/* One command: usage, what it does, options, example. Caller owns. */
char *help_command(const Command *command);
/* The sub-commands of "backfill". Caller owns. */
char *help_family(const char *family);

/* The options of sluice.yaml, with their defaults. Caller owns. */
char *help_settings(void);

/* "--workers N", "-m, --message TEXT". Caller owns. */
char *help_option_form(const ArgSpec *spec);
/* "sluice show [OPTIONS] REV". Caller owns. */
char *help_usage(const Command *command);

typedef struct {
    int status;
    const char *meaning;
} HelpStatus;
/* NULL-meaning-ended. */
extern const HelpStatus help_statuses[];
