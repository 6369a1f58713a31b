#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/fleet.h"
#include "migrate/needs.h"
#include "migrate/upgrade.h"
#include "revision/target.h"

enum { SHOWN_IN_FULL = 20 }; /* databases; of more, only what is not up to date */

typedef struct {
    const Fleet *fleet;
    const char *word;
    const FleetUpgradeOptions *options;
} Upgrade;

static void
note_reached(gpointer data, const Revision *revision, RevisionState state, gint64 took_ms)
{
    json_array_append_new(data, json_pack("{s:s, s:s, s:I}", "revision", revision->id, "state",
                                          revision_state_name(state), "ms", (json_int_t) took_ms));
}

/* Is there more to do than to look? */
static bool
has_work(const UpgradePlan *plan, const LedgerRevisions *rows)
{
    for (guint i = 0; i < plan->scope->len; i++) {
        const Revision *revision = g_ptr_array_index(plan->scope, i);
        const LedgerRevision *row = ledger_find_revision(rows, revision->id);

        if (row == NULL || row->state == STATE_PENDING ||
            (row->state == STATE_EXPANDED && !row->final))
            return true;
    }
    return plan->pending->len > 0;
}

static bool
run_plan(const Upgrade *upgrade, const MigrateContext *context, const UpgradePlan *plan,
         const LedgerRevisions *rows, GError **error)
{
    g_autoptr(GPtrArray) waiting = g_ptr_array_new_with_free_func((GDestroyNotify) waiting_free);
    const UpgradeOptions options = {.backfill = upgrade->options->backfill};

    return upgrade_run(context, plan, rows, &options, waiting, error) &&
           waiting_fail(waiting, error);
}

/* FleetWork: what `upgrade` does on one database. */
static bool
upgrade_one(gpointer data, const Database *database, PgConn *conn, const Report *report,
            FleetResult *result, GError **error)
{
    const Upgrade *upgrade = data;
    const App *app = upgrade->fleet->app;
    Settings settings = *app->settings;
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions_to_change(conn, app->clock, error);
    g_autoptr(UpgradePlan) plan =
        rows ? upgrade_plan_new(upgrade->fleet->graph, rows, upgrade->word, error) : NULL;
    const MigrateContext context = {
        .apply = {.conn = conn,
                  .settings = &settings,
                  .clock = app->clock,
                  .report = report,
                  .graph = upgrade->fleet->graph},
        .backfill = {.url = database->url,
                     .settings = &settings,
                     .clock = app->clock,
                     .report = report},
        .allow_destructive = upgrade->options->allow_destructive,
        .on_reached = note_reached,
        .data = result->data = json_array(),
    };
    bool ok;

    settings.database_url = database->url;
    settings.database_schema = database->schema;
    if (plan == NULL)
        return false;
    ok = !has_work(plan, rows) || run_plan(upgrade, &context, plan, rows, error);
    if (ok && json_array_size(result->data) == 0)
        result->outcome = FLEET_CURRENT;
    return ok;
}

/* Relative words mean another revision each time the command is run again. */
static bool
check_word(const Fleet *fleet, const char *word, GError **error)
{
    g_autoptr(GPtrArray) points = NULL;

    if (*word == '+' || strstr(word, "@+")) {
        error_set(error, ERROR_USAGE, "'%s' means another revision in each database", word);
        return error_hint(error, "Name the revision, so that the command can be run again.");
    }
    points = target_points(fleet->graph, NULL, word, error);
    return points != NULL;
}

/* What is wrong with a file is wrong for all: it is said once, and before any is touched. */
static bool
check_files(const Fleet *fleet, RevisionSet *pending, GError **error)
{
    g_autoptr(GPtrArray) list = revision_set_list(pending);

    for (guint i = 0; i < list->len; i++) {
        g_autoptr(Revision) revision = graph_read(fleet->graph, g_ptr_array_index(list, i), error);

        if (revision == NULL || !revision_check_to_run(revision, error))
            return false;
    }
    return true;
}

static json_t *
ids_of(const GPtrArray *revisions)
{
    json_t *ids = json_array();

    for (guint i = 0; i < revisions->len; i++)
        json_array_append_new(
            ids, json_string(((const Revision *) g_ptr_array_index(revisions, i))->id));
    return ids;
}

/* Marks those that have all; adds to @pending what any other has to get. Those in the same state
 * have the same plan. */
static bool
sort_out(const Upgrade *upgrade, const FleetView *view, RevisionSet *pending, GError **error)
{
    g_autoptr(GHashTable) plans = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL,
                                                        (GDestroyNotify) upgrade_plan_free);

    for (guint i = 0; i < upgrade->fleet->results->len; i++) {
        FleetResult *result = g_ptr_array_index(upgrade->fleet->results, i);
        const LedgerRevisions *rows = fleet_view_find(view, result->database);
        UpgradePlan *plan = rows ? g_hash_table_lookup(plans, rows) : NULL;

        if (rows && plan == NULL) {
            plan = upgrade_plan_new(upgrade->fleet->graph, rows, upgrade->word, error);
            if (plan == NULL)
                return false;
            g_hash_table_insert(plans, (gpointer) rows, plan);
            for (guint j = 0; j < plan->pending->len; j++)
                revision_set_add(pending, g_ptr_array_index(plan->pending, j));
        }
        if (plan && !has_work(plan, rows))
            result->outcome = FLEET_CURRENT;
        if (plan && upgrade->options->dry_run)
            result->data = ids_of(plan->pending);
    }
    return true;
}

