/* Shell commands of the user's, with the version in their environment. */

#include "base/error.h"
#include "base/proc.h"
#include "deploy/driver.h"

static bool
exec_check(const Settings *settings, GError **error)
{
    const struct {
        const char *key, *command;
    } needed[] = {
        {"deploy.start", settings->deploy_start},
        {"deploy.ready", settings->deploy_ready},
        {"deploy.stop", settings->deploy_stop},
    };

    for (guint i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (needed[i].command != NULL)
            continue;
        error_set(error, ERROR_CONFIG, "%s is not set", needed[i].key);
        return error_hint(error, "Set it to a shell command; SLUICE_APP and SLUICE_VERSION are in "
                                 "its environment.");
    }
    return true;
}

static bool
run(const Settings *settings, const char *command, const char *version, gint64 timeout_ms,
    GError **error)
{
    g_autofree char *app =
        g_strdup_printf("SLUICE_APP=%s", settings->app_name ? settings->app_name : "");
    g_autofree char *variable = g_strdup_printf("SLUICE_VERSION=%s", version);
    const char *const env[] = {app, variable, NULL};

    return proc_run_shell(command, settings->folder, env, timeout_ms, NULL, error);
}

static bool
exec_ready(const Settings *settings, const char *version, gint64 timeout_ms, GError **error)
{
    return run(settings, settings->deploy_ready, version, timeout_ms, error);
}

static bool
exec_start(const Settings *settings, const char *version, gint64 timeout_ms, GError **error)
{
    return run(settings, settings->deploy_start, version, timeout_ms, error);
}

static bool
exec_stop(const Settings *settings, const char *version, gint64 timeout_ms, GError **error)
{
    return run(settings, settings->deploy_stop, version, timeout_ms, error);
}

const DeployDriver deploy_exec = {
    .name = "exec",
    .check = exec_check,
    .ready = exec_ready,
    .start = exec_start,
    .stop = exec_stop,
};
