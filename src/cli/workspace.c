#include "cli/workspace.h"

#include "base/error.h"
#include "cli/fleet.h"
#include "peers/adoption.h"

bool
workspace_check_database(const Settings *settings, const char *command, GError **error)
{
    if (!settings_has_databases(settings))
        return settings_require_database(settings, error) != NULL;
    error_set(error, ERROR_USAGE, "`sluice %s` works on one database, and sluice.yaml names many",
              command);
    return fleet_hint_pick(settings, error);
}

bool
workspace_open(Workspace *workspace, const App *app, const char *purpose, GError **error)
{
    const PgConnOptions options = {
        .purpose = purpose, .schema = app->settings->database_schema, .defer_checks = true};
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

/* The database may know revisions that this checkout does not. */
static void
warn_of_unknown(const Workspace *workspace, const LedgerRevisions *rows)
{
    for (guint i = 0; i < rows->list->len; i++) {
        const LedgerRevision *row = g_ptr_array_index(rows->list, i);

        if (graph_find(workspace->graph, row->id) == NULL)
            report_warning(workspace->apply.report,
                           "the database has revision %s (%s), which no file here has", row->id,
                           row->title);
    }
}

/* The ledger is brought to what the tool did whose table is kept. */
static bool
follow(const Workspace *workspace, GError **error)
{
    const ApplyContext *apply = &workspace->apply;
    g_autoptr(LedgerRevisions) now = NULL;
    bool ok;

    if (!apply_lock(apply, error))
        return false;
    now = ledger_load_revisions(apply->conn, error);
    ok = now && adoption_follow(apply->conn, apply->graph, now, apply->report, error);
    apply_unlock(apply);
    return ok;
}

/* Takes @take_rows over; NULL on an error. One query more where a table of another tool is kept. */
static LedgerRevisions *
follow_kept(const Workspace *workspace, LedgerRevisions *take_rows, bool dry_run, GError **error)
{
    g_autoptr(LedgerRevisions) rows = take_rows;
    g_auto(AdoptionDifference) difference = {0};
    g_autoptr(GPtrArray) lines = NULL;
    bool is_kept = false;

    if (!adoption_look(workspace->conn, workspace->graph, rows, &is_kept, &difference, error))
        return NULL;
    if (!is_kept || adoption_is_same(&difference))
        return g_steal_pointer(&rows);
    if (!dry_run)
        return follow(workspace, error) ? ledger_load_revisions(workspace->conn, error) : NULL;
    lines = adoption_describe(&difference);
    for (guint i = 0; i < lines->len; i++)
        report_warning(workspace->apply.report, "%s", (char *) g_ptr_array_index(lines, i));
    return g_steal_pointer(&rows);
}

LedgerRevisions *
workspace_load_revisions(const Workspace *workspace, bool dry_run, GError **error)
{
    LedgerRevisions *rows =
        dry_run ? ledger_load_revisions(workspace->conn, error)
                : ledger_load_revisions_to_change(workspace->conn, workspace->apply.clock, error);

    if (rows)
        rows = follow_kept(workspace, rows, dry_run, error);
    if (rows)
        warn_of_unknown(workspace, rows);
    return rows;
}

MigrateContext
workspace_migrate(const Workspace *workspace, bool dry_run)
{
    MigrateContext context = {.apply = workspace->apply, .backfill = workspace->backfill};

    context.apply.dry_run = dry_run;
    return context;
}

void
workspace_clear(Workspace *workspace)
{
    pg_disconnect(workspace->conn);
    graph_free(workspace->graph);
    *workspace = (Workspace){0};
}
