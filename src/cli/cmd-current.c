#include "base/json.h"
#include "cli/fleet.h"
#include "cli/revision-state.h"
#include "pg/conn.h"

typedef struct {
    FleetArgs fleet;
} Options;

static GStrv
table_row(const LedgerRevision *row)
{
    GStrv cells = g_new0(char *, 5);
    const char *since = revision_state_since(row);

    cells[0] = g_strdup(row->id);
    cells[1] = revision_state_text(row);
    cells[2] = g_strdup(since ? since : "-");
    cells[3] = g_strdup(row->title);
    return cells;
}

static bool
run_on_one(App *app, GError **error)
{
    static const char *const header[] = {"REVISION", "STATE", "SINCE", "TITLE", NULL};
    g_autoptr(PgConn) conn = pg_connect(settings_require_database(app->settings, NULL),
                                        &(PgConnOptions){.purpose = "current",
                                                         .allow_standby = true,
                                                         .allow_pooler = true,
                                                         .schema = app->settings->database_schema},
                                        error);
    g_autoptr(LedgerRevisions) revisions = conn ? ledger_load_revisions(conn, error) : NULL;
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    g_autoptr(json_t) list = json_array();

    if (revisions == NULL)
        return false;
    for (guint i = 0; i < revisions->list->len; i++) {
        const LedgerRevision *row = g_ptr_array_index(revisions->list, i);
        g_ptr_array_add(rows, table_row(row));
        json_array_append_new(list, revision_state_json(row));
    }
    if (rows->len > 0)
        output_table(app->output, header, rows);
    else
        output_line(app->output, "no revision was applied to %s", pg_target(conn));
    revision_adoptions_print(revisions, app->output);
    output_json(app->output, json_pack("{s:s, s:O, s:o}", "database", pg_target(conn), "revisions",
                                       list, "adoptions", revision_adoptions_json(revisions)));
    return true;
}

static bool
run_current(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const Options *options = data;
    bool many = false;

    if (!fleet_is_meant(app, &options->fleet, &many, error))
        return false;
    return many ? fleet_status(app, &options->fleet, "current", false, error)
                : run_on_one(app, error);
}

static const ArgSpec current_args[] = {
    FLEET_ARGS(Options),
    {NULL},
};

const Command command_current = {
    .group = "Revisions",
    .name = "current",
    .summary = "show which revisions the database has, and their states",
    .usage = "",
    .details = "Reads the ledger alone, in one query; the revision files are not looked at. "
               "`sluice status` compares the two.",
    .example = "sluice current",
    .needs = NEED_DATABASE,
    .args = current_args,
    .args_size = sizeof(Options),
    .many = true,
    .run = run_current,
};
