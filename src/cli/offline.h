/*
 * cli/offline.h - `--sql`: a script for psql in place of a connection.
 */
#pragma once

#include "cli/command.h"
#include "migrate/script.h"

/* Prints what @make makes of @range and @phases ("expand,backfill", "all"). */
bool offline_print(App *app, const char *range, const char *phases,
                   char *(*make)(const ScriptOptions *options, GError **error), GError **error);
