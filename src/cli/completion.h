/*
 * cli/completion.h - completion scripts of shells, made from the command table and the options.
 */
#pragma once

/* Each returns a script that the caller owns. */
char *completion_bash(void);
char *completion_fish(void);
char *completion_zsh(void);
