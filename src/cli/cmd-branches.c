#include "cli/graph-view.h"

static void
show_point(const App *app, const GraphView *view, const Revision *point, const GPtrArray *children,
           json_t *list)
{
    g_autofree char *marks = graph_view_marks(view, point);
    json_t *object = graph_view_json(view, point), *below = json_array();

    output_line(app->output, "%s  %s%s", point->id, point->title, marks);
    if (app->verbose)
        graph_view_print_header(view, app->output, point, true);
    for (guint i = 0; i < children->len; i++) {
        const Revision *child = children->pdata[i];
        g_autofree char *child_marks = graph_view_marks(view, child);

        output_line(app->output, "  -> %s  %s%s", child->id, child->title, child_marks);
        json_array_append_new(below, graph_view_json(view, child));
    }
    json_object_set_new(object, "children", below);
    json_array_append_new(list, object);
}

static bool
run_branches(App *app, void *options G_GNUC_UNUSED, const char *const *words G_GNUC_UNUSED,
             GError **error)
{
    g_auto(GraphView) view = {0};
    g_autoptr(json_t) list = json_array();

    if (!graph_view_open(&view, app, false, error))
        return false;
    for (guint i = 0; i < graph_count(view.graph); i++) {
        const Revision *revision = graph_get(view.graph, i);
        g_autoptr(GPtrArray) children = graph_children(view.graph, revision);

        if (children->len > 1)
            show_point(app, &view, revision, children, list);
    }
    if (json_array_size(list) == 0)
        output_line(app->output, "no revision has two children");
    output_json(app->output, g_steal_pointer(&list));
    return true;
}

const Command command_branches = {
    .group = "Revisions",
    .name = "branches",
    .summary = "show where histories go apart: each branch point and its children",
    .usage = "",
    .details = "`sluice merge` brings heads together again; a branch that is meant to stay gets a "
               "label (`-- Branch: shop`), and `shop@head` names its end.",
    .example = "sluice branches",
    .needs = NEED_SETTINGS,
    .run = run_branches,
};
