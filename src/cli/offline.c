#include "cli/offline.h"

#include "base/json.h"

bool
offline_print(App *app, const char *range, const char *phases,
              char *(*make)(const ScriptOptions *options, GError **error), GError **error)
{
    g_autoptr(Graph) graph = graph_load(app->settings->migrations, error);
    ScriptOptions options = {
        .settings = app->settings,
        .clock = app->clock,
        .graph = graph,
        .word = range,
    };
    g_autofree char *script = NULL;

    if (graph == NULL || !script_parse_phases(phases, &options.first, &options.last, error))
        return false;
    script = make(&options, error);
    if (script == NULL)
        return false;
    output_text(app->output, script);
    output_json(app->output, json_pack("{s:s, s:s}", "range", range, "sql", script));
    return true;
}
