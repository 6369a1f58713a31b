#include "migrate/scratch.h"

#include <glib/gstdio.h>

#include "base/error.h"

/* Nobody else is there who could be kept waiting. */
enum { BUDGET_MS = 60000 };

static bool
make_folder(Scratch *scratch, char **ret_folder, GError **error)
{
    g_autoptr(GError) cause = NULL;

    scratch->folder = g_dir_make_tmp("sluice-scratch-XXXXXX", &cause);
    if (scratch->folder == NULL)
        return error_set(error, ERROR_STATE, "no temporary folder: %s", cause->message);
    /* Started by root, the server runs as another user, who must get to its own folder in it. */
    g_chmod(scratch->folder, 0711);
    *ret_folder = g_build_filename(scratch->folder, "server", NULL);
    return true;
}

bool
scratch_open(Scratch *scratch, const Settings *settings, const Clock *clock, const Graph *graph,
             GError **error)
{
    g_autofree char *folder = NULL;
    PgConn *conn;

    *scratch = (Scratch){.settings = *settings};
    scratch->settings.stall_budget_ms = BUDGET_MS;
    if (!make_folder(scratch, &folder, error))
        return false;
    scratch->server = pg_server_start(&(PgServerOptions){.folder = folder}, error);
    if (scratch->server == NULL)
        return false;
    conn = pg_connect(scratch->server->socket_url, &(PgConnOptions){.purpose = "scratch"}, error);
    scratch->context = (MigrateContext){
        .apply = {.conn = conn,
                  .settings = &scratch->settings,
                  .clock = clock,
                  .report = &report_none,
                  .graph = graph},
        .backfill = {.url = scratch->server->socket_url,
                     .settings = &scratch->settings,
                     .clock = clock,
                     .report = &report_none},
    };
    return conn != NULL;
}

void
scratch_clear(Scratch *scratch)
{
    g_clear_pointer(&scratch->context.apply.conn, pg_disconnect);
    if (scratch->server)
        pg_server_remove(scratch->server, NULL);
    g_clear_pointer(&scratch->server, pg_server_free);
    if (scratch->folder)
        g_rmdir(scratch->folder);
    g_clear_pointer(&scratch->folder, g_free);
}