/* Tenants are looked at together, so that those that have all cost nothing more; a database of its
 * own tells when its turn has come. */
static bool
look_first(const Upgrade *upgrade, GError **error)
{
    const Fleet *fleet = upgrade->fleet;
    g_autoptr(RevisionSet) pending = revision_set_new(fleet->graph);
    g_autoptr(FleetView) view = NULL;

    if (!upgrade->options->dry_run && !fleet_has_tenants(fleet))
        return true;
    view = fleet_look(&fleet->options, fleet->results, error);
    return view && sort_out(upgrade, view, pending, error) && check_files(fleet, pending, error);
}

/* "expanded aaaa1111, bbbb2222"; in a dry run what would be. */
static char *
detail_text(const FleetResult *result)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t i;
    json_t *entry;

    if (result->error)
        return g_strdup(result->error->message);
    json_array_foreach(result->data, i, entry)
    {
        const char *id = json_string_value(entry);
        const char *state = json_string_value(json_object_get(entry, "state"));

        g_string_append_printf(text, "%s%s%s%s", i ? ", " : "", state ? state : "",
                               state ? " " : "",
                               id ? id : json_string_value(json_object_get(entry, "revision")));
    }
    return g_strdup(text->len ? text->str : "-");
}

static bool
is_shown(const Fleet *fleet, const FleetResult *result)
{
    return fleet->app->verbose || fleet->results->len <= SHOWN_IN_FULL ||
           (result->outcome != FLEET_CURRENT && result->outcome != FLEET_LEFT);
}

static void
print_table(const Fleet *fleet, bool dry_run)
{
    static const char *const header[] = {"DATABASE", "RESULT", "TIME", "DETAIL", NULL};
    g_autoptr(GPtrArray) table = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);

    for (guint i = 0; i < fleet->results->len; i++) {
        const FleetResult *result = g_ptr_array_index(fleet->results, i);
        GStrv cells;

        if (!is_shown(fleet, result) && !(dry_run && result->outcome == FLEET_LEFT))
            continue;
        cells = g_new0(char *, 5);
        cells[0] = g_strdup(result->database->name);
        cells[1] = g_strdup(dry_run && result->outcome == FLEET_LEFT
                                ? "to do"
                                : fleet_outcome_name(result->outcome));
        cells[2] = result->took_ms ? text_format_duration_ms(result->took_ms) : g_strdup("-");
        cells[3] = detail_text(result);
        g_ptr_array_add(table, cells);
    }
    if (table->len > 0)
        output_table(fleet->app->output, header, table);
}

/* "1,000 databases: 3 done, 997 up to date"; {"done": 3, ..}. */
static json_t *
print_counts(const Fleet *fleet, bool dry_run)
{
    guint counts[FLEET_FAILED + 1] = {0};
    g_autofree char *all = text_format_count(fleet->results->len);
    g_autoptr(GString) line = g_string_new(NULL);
    json_t *object = json_object();

    for (guint i = 0; i < fleet->results->len; i++)
        counts[((const FleetResult *) g_ptr_array_index(fleet->results, i))->outcome]++;
    for (FleetOutcome outcome = FLEET_LEFT; outcome <= FLEET_FAILED; outcome++) {
        const char *name = dry_run && outcome == FLEET_LEFT ? "to do" : fleet_outcome_name(outcome);
        g_autofree char *count = text_format_count(counts[outcome]);

        if (counts[outcome] > 0)
            g_string_append_printf(line, "%s%s %s", line->len ? ", " : ": ", count, name);
        json_object_set_new(object, name, json_integer(counts[outcome]));
    }
    output_line(fleet->app->output, "%s %s%s", all,
                fleet_has_tenants(fleet) ? "tenants" : "databases", line->str);
    return object;
}

static json_t *
results_json(const Fleet *fleet, bool dry_run)
{
    json_t *list = json_array();

    for (guint i = 0; i < fleet->results->len; i++) {
        const FleetResult *result = g_ptr_array_index(fleet->results, i);

        json_array_append_new(
            list, json_pack("{s:s, s:s, s:I, s:O*, s:o*}", "name", result->database->name, "result",
                            dry_run && result->outcome == FLEET_LEFT
                                ? "to do"
                                : fleet_outcome_name(result->outcome),
                            "ms", (json_int_t) result->took_ms, dry_run ? "pending" : "done",
                            result->data, "error", fleet_error_json(result->error)));
    }
    return list;
}

bool
fleet_upgrade(Fleet *fleet, const char *word, const FleetUpgradeOptions *options, GError **error)
{
    Upgrade upgrade = {.fleet = fleet, .word = word, .options = options};
    const bool dry_run = options->dry_run;

    fleet->options.work = upgrade_one;
    fleet->options.data = &upgrade;
    if (!check_word(fleet, word, error) || !look_first(&upgrade, error))
        return false;
    if (!dry_run)
        fleet_run(&fleet->options, fleet->results);
    print_table(fleet, dry_run);
    output_json(fleet->app->output,
                json_pack("{s:s, s:b, s:o, s:o}", "target", word, "dry_run", dry_run, "counts",
                          print_counts(fleet, dry_run), "databases", results_json(fleet, dry_run)));
    return dry_run || fleet_check(fleet->options.what, fleet->results, error);
}
