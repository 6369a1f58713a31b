/*
 * fleet/fleet.h - the instances of notes-api on this machine: two a version, each with its port.
 *
 * Described by a JSON file, {"run": folder, "logs": folder, "database": URL, "versions": {"1.0":
 * {"program": path, "ports": [8081, 8082]}, ..}}. Which instance runs is asked of its pid file in
 * the run folder and of /proc, so that every operation can be repeated, by whoever knows the file.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Fleet Fleet;

/* Errors: domain G_FILE_ERROR. */
Fleet *fleet_load(const char *path, GError **error);
void fleet_free(Fleet *fleet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fleet, fleet_free)

/* Starts each instance of version @name that does not run; does not wait until it is ready. */
bool fleet_start(Fleet *fleet, const char *name, GError **error);
/* Do all instances answer 200 to @path ("/readyz")? */
bool fleet_answers(Fleet *fleet, const char *name, const char *path);
/* SIGTERM to each that runs, then waits until all have drained and ended; those that have not after
 * @timeout_ms are killed, and it is an error. */
bool fleet_stop(Fleet *fleet, const char *name, gint64 timeout_ms, GError **error);
guint fleet_count_running(Fleet *fleet, const char *name);
