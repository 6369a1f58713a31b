#include "cli/fleet.h"

#include "base/error.h"
#include "cli/revision-state.h"
#include "migrate/migrate.h"
#include "migrate/needs.h"

enum { NAMES_SHOWN = 3 };

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

/* What is said of a database: alike ones share a row of the table. */
typedef struct {
    guint revisions, behind, unknown; /* unknown: no file has them */
    char *heads;
    char *in_flight;  /* "aaaa1111 expanded", or "-" */
    GPtrArray *names; /* const char *: of the databases; borrowed */
} Summary;

static void
summary_free(Summary *summary)
{
    g_free(summary->heads);
    g_free(summary->in_flight);
    g_ptr_array_unref(summary->names);
    g_free(summary);
}

static char *
heads_text(const RevisionSet *applied)
{
    g_autoptr(RevisionSet) heads = revision_set_heads(applied, EDGE_REVISES);
    g_autoptr(GPtrArray) list = revision_set_list(heads);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < list->len; i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "",
                               ((const Revision *) g_ptr_array_index(list, i))->id);
    return g_strdup(text->len ? text->str : "-");
}

static char *
in_flight_text(const LedgerRevisions *rows)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < rows->list->len; i++) {
        const LedgerRevision *row = g_ptr_array_index(rows->list, i);
        g_autofree char *state = NULL;

        if (row->final && row->partly == NULL)
            continue;
        state = revision_state_text(row);
        g_string_append_printf(text, "%s%s %s", text->len ? ", " : "", row->id, state);
    }
    return g_strdup(text->len ? text->str : "-");
}

static Summary *
summarize(const Graph *graph, const LedgerRevisions *rows)
{
    Summary *summary = g_new0(Summary, 1);
    g_autoptr(RevisionSet) applied = integrity_applied(graph, rows, STATE_EXPANDED);

    summary->revisions = rows->list->len;
    summary->behind = graph_count(graph) - revision_set_count(applied);
    for (guint i = 0; i < rows->list->len; i++)
        if (graph_find(graph, ((const LedgerRevision *) g_ptr_array_index(rows->list, i))->id) ==
            NULL)
            summary->unknown++;
    summary->heads = heads_text(applied);
    summary->in_flight = in_flight_text(rows);
    summary->names = g_ptr_array_new();
    return summary;
}

static char *
key_of(const Summary *summary)
{
    return g_strdup_printf("%u|%u|%u|%s|%s", summary->revisions, summary->behind, summary->unknown,
                           summary->heads, summary->in_flight);
}

typedef struct {
    GPtrArray *list;     /* Summary *, in the order of their first database */
    GHashTable *by_rows; /* LedgerRevisions * -> Summary * */
    GHashTable *by_key;
} Summaries;

static void
summaries_clear(Summaries *summaries)
{
    g_ptr_array_unref(summaries->list);
    g_hash_table_unref(summaries->by_rows);
    g_hash_table_unref(summaries->by_key);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Summaries, summaries_clear)

static Summary *
find_summary(Summaries *summaries, const Graph *graph, const LedgerRevisions *rows)
{
    Summary *summary = g_hash_table_lookup(summaries->by_rows, rows), *known;
    g_autofree char *key = NULL;

    if (summary)
        return summary;
    summary = summarize(graph, rows);
    key = key_of(summary);
    known = g_hash_table_lookup(summaries->by_key, key);
    if (known) {
        summary_free(summary);
        summary = known;
    } else {
        g_ptr_array_add(summaries->list, summary);
        g_hash_table_insert(summaries->by_key, g_steal_pointer(&key), summary);
    }
    g_hash_table_insert(summaries->by_rows, (gpointer) rows, summary);
    return summary;
}

/* "tenant_1, tenant_2, tenant_3, .."; all of them where @all. */
static char *
names_text(const GPtrArray *names, bool all)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < names->len && (all || i < NAMES_SHOWN); i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "",
                               (const char *) g_ptr_array_index(names, i));
    if (!all && names->len > NAMES_SHOWN)
        g_string_append(text, ", ..");
    return g_string_free(text, FALSE);
}

