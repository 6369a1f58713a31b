#include "cli/graph-view.h"

typedef struct {
    bool effective;
} HeadsOptions;

static bool
run_heads(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const HeadsOptions *options = data;
    g_auto(GraphView) view = {0};
    g_autoptr(GPtrArray) heads = NULL;
    g_autoptr(json_t) list = json_array();

    if (!graph_view_open(&view, app, false, error))
        return false;
    heads = revision_set_list(options->effective ? view.effective : view.heads);
    for (guint i = 0; i < heads->len; i++) {
        const Revision *head = heads->pdata[i];
        g_autofree char *marks = graph_view_marks(&view, head);
        g_autoptr(GPtrArray) requirers = graph_requirers(view.graph, head);
        json_t *object = graph_view_json(&view, head), *required_by = json_array();

        output_line(app->output, "%s  %s%s", head->id, head->title, marks);
        if (app->verbose)
            graph_view_print_header(&view, app->output, head, true);
        for (guint k = 0; k < requirers->len; k++)
            json_array_append_new(required_by,
                                  json_string(((const Revision *) requirers->pdata[k])->id));
        json_object_set_new(object, "required_by", required_by);
        json_array_append_new(list, object);
    }
    output_json(app->output, g_steal_pointer(&list));
    return true;
}

static const ArgSpec heads_args[] = {
    {.name = "resolve-dependencies",
     .type = ARG_FLAG,
     .offset = offsetof(HeadsOptions, effective),
     .help = "leave out those that another head requires"},
    {0},
};

const Command command_heads = {
    .group = "Revisions",
    .name = "heads",
    .summary = "show the newest revision, or all if histories went apart",
    .usage = "",
    .details = "A head is a revision that no other revises. One that another requires is a head "
               "all the same, and is marked so: `upgrade` of the other brings it too. With -v, "
               "where each stands.",
    .example = "sluice heads -v",
    .args = heads_args,
    .args_size = sizeof(HeadsOptions),
    .needs = NEED_SETTINGS,
    .run = run_heads,
};
