/* traffic-tool set PERCENT | drain POOL | take-out POOL | put-back POOL
 *
 * What a rollout does with the router, one call at a time, with the sluice.yaml of the working
 * folder. No command of sluice offers this: it would go past the rollout. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "traffic/traffic.h"

typedef bool (*PoolCall)(Traffic *traffic, Pool pool, GError **error);

static bool
call_pool(Traffic *traffic, const char *what, const char *name, GError **error)
{
    const Pool pool = strcmp(name, "stable") == 0 ? POOL_STABLE : POOL_CANARY;
    const PoolCall call = strcmp(what, "drain") == 0      ? traffic_drain
                          : strcmp(what, "take-out") == 0 ? traffic_take_out
                                                          : traffic_put_back;

    return call(traffic, pool, error);
}

static bool
run(const char *what, const char *argument, GError **error)
{
    g_autoptr(Settings) settings = settings_load(NULL, error);
    g_autoptr(Traffic) traffic = settings ? traffic_new(settings, &clock_system, error) : NULL;

    if (traffic == NULL)
        return false;
    if (strcmp(what, "set") == 0)
        return traffic_set(traffic, atoi(argument), NULL, error);
    return call_pool(traffic, what, argument, error);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    if (argc != 3)
        return ERROR_USAGE;
    if (run(argv[1], argv[2], &error))
        return 0;
    fprintf(stderr, "error: %s\nhint: %s\n", error->message,
            error_get_hint(error) ? error_get_hint(error) : "");
    return error_exit_status(error);
}
