#include "base/json.h"
#include "cli/command.h"
#include "revision/graph.h"

static bool
run_heads(App *app, void *options G_GNUC_UNUSED, const char *const *words G_GNUC_UNUSED,
          GError **error)
{
    g_autoptr(Graph) graph = graph_load(app->settings->migrations, error);
    g_autoptr(GPtrArray) heads = NULL;
    g_autoptr(json_t) list = json_array();

    if (graph == NULL)
        return false;
    heads = graph_heads(graph);
    for (guint i = 0; i < heads->len; i++) {
        const Revision *head = heads->pdata[i];
        output_line(app->output, "%s  %s", head->id, head->title ? head->title : "");
        json_array_append_new(list, json_pack("{s:s, s:s?, s:s}", "id", head->id, "title",
                                              head->title, "path", head->path));
    }
    output_json(app->output, g_steal_pointer(&list));
    return true;
}

const Command command_heads = {
    .group = "Revisions",
    .name = "heads",
    .summary = "show the newest revision, or all if histories went apart",
    .usage = "",
    .example = "sluice heads",
    .needs = NEED_SETTINGS,
    .run = run_heads,
};
