/*
 * base/stop.h - the one signal flag: SIGINT or SIGTERM asked the program to end at the next safe
 * point.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Installs the handlers; a second signal of the same kind ends the process at once. */
void stop_install(void);
bool stop_requested(void);
/* Sets ERROR_INTERRUPTED and returns false if a stop was requested; else returns true. */
bool stop_check(GError **error);
/* The stop was obeyed: from here on nothing is cut short, so that cleaning up may run programs. */
void stop_obeyed(void);
