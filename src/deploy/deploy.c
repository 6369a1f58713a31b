#include "deploy/deploy.h"

#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/stop.h"
#include "base/text.h"
#include "deploy/driver.h"

enum { POLL_FIRST_MS = 50, POLL_MOST_MS = 1000 };

static const DeployDriver *const drivers[] = {
    &deploy_exec,
};

struct Deploy {
    const DeployDriver *driver;
    const Settings *settings;
    const Clock *clock;
};

static const DeployDriver *
find_driver(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(drivers); i++)
        if (strcmp(drivers[i]->name, name) == 0)
            return drivers[i];
    return NULL;
}

Deploy *
deploy_new(const Settings *settings, const Clock *clock, GError **error)
{
    const char *name = settings->deploy_driver ? settings->deploy_driver : deploy_exec.name;
    const DeployDriver *driver = find_driver(name);
    Deploy *deploy;

    if (driver == NULL) {
        error_set(error, ERROR_CONFIG, "unknown deploy.driver '%s'", name);
        error_hint(error, "Set it to 'exec'.");
        return NULL;
    }
    if (!driver->check(settings, error))
        return NULL;
    deploy = g_new0(Deploy, 1);
    *deploy = (Deploy){.driver = driver, .settings = settings, .clock = clock};
    return deploy;
}

void
deploy_free(Deploy *deploy)
{
    g_free(deploy);
}

/* @ret_reason: why it is not ready. */
static bool
ask_ready(Deploy *deploy, const char *version, gint64 timeout_ms, bool *ret_ready,
          char **ret_reason, GError **error)
{
    g_autoptr(GError) cause = NULL;

    *ret_ready = deploy->driver->ready(deploy->settings, version, timeout_ms, &cause);
    if (*ret_ready || error_is(cause, ERROR_STATE)) {
        g_free(*ret_reason);
        *ret_reason = *ret_ready ? NULL : g_strdup(cause->message);
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

bool
deploy_is_ready(Deploy *deploy, const char *version, bool *ret_ready, GError **error)
{
    g_autofree char *reason = NULL;

    return ask_ready(deploy, version, deploy->settings->deploy_timeout_ms, ret_ready, &reason,
                     error);
}

static bool
fail_late(Deploy *deploy, const char *version, bool wanted, const char *reason, GError **error)
{
    const char *app = deploy->settings->app_name;
    g_autofree char *limit = text_format_duration_ms(deploy->settings->deploy_timeout_ms);

    if (wanted)
        error_set(error, ERROR_STATE, "%s %s is not ready after %s: %s", app ? app : "version",
                  version, limit, reason);
    else
        error_set(error, ERROR_STATE, "%s %s still answers %s after it was stopped",
                  app ? app : "version", version, limit);
    return error_hint(error, "Look at its own log; deploy.timeout says how long to wait.");
}

/* Until it is ready, or not ready any more, as @wanted says. */
static bool
wait_until(Deploy *deploy, const char *version, bool wanted, gint64 deadline, GError **error)
{
    g_autofree char *reason = NULL;
    gint64 pause = POLL_FIRST_MS;

    for (;;) {
        const gint64 left = MAX(deadline - clock_now_ms(deploy->clock), POLL_MOST_MS);
        bool ready;

        if (!ask_ready(deploy, version, left, &ready, &reason, error))
            return false;
        if (ready == wanted)
            return true;
        if (!stop_check(error))
            return false;
        if (clock_now_ms(deploy->clock) >= deadline)
            return fail_late(deploy, version, wanted, reason, error);
        clock_sleep_ms(deploy->clock, pause);
        pause = MIN(pause * 2, POLL_MOST_MS);
    }
}

bool
deploy_start(Deploy *deploy, const char *version, GError **error)
{
    const gint64 limit = deploy->settings->deploy_timeout_ms;
    const gint64 deadline = clock_now_ms(deploy->clock) + limit;
    bool ready;

    if (!deploy_is_ready(deploy, version, &ready, error))
        return false;
    if (ready)
        return true;
    FAULT_POINT("deploy-before-start");
    if (!deploy->driver->start(deploy->settings, version, limit, error))
        return false;
    FAULT_POINT("deploy-after-start");
    return wait_until(deploy, version, true, deadline, error);
}

bool
deploy_stop(Deploy *deploy, const char *version, GError **error)
{
    const gint64 limit = deploy->settings->deploy_timeout_ms;
    const gint64 deadline = clock_now_ms(deploy->clock) + limit;

    FAULT_POINT("deploy-before-stop");
    if (!deploy->driver->stop(deploy->settings, version, limit, error))
        return false;
    FAULT_POINT("deploy-after-stop");
    return wait_until(deploy, version, false, deadline, error);
}
