/*
 * notes-ctl - starts, asks and stops the instances of a version: what `deploy` runs.
 *
 *   NOTES_FLEET=fleet.json SLUICE_VERSION=2.0 notes-ctl start|ready|stop
 */
#include <glib.h>
#include <string.h>

#include "fleet/fleet.h"

enum { STOP_TIMEOUT_MS = 40 * 1000 };

static bool
run(Fleet *fleet, const char *action, const char *version, GError **error)
{
    if (strcmp(action, "start") == 0)
        return fleet_start(fleet, version, error);
    if (strcmp(action, "stop") == 0)
        return fleet_stop(fleet, version, STOP_TIMEOUT_MS, error);
    if (strcmp(action, "ready") != 0)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "unknown action '%s'", action);
    else if (!fleet_answers(fleet, version, "/readyz"))
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN, "version %s is not ready", version);
    else
        return true;
    return false;
}

int
main(int argc, char **argv)
{
    const char *path = g_getenv("NOTES_FLEET");
    const char *version = g_getenv("SLUICE_VERSION");
    g_autoptr(GError) error = NULL;
    g_autoptr(Fleet) fleet = NULL;

    if (argc != 2 || path == NULL || version == NULL) {
        g_printerr("usage: NOTES_FLEET=FILE SLUICE_VERSION=VERSION notes-ctl start|ready|stop\n");
        return 2;
    }
    fleet = fleet_load(path, &error);
    if (fleet && run(fleet, argv[1], version, &error))
        return 0;
    g_printerr("notes-ctl: %s\n", error->message);
    return 1;
}
