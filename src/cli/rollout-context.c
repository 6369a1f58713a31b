#include "cli/rollout-context.h"

#include "base/json.h"

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

bool
rollout_app_pass(const App *app, const RolloutApp *rollout, GateKind kind, const char *target,
                 bool dry_run, GError **error)
{
    const char *done = kind == GATE_CUTOVER ? "cut over" : "contracted";
    g_autoptr(GPtrArray) passed = rollout_pass(&rollout->context, kind, target, dry_run, error);
    g_autoptr(json_t) list = json_array();

    if (passed == NULL)
        return false;
    for (guint i = 0; i < passed->len; i++) {
        const Revision *revision = g_ptr_array_index(passed, i);

        output_line(app->output, "%s%s %s %s", dry_run ? "would be " : "", done, revision->id,
                    revision->title);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "revision", revision->id, "title",
                                              revision->title, "state", done));
    }
    if (passed->len == 0)
        output_line(app->output, "nothing waits for %s", gate_kind_name(kind));
    output_json(app->output,
                json_pack("{s:b, s:O}", "dry_run", dry_run, dry_run ? "plan" : "done", list));
    return true;
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
