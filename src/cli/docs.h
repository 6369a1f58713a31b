/*
 * cli/docs.h - reference pages, made from the command table and the options.
 *
 * The files under docs/ and man/ are these texts; a test compares them.
 */
#pragma once

char *docs_cli(void);           /* docs/cli.md. Caller owns, as of all. */
char *docs_configuration(void); /* docs/configuration.md */
char *docs_man(void);           /* man/sluice.1 */
