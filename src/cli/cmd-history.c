#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "revision/graph.h"

static char *
join_parents(const Revision *revision)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < revision->revises->len; i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "",
                               (const char *) revision->revises->pdata[i]);
    return g_string_free(text, FALSE);
}

static json_t *
revision_to_json(const Revision *revision, bool is_head)
{
    json_t *parents = json_array();

    for (guint i = 0; i < revision->revises->len; i++)
        json_array_append_new(parents, json_string(revision->revises->pdata[i]));
    return json_pack("{s:s, s:o, s:s?, s:s?, s:s, s:b}", "id", revision->id, "revises", parents,
                     "title", revision->title, "created", revision->created, "path", revision->path,
                     "head", is_head);
}

static GStrv
revision_to_row(const Revision *revision, bool is_head, bool verbose)
{
    GStrv cells = g_new0(char *, 6);
    int at = 0;

    cells[at++] = g_strdup(revision->id);
    if (verbose) {
        cells[at++] = join_parents(revision);
        cells[at++] = g_strdup(revision->created ? revision->created : "");
        cells[at++] = g_path_get_basename(revision->path);
    }
    cells[at] = g_strconcat(revision->title ? revision->title : "", is_head ? " (head)" : "", NULL);
    return cells;
}

static bool
run_history(App *app, void *options G_GNUC_UNUSED, const char *const *words G_GNUC_UNUSED,
            GError **error)
{
    static const char *const header[] = {"REVISION", "TITLE", NULL};
    static const char *const long_header[] = {"REVISION", "REVISES", "CREATED",
                                              "FILE",     "TITLE",   NULL};
    g_autoptr(Graph) graph = graph_load(app->settings->migrations, error);
    g_autoptr(GPtrArray) heads = NULL;
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    g_autoptr(json_t) list = json_array();

    if (graph == NULL)
        return false;
    heads = graph_heads(graph);
    for (guint i = graph_count(graph); i-- > 0;) {
        const Revision *revision = graph_get(graph, i);
        const bool is_head = g_ptr_array_find(heads, revision, NULL);
        g_ptr_array_add(rows, revision_to_row(revision, is_head, app->verbose));
        json_array_append_new(list, revision_to_json(revision, is_head));
    }
    output_table(app->output, app->verbose ? long_header : header, rows);
    output_json(app->output, g_steal_pointer(&list));
    return true;
}

const Command command_history = {
    .group = "Revisions",
    .name = "history",
    .summary = "list the revisions, newest first (-v: with parents, dates and files)",
    .usage = "",
    .example = "sluice history -v",
    .needs = NEED_SETTINGS,
    .run = run_history,
};
