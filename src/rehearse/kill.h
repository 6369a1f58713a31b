/*
 * rehearse/kill.h - a phase whose process is killed on the way, and run again.
 */
#pragma once

#include "rehearse/copy.h"

/* Runs @phase of @revision in the database at @url, in a child process that SIGKILL ends ever
 * later, until one gets through. Adds to *@kills how many did not. *@ret_problem: why it could not
 * be run again (caller owns); NULL: it is done. */
bool kill_run_phase(Copy *copy, const char *url, const Revision *revision, const char *phase,
                    guint *kills, char **ret_problem, GError **error);
