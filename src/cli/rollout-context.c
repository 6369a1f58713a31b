#include "cli/rollout-context.h"

bool
rollout_app_init(RolloutApp *rollout, const App *app, bool database, GError **error)
{
    const char *url = app->settings->database_url || database
                          ? settings_require_database(app->settings, error)
                          : NULL;

    *rollout = (RolloutApp){.graph = NULL};
    if (database && url == NULL)
        return false;
    rollout->graph = graph_load(app->settings->migrations, error);
    rollout->context = (RolloutContext){
        .settings = app->settings,
        .clock = app->clock,
        .report = app->report,
        .graph = rollout->graph,
        .url = url,
    };
    return rollout->graph != NULL;
}

void
rollout_app_clear(RolloutApp *rollout)
{
    g_clear_pointer(&rollout->graph, graph_free);
}

GStrv
rollout_row_array(char *const *take_cells, gsize n)
{
    GStrv row = g_new0(char *, n + 1);

    for (gsize i = 0; i < n; i++)
        row[i] = take_cells[i];
    return row;
}
