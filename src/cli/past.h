/*
 * cli/past.h - what the ledger tells of the past: when each phase of each revision ran, who ran it.
 */
#pragma once

#include "cli/command.h"
#include "revision/revision.h"

/* Prints it, the latest first; only of @revisions (const Revision *) unless that is NULL. */
bool past_print(const App *app, const GPtrArray *revisions, GError **error);
