/*
 * base/proc.h - run a command of the user's, or a server's binary, with a deadline.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Runs @argv (NULL-ended) with @extra_env ("NAME=value", NULL-ended, may be NULL) added to our
 * environment; waits at most @timeout_ms (0: no limit), then kills its process group. *@ret_output
 * (may be NULL) gets its standard output and error. False with ERROR_STATE if it could not be
 * started, timed out, or ended with another status than 0; the message names the command and the
 * status and ends with the last line it printed. */
bool proc_run(const char *const *argv, const char *const *extra_env, gint64 timeout_ms,
              char **ret_output, GError **error);

/* The same as another user of the machine (which only root can become), with its groups, in folder
 * "/"; NULL: as ourselves. */
bool proc_run_as(const char *user, const char *const *argv, const char *const *extra_env,
                 gint64 timeout_ms, char **ret_output, GError **error);

/* The same for a shell command line, as a user writes it in the configuration (/bin/sh -c), run in
 * @folder (NULL: ours). */
bool proc_run_shell(const char *command, const char *folder, const char *const *extra_env,
                    gint64 timeout_ms, char **ret_output, GError **error);
