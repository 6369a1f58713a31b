#include "base/error.h"
#include "base/json.h"
#include "cli/fleet.h"
#include "cli/graph-view.h"
#include "cli/revision-state.h"
#include "pg/conn.h"

enum { MOST_NAMED = 5 };

typedef struct {
    bool check_heads;
    FleetArgs fleet;
} CurrentOptions;

static GStrv
table_row(const GraphView *view, const LedgerRevision *row)
{
    GStrv cells = g_new0(char *, 5);
    const char *since = revision_state_since(row);
    const Revision *revision = view->graph ? graph_find(view->graph, row->id) : NULL;
    g_autofree char *marks = revision ? graph_view_marks(view, revision) : NULL;

    cells[0] = g_strdup(row->id);
    cells[1] = revision_state_text(row);
    cells[2] = g_strdup(since ? since : "-");
    cells[3] = g_strconcat(row->title, view->graph && !revision ? " (no file)" : marks, NULL);
    return cells;
}

/* A head, or one that still has work to do: what most people look for among thousands. */
static bool
is_of_interest(const GraphView *view, const LedgerRevision *row)
{
    const Revision *revision = view->graph ? graph_find(view->graph, row->id) : NULL;

    return revision == NULL || !row->final || row->partly ||
           revision_set_has(view->current, revision);
}

static json_t *
row_json(const GraphView *view, const LedgerRevision *row)
{
    json_t *object = revision_state_json(row);
    const Revision *revision = view->graph ? graph_find(view->graph, row->id) : NULL;

    if (view->graph == NULL)
        return object;
    json_object_set_new(object, "file", json_boolean(revision != NULL));
    json_object_set_new(object, "current",
                        json_boolean(revision && revision_set_has(view->current, revision)));
    return object;
}

static void
print_rows(const App *app, const PgConn *conn, const GraphView *view, const LedgerRevisions *rows)
{
    static const char *const header[] = {"REVISION", "STATE", "SINCE", "TITLE", NULL};
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    g_autoptr(json_t) list = json_array();

    for (guint i = 0; i < rows->list->len; i++) {
        const LedgerRevision *row = g_ptr_array_index(rows->list, i);

        if (app->verbose || is_of_interest(view, row))
            g_ptr_array_add(cells, table_row(view, row));
        json_array_append_new(list, row_json(view, row));
    }
    if (rows->list->len == 0)
        output_line(app->output, "no revision was applied to %s", pg_target(conn));
    else
        output_table(app->output, header, cells);
    if (cells->len < rows->list->len)
        output_line(app->output, "and %u more that are done (-v lists them)",
                    rows->list->len - cells->len);
    revision_adoptions_print(rows, app->output);
    output_json(app->output, json_pack("{s:s, s:O, s:o}", "database", pg_target(conn), "revisions",
                                       list, "adoptions", revision_adoptions_json(rows)));
}

/* ERROR_CHECK names what of the folder the database lacks: heads, and holes above them. */
static bool
check_heads(const GraphView *view, const PgConn *conn, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    guint missing = 0;

    for (guint i = graph_count(view->graph); i-- > 0;) {
        const Revision *revision = graph_get(view->graph, i);

        if (revision_set_has(view->applied, revision))
            continue;
        if (missing++ < MOST_NAMED)
            g_string_append_printf(names, "%s%s", missing > 1 ? ", " : "", revision->id);
    }
    if (missing == 0)
        return true;
    if (missing > MOST_NAMED)
        g_string_append_printf(names, " and %u more", missing - MOST_NAMED);
    error_set(error, ERROR_CHECK, "%s is not at the heads: it lacks %s", pg_target(conn),
              names->str);
    return error_hint(error, "`sluice upgrade heads` applies what is missing.");
}

/* An app's container has no files: then there is only the ledger's word. */
static bool
open_files(GraphView *view, const App *app, bool required, GError **error)
{
    return g_file_test(app->settings->migrations, G_FILE_TEST_IS_DIR) || required
               ? graph_view_open(view, app, false, error)
               : true;
}

static bool
show_one(const App *app, const CurrentOptions *options, GError **error)
{
    const PgConnOptions session = {.purpose = "current",
                                   .schema = app->settings->database_schema,
                                   .allow_standby = true,
                                   .allow_pooler = true};
    g_auto(GraphView) view = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(LedgerRevisions) rows = NULL;

    if (!open_files(&view, app, options->check_heads, error))
        return false;
    conn = pg_connect(settings_require_database(app->settings, NULL), &session, error);
    rows = conn ? ledger_load_revisions(conn, error) : NULL;
    if (rows == NULL)
        return false;
    if (view.graph)
        graph_view_set_applied(&view, rows);
    print_rows(app, conn, &view, rows);
    return !options->check_heads || check_heads(&view, conn, error);
}

/* Each of many must have all heads. */
static bool
check_fleet(App *app, const FleetArgs *args, GError **error)
{
    g_auto(Fleet) fleet = {0};
    g_autoptr(GPtrArray) heads = NULL;
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    g_autoptr(GError) cause = NULL;

    if (!fleet_open(&fleet, app, args, "current", error))
        return false;
    heads = graph_heads(fleet.graph);
    for (guint i = 0; i < heads->len; i++)
        g_ptr_array_add(ids, ((const Revision *) heads->pdata[i])->id);
    if (fleet_has_reached(&fleet, ids, STATE_EXPANDED, &cause))
        return true;
    if (error_is(cause, ERROR_STATE)) {
        error_set(error, ERROR_CHECK, "%s", cause->message);
        return error_hint(error, "`sluice upgrade heads` applies what is missing.");
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool
run_current(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const CurrentOptions *options = data;
    bool many = false;

    if (!fleet_is_meant(app, &options->fleet, &many, error))
        return false;
    if (!many)
        return show_one(app, options, error);
    return fleet_status(app, &options->fleet, "current", false, error) &&
           (!options->check_heads || check_fleet(app, &options->fleet, error));
}

static const ArgSpec current_args[] = {
    {"check-heads", 'c', ARG_FLAG, offsetof(CurrentOptions, check_heads), NULL,
     "fail with status 9 if the database lacks a revision of the folder"},
    FLEET_ARGS(CurrentOptions),
    {NULL},
};

const Command command_current = {
    .group = "Revisions",
    .name = "current",
    .summary = "show which revisions the database has, and their states",
    .usage = "",
    .details = "Lists the heads of what is applied, and every revision that still has work to do; "
               "with -v all of them. The ledger is read in one query; where there is no folder of "
               "revisions, all that it has is shown. With --check-heads it is a gate for the entry "
               "point of an app.",
    .example = "sluice current\nsluice current --check-heads",
    .args = current_args,
    .args_size = sizeof(CurrentOptions),
    .needs = NEED_DATABASE,
    .many = true,
    .run = run_current,
};
