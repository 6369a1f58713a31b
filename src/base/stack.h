/*
 * base/stack.h - work on a stack that is large enough for it.
 *
 * The threads that own those stacks stay when their work is done and serve whoever comes next, of
 * any thread: libpg_query takes one of the 1,024 thread-specific keys of a process for each thread
 * that parses, and never gives it back.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef void (*StackWork)(void *data);

/* Does @work(@data) on a stack of @size bytes or more, within reason, and waits until it is done.
 * False: there is no memory for such a stack. */
bool stack_run(gsize size, StackWork work, void *data, GError **error);