static void
print(const Fleet *fleet, const Summaries *summaries, bool compare)
{
    static const char *const compared[] = {"COUNT",     "HEADS",     "REVISIONS", "BEHIND",
                                           "IN FLIGHT", "DATABASES", NULL};
    static const char *const plain[] = {"COUNT", "HEADS", "REVISIONS", "DATABASES", NULL};
    g_autoptr(GPtrArray) table = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);

    for (guint i = 0; i < summaries->list->len; i++) {
        const Summary *summary = g_ptr_array_index(summaries->list, i);
        g_autoptr(GStrvBuilder) cells = g_strv_builder_new();
        g_autofree char *count = g_strdup_printf("%u", summary->names->len);
        g_autofree char *revisions = g_strdup_printf("%u", summary->revisions);
        g_autofree char *behind = g_strdup_printf("%u", summary->behind);
        g_autofree char *names = names_text(summary->names, fleet->app->verbose);

        g_strv_builder_add_many(cells, count, summary->heads, revisions, NULL);
        if (compare)
            g_strv_builder_add_many(cells, behind, summary->in_flight, NULL);
        g_strv_builder_add(cells, names);
        g_ptr_array_add(table, g_strv_builder_end(cells));
    }
    if (table->len > 0)
        output_table(fleet->app->output, compare ? compared : plain, table);
}

static void
warn_of_unknown(const Fleet *fleet, const Summaries *summaries)
{
    for (guint i = 0; i < summaries->list->len; i++) {
        const Summary *summary = g_ptr_array_index(summaries->list, i);
        g_autofree char *names = names_text(summary->names, fleet->app->verbose);

        if (summary->unknown > 0)
            report_warning(fleet->app->report, "%s: %u revisions that no file here has", names,
                           summary->unknown);
    }
}

static json_t *
entry_json(const Summary *summary, const FleetResult *result, bool compare)
{
    json_t *entry = json_pack("{s:s, s:o*}", "name", result->database->name, "error",
                              fleet_error_json(result->error));
    g_auto(GStrv) heads = NULL;
    json_t *list;

    if (summary == NULL)
        return entry;
    heads = g_strsplit(summary->heads, ", ", -1);
    list = json_array();
    for (guint i = 0; heads[i]; i++)
        if (summary->heads[0] != '-')
            json_array_append_new(list, json_string(heads[i]));
    json_object_set_new(entry, "heads", list);
    json_object_set_new(entry, "revisions", json_integer(summary->revisions));
    if (compare) {
        json_object_set_new(entry, "behind", json_integer(summary->behind));
        json_object_set_new(entry, "unknown", json_integer(summary->unknown));
        json_object_set_new(entry, "in_flight", json_string(summary->in_flight));
    }
    return entry;
}

bool
fleet_status(App *app, const FleetArgs *args, const char *what, bool compare, GError **error)
{
    g_auto(Summaries)
        summaries = {.list = g_ptr_array_new_with_free_func((GDestroyNotify) summary_free),
                     .by_rows = g_hash_table_new(g_direct_hash, g_direct_equal),
                     .by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    g_auto(Fleet) fleet = {0};
    g_autoptr(FleetView) view = NULL;
    g_autoptr(json_t) list = json_array();

    if (!fleet_open(&fleet, app, args, what, error))
        return false;
    fleet.options.only_reads = true;
    view = fleet_look(&fleet.options, fleet.results, error);
    if (view == NULL)
        return false;
    for (guint i = 0; i < fleet.results->len; i++) {
        FleetResult *result = g_ptr_array_index(fleet.results, i);
        const LedgerRevisions *rows = fleet_view_find(view, result->database);
        Summary *summary = rows ? find_summary(&summaries, fleet.graph, rows) : NULL;

        if (summary) {
            g_ptr_array_add(summary->names, result->database->name);
            result->outcome = FLEET_DONE;
        }
        json_array_append_new(list, entry_json(summary, result, compare));
    }
    print(&fleet, &summaries, compare);
    if (compare)
        warn_of_unknown(&fleet, &summaries);
    output_json(fleet.app->output, json_pack("{s:O}", "databases", list));
    return fleet_check(fleet.options.what, fleet.results, error);
}
