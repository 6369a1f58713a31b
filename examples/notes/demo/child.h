/*
 * demo/child.h - a program that the demo runs: its lines, its end, its memory.
 *
 * Each is the leader of its own process group, so that Ctrl-C reaches the demo alone, which then
 * stops what it started, by pid; and each gets a SIGTERM if the demo dies.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct Child Child;

/* Called from a thread of the child's, for each line of its standard output and error. */
typedef void (*ChildLine)(void *data, const char *name, const char *line);

/* @name (static text) is handed to @on_line. @extra_env: "NAME=value", NULL-ended, may be NULL. */
Child *child_start(const char *name, const char *const *argv, const char *const *extra_env,
                   ChildLine on_line, void *data, GError **error);
/* Ends it (SIGTERM, then SIGKILL after 10 s) if it still runs. */
void child_free(Child *child);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Child, child_free)

/* A line to its standard input; nothing if it does not read any more. */
void child_tell(Child *child, const char *line);
void child_signal(Child *child, int number);
/* Has it ended? *@ret_status: its exit status, or 128 + the signal that ended it. */
bool child_has_ended(Child *child, int *ret_status);
/* Waits until it has, at most @timeout_ms. */
bool child_wait(Child *child, gint64 timeout_ms, int *ret_status);
/* Largest resident size, in MB, once it has ended. */
double child_max_rss_mb(const Child *child);
