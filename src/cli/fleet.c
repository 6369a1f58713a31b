#include "cli/fleet.h"

#include "base/error.h"
#include "migrate/needs.h"

bool
fleet_is_meant(const App *app, const FleetArgs *args, bool *ret_many, GError **error)
{
    *ret_many = settings_has_databases(app->settings);
    if (*ret_many || (args->only == NULL && args->jobs == 0))
        return true;
    error_set(error, ERROR_USAGE,
              "--only and --jobs choose among many databases, and there is one");
    return error_hint(error, "Name them in sluice.yaml, under `databases:`.");
}

bool
fleet_hint_pick(const Settings *settings, GError **error)
{
    if (settings->databases_schemas || settings->databases_schemas_query)
        return error_hint(error, "Pick a tenant with --option database.schema=NAME.");
    return error_hint(error, "Pick a database with --database URL.");
}

bool
fleet_open(Fleet *fleet, App *app, const FleetArgs *args, const char *what, GError **error)
{
    fleet->app = app;
    fleet->options = (FleetOptions){
        .what = what,
        .jobs = args->jobs > 0 ? (int) MIN(args->jobs, G_MAXINT) : app->settings->databases_jobs,
        .clock = app->clock,
        .report = app->report,
    };
    fleet->graph = graph_load(app->settings->migrations, error);
    fleet->databases = fleet->graph ? databases_list(app->settings, args->only, error) : NULL;
    if (fleet->databases == NULL)
        return false;
    if (fleet->databases->len == 0)
        report_warning(app->report,
                       "`databases:` of sluice.yaml means none: nothing is there that it matches");
    fleet->results = fleet_results_new(fleet->databases);
    return true;
}

void
fleet_clear(Fleet *fleet)
{
    g_clear_pointer(&fleet->results, g_ptr_array_unref);
    g_clear_pointer(&fleet->databases, g_ptr_array_unref);
    g_clear_pointer(&fleet->graph, graph_free);
}

bool
fleet_has_tenants(const Fleet *fleet)
{
    const Database *first = fleet->databases->len ? g_ptr_array_index(fleet->databases, 0) : NULL;

    return first && first->schema;
}

json_t *
fleet_error_json(const GError *error)
{
    return error ? json_pack("{s:s, s:s, s:s?}", "code", error_code_name(error), "message",
                             error->message, "hint", error_get_hint(error))
                 : NULL;
}

static bool
has_reached(const Database *database, const LedgerRevisions *rows, const GPtrArray *ids,
            RevisionState state, GError **error)
{
    for (guint i = 0; i < ids->len; i++) {
        const char *id = g_ptr_array_index(ids, i);
        const LedgerRevision *row = ledger_find_revision(rows, id);

        if (row && need_is_met(row, state))
            continue;
        error_set(error, ERROR_STATE, "%s: revision %s is %s, and not yet %s", database->name, id,
                  row ? revision_state_name(row->state) : "not applied",
                  revision_state_name(state));
        return error_hint(error, "`sluice status` tells which databases are behind.");
    }
    return true;
}

bool
fleet_has_reached(Fleet *fleet, const GPtrArray *ids, RevisionState state, GError **error)
{
    g_autoptr(GPtrArray) results = fleet_results_new(fleet->databases);
    g_autoptr(FleetView) view = NULL;

    fleet->options.only_reads = true;
    view = fleet_look(&fleet->options, results, error);
    if (view == NULL)
        return false;
    for (guint i = 0; i < results->len; i++) {
        FleetResult *result = g_ptr_array_index(results, i);
        const LedgerRevisions *rows = fleet_view_find(view, result->database);

        if (rows && !has_reached(result->database, rows, ids, state, error))
            return false;
        if (rows)
            result->outcome = FLEET_DONE;
    }
    return fleet_check(fleet->options.what, results, error);
}
