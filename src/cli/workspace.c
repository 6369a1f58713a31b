#include "cli/workspace.h"

bool
workspace_open(Workspace *workspace, const App *app, const char *purpose, GError **error)
{
    const PgConnOptions options = {.purpose = purpose, .schema = app->settings->database_schema};
    const char *url = settings_require_database(app->settings, error);

    *workspace = (Workspace){0};
    if (url == NULL)
        return false;
    workspace->graph = graph_load(app->settings->migrations, error);
    workspace->conn = workspace->graph ? pg_connect(url, &options, error) : NULL;
    workspace->apply = (ApplyContext){
        .conn = workspace->conn,
        .settings = app->settings,
        .clock = app->clock,
        .report = app->report,
        .graph = workspace->graph,
    };
    workspace->backfill = (BackfillContext){
        .url = url,
        .settings = app->settings,
        .clock = app->clock,
        .report = app->report,
    };
    return workspace->conn != NULL;
}

void
workspace_clear(Workspace *workspace)
{
    pg_disconnect(workspace->conn);
    graph_free(workspace->graph);
    *workspace = (Workspace){0};
}
