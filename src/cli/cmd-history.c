#include <string.h>

#include "base/error.h"
#include "cli/graph-view.h"
#include "cli/past.h"
#include "revision/target.h"

typedef struct {
    const char *range;
    bool indicate_current;
    bool from_database;
} HistoryOptions;

static GStrv
table_row(const GraphView *view, const Revision *revision, bool verbose)
{
    GStrv cells = g_new0(char *, 7);
    g_autofree char *marks = graph_view_marks(view, revision);
    int at = 0;

    cells[at++] = g_strdup(revision->id);
    if (verbose) {
        cells[at++] = graph_view_revises(revision);
        cells[at++] = graph_view_requires(revision);
        cells[at++] = g_strdup(revision->created ? revision->created : "");
        cells[at++] = g_path_get_basename(revision->path);
    }
    cells[at] = g_strconcat(revision->title, marks, NULL);
    return cells;
}

static void
print_files(const App *app, const GraphView *view, const GPtrArray *revisions)
{
    static const char *const header[] = {"REVISION", "TITLE", NULL};
    static const char *const long_header[] = {"REVISION", "REVISES", "REQUIRES", "CREATED",
                                              "FILE",     "TITLE",   NULL};
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    g_autoptr(json_t) list = json_array();

    for (guint i = revisions->len; i-- > 0;) {
        g_ptr_array_add(rows, table_row(view, revisions->pdata[i], app->verbose));
        json_array_append_new(list, graph_view_json(view, revisions->pdata[i]));
    }
    output_table(app->output, app->verbose ? long_header : header, rows);
    output_json(app->output, g_steal_pointer(&list));
}

/* Nothing where the ledger is asked for all it has: then no file is needed. */
static bool
choose(const HistoryOptions *options, const App *app, GraphView *view, GPtrArray **ret_revisions,
       GError **error)
{
    const bool ask =
        options->indicate_current || (options->range && target_needs_database(options->range));

    if (options->from_database && options->range == NULL)
        return true;
    if (!graph_view_open(view, app, ask, error))
        return false;
    *ret_revisions = target_range(view->graph, view->applied, options->range, error);
    return *ret_revisions != NULL;
}

static bool
run_history(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const HistoryOptions *options = data;
    g_auto(GraphView) view = {0};
    g_autoptr(GPtrArray) revisions = NULL;

    if (!choose(options, app, &view, &revisions, error))
        return false;
    if (options->from_database)
        return past_print(app, revisions, error);
    print_files(app, &view, revisions);
    return true;
}

static const ArgSpec history_args[] = {
    {"range", 'r', ARG_TEXT, offsetof(HistoryOptions, range), "[FROM]:[TO]",
     "only these: ids, labels, `base`, `heads`, `current`, `-3:current`"},
    {"indicate-current", 'i', ARG_FLAG, offsetof(HistoryOptions, indicate_current), NULL,
     "mark what the database has as its heads"},
    {"database", 0, ARG_FLAG, offsetof(HistoryOptions, from_database), NULL,
     "what the ledger says instead: when each phase ran, and by whom (a URL goes before the "
     "command)"},
    {NULL},
};

const Command command_history = {
    .group = "Revisions",
    .name = "history",
    .summary = "list the revisions, newest first (-v: with parents, dates and files)",
    .usage = "",
    .details = "Reads the files alone, unless a word of the range or an option asks for the "
               "database. With --database it is the ledger's story: one line for each phase that "
               "has run, the latest first, with who ran it, and whether sluice ran it, somebody "
               "stamped it, or it was adopted from another tool.",
    .example = "sluice history -r -3:current\nsluice history -r shop@base:shop@head -v\n"
               "sluice history --database",
    .args = history_args,
    .args_size = sizeof(HistoryOptions),
    .needs = NEED_SETTINGS,
    .run = run_history,
};
