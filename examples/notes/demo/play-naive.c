#include "base/error.h"
#include "demo/bystanders.h"
#include "demo/db.h"
#include "demo/loader.h"
#include "demo/play.h"
#include "demo/proxy.h"

enum {
    LOOK_US = 20 * 1000,
    BEFORE_US = 5 * 1000 * 1000,
    AFTER_US = 5 * 1000 * 1000,
    UP_TIMEOUT_US = 30 * 1000 * 1000
};

/* The usual pipeline: the migration job has ended well, now the app is deployed; then the load
 * balancer is switched over, all at once. */
static bool
deploy_new_version(Stage *stage, GError **error)
{
    static const char *const switches[] = {
        "set server notes/new1 weight 100", "set server notes/new2 weight 100",
        "set server notes/old1 state drain", "set server notes/old2 state drain"};
    const gint64 deadline = g_get_monotonic_time() + UP_TIMEOUT_US;
    ProxyState proxy = {0};

    if (!fleet_start(stage->fleet, "2.0", error))
        return false;
    while (proxy.new_up < 2) {
        if (!proxy_read(stage->proxy_socket, &proxy, error) || !timeline_rest(LOOK_US, error))
            return false;
        if (g_get_monotonic_time() > deadline)
            return error_set(error, ERROR_STATE, "version 2.0 does not come up");
    }
    for (gsize i = 0; i < G_N_ELEMENTS(switches); i++)
        if (!proxy_tell(stage->proxy_socket, switches[i], error))
            return false;
    return true;
}

static bool
migrate_and_deploy(Stage *stage, Loader *loader, GError **error)
{
    static const char rename[] = "ALTER TABLE users RENAME COLUMN full_name TO display_name";
    g_autoptr(PGconn) conn = db_open(stage->owner_url, "migration", error);
    g_autoptr(Analyst) analyst = NULL;

    if (conn == NULL)
        return false;
    analyst = analyst_start(stage->analyst_url, stage->timeline, 6000, error);
    if (analyst == NULL)
        return false;
    loader_begin_step(loader, "migration");
    timeline_say(stage->timeline, "migrate", "%s;", rename);
    if (!db_run(conn, rename, error))
        return false;
    timeline_say(stage->timeline, "migrate", "done");
    loader_begin_step(loader, "deploy");
    timeline_say(stage->timeline, "deploy", "start 2.0, and switch over when it is up");
    if (!deploy_new_version(stage, error))
        return false;
    timeline_say(stage->timeline, "deploy", "all traffic is on 2.0");
    loader_begin_step(loader, "after");
    return true;
}

bool
play_naive(Stage *stage, Findings *findings, GError **error)
{
    g_autoptr(Loader) loader = loader_start(stage, error);
    g_autoptr(StallSampler) stalls = NULL;

    if (loader == NULL)
        return false;
    stalls = stall_start(stage->admin_url, "notes_app", "migration", error);
    if (stalls == NULL)
        return false;
    loader_begin_step(loader, "before");
    if (!timeline_rest(BEFORE_US, error) || !migrate_and_deploy(stage, loader, error) ||
        !timeline_rest(AFTER_US, error))
        return false;
    stall_read(stalls, &findings->stall);
    findings->load = loader_finish(loader, error);
    findings->seconds = timeline_seconds(stage->timeline);
    return findings->load != NULL;
}
