#include <string.h>

#include "backfill/complete.h"
#include "base/error.h"
#include "base/json.h"
#include "catalog/catalog.h"
#include "cli/plan-report.h"
#include "cli/workspace.h"
#include "ledger/revisions.h"
#include "revision/target.h"

typedef struct {
    bool dry_run;
    bool backfill;
} UpgradeOptions;

typedef struct {
    App *app;
    const UpgradeOptions *options;
    Workspace workspace;
    const Revision *target; /* NULL: base */
    json_t *done;           /* what became of which revision */
} Upgrade;

static void
upgrade_clear(Upgrade *upgrade)
{
    workspace_clear(&upgrade->workspace);
    g_clear_pointer(&upgrade->done, json_decref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Upgrade, upgrade_clear)

static bool
find_target(Upgrade *upgrade, const char *word, GError **error)
{
    return target_point(upgrade->workspace.graph, NULL, word ? word : "head", &upgrade->target,
                        error);
}

/* The target and all above it, parents first. Element-type const Revision *. */
static GPtrArray *
ancestors(const Upgrade *upgrade)
{
    const Graph *graph = upgrade->workspace.graph;
    GPtrArray *revisions = g_ptr_array_new();

    for (guint i = 0; upgrade->target && i < graph_count(graph); i++) {
        const Revision *revision = graph_get(graph, i);
        if (graph_is_ancestor(graph, revision->id, upgrade->target->id))
            g_ptr_array_add(revisions, (gpointer) revision);
    }
    return revisions;
}

static void
say_done(Upgrade *upgrade, const Revision *revision, RevisionState state, gint64 start_ms)
{
    const gint64 took = clock_now_ms(upgrade->app->clock) - start_ms;
    const char *name = revision_state_name(state);

    output_line(upgrade->app->output, "%s %s %s (%" G_GINT64_FORMAT " ms)", name, revision->id,
                revision->title ? revision->title : "", took);
    json_array_append_new(upgrade->done,
                          json_pack("{s:s, s:s?, s:s, s:I}", "revision", revision->id, "title",
                                    revision->title, "state", name, "ms", (json_int_t) took));
}

/* The database may know revisions that this checkout does not. */
static void
warn_of_unknown(const Upgrade *upgrade, const LedgerRevisions *rows)
{
    const Graph *graph = upgrade->workspace.graph;

    for (guint i = 0; i < rows->list->len; i++) {
        const LedgerRevision *row = g_ptr_array_index(rows->list, i);
        if (!graph_is_ancestor(graph, row->id, row->id))
            report_warning(upgrade->app->report,
                           "the database has revision %s (%s), which no file here has", row->id,
                           row->title);
    }
}

/* Everything that can be known without touching the database, before it is touched. */
static bool
check_all(const Upgrade *upgrade, GPtrArray *pending, GError **error)
{
    for (guint i = 0; i < pending->len; i++) {
        g_autoptr(Revision) revision =
            graph_read(upgrade->workspace.graph, g_ptr_array_index(pending, i), error);

        if (revision == NULL || !revision_check(revision, error))
            return false;
    }
    return true;
}

static bool
expand_all(Upgrade *upgrade, GPtrArray *pending, GError **error)
{
    for (guint i = 0; i < pending->len; i++) {
        const Revision *revision = g_ptr_array_index(pending, i);
        const gint64 start = clock_now_ms(upgrade->app->clock);

        if (!apply_expand(&upgrade->workspace.apply, revision, error))
            return false;
        say_done(upgrade, revision, STATE_EXPANDED, start);
    }
    return true;
}

static GPtrArray *
select_pending(GPtrArray *revisions, const LedgerRevisions *rows)
{
    GPtrArray *pending = g_ptr_array_new();

    for (guint i = 0; i < revisions->len; i++) {
        const Revision *revision = g_ptr_array_index(revisions, i);
        const LedgerRevision *row = ledger_find_revision(rows, revision->id);

        if (row == NULL || row->state < STATE_EXPANDED)
            g_ptr_array_add(pending, (gpointer) revision);
    }
    return pending;
}

/* Somebody may have done the work while we waited for the lock, so it is asked again. */
static bool
expand_pending(Upgrade *upgrade, GPtrArray *revisions, GError **error)
{
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(upgrade->workspace.conn, error);
    g_autoptr(GPtrArray) pending = rows ? select_pending(revisions, rows) : NULL;

    return pending != NULL && expand_all(upgrade, pending, error);
}

static bool
expand_under_lock(Upgrade *upgrade, GPtrArray *revisions, GError **error)
{
    bool ok;

    if (!apply_lock(&upgrade->workspace.apply, error))
        return false;
    ok = expand_pending(upgrade, revisions, error);
    apply_unlock(&upgrade->workspace.apply);
    return ok;
}

static bool
is_table_empty(const Upgrade *upgrade, const char *schema, const char *name, bool *ret_empty,
               GError **error)
{
    PgConn *conn = upgrade->workspace.conn;
    g_autoptr(CatalogTable) table = catalog_require_table(conn, schema, name, error);

    return table != NULL && catalog_is_empty(conn, table, ret_empty, error);
}

/* The table of the backfill that is written out. */
static bool
is_driving_table_empty(const Upgrade *upgrade, const Section *section, bool *ret_empty,
                       GError **error)
{
    g_autoptr(SqlBackfill) backfill =
        sql_backfill_parse(section->text, section->place, section->finished_when, error);

    return backfill != NULL &&
           is_table_empty(upgrade, backfill->schema, backfill->table, ret_empty, error);
}

/* A backfill of empty tables is no work, and needs nobody's leave. */
static bool
has_rows_to_fill(const Upgrade *upgrade, const Revision *revision, bool *ret_has, GError **error)
{
    const Section *section = revision_section(revision, SECTION_BACKFILL, NULL);
    g_autoptr(GPtrArray) syncs = revision_syncs(revision, error);
    bool is_empty = true;

    if (syncs == NULL)
        return false;
    for (guint i = 0; i < syncs->len && is_empty; i++) {
        const RevisionSync *sync = g_ptr_array_index(syncs, i);
        if (!is_table_empty(upgrade, sync->schema, sync->table, &is_empty, error))
            return false;
    }
    if (section && is_empty && !is_driving_table_empty(upgrade, section, &is_empty, error))
        return false;
    *ret_has = !is_empty;
    return true;
}

/* Fills what may be filled now, and finishes. *@ret_done false: it waits for `backfill run`. */
static bool
fill_and_finish(Upgrade *upgrade, const Revision *revision, bool *ret_done, GError **error)
{
    const Workspace *workspace = &upgrade->workspace;
    BackfillResult result = {0};
    bool has_rows = false;

    if (!has_rows_to_fill(upgrade, revision, &has_rows, error))
        return false;
    *ret_done = false;
    if (has_rows && !upgrade->options->backfill)
        return true;
    if (!backfill_complete(&workspace->backfill, &workspace->apply, revision, &result, error))
        return false;
    *ret_done = !result.paused;
    return true;
}

static bool
finish_under_lock(const ApplyContext *context, const Revision *revision, GError **error)
{
    bool ok;

    if (!apply_lock(context, error))
        return false;
    ok = apply_finish(context, revision, error);
    apply_unlock(context);
    return ok;
}

static bool
complete(Upgrade *upgrade, const Revision *header, const LedgerRevision *row, GError **error)
{
    const gint64 start = clock_now_ms(upgrade->app->clock);
    g_autoptr(Revision) revision = graph_read(upgrade->workspace.graph, header, error);
    bool done = true;

    if (revision == NULL)
        return false;
    if (revision_has_backfill(revision)) {
        if (!fill_and_finish(upgrade, revision, &done, error))
            return false;
    } else if (revision_section(revision, SECTION_FINISH, NULL) == NULL) {
        return true;
    } else if (!finish_under_lock(&upgrade->workspace.apply, revision, error)) {
        return false;
    }
    if (done) {
        say_done(upgrade, revision, STATE_BACKFILLED, start);
        return true;
    }
    apply_warn_of_edits(&upgrade->workspace.apply, revision, row);
    report_step(upgrade->app->report, "%s is expanded; its backfill waits: sluice backfill run",
                revision->id);
    return true;
}

/* Those in flight whose backfill is not done: of this run, or of one that ended before it came so
 * far. */
static bool
complete_all(Upgrade *upgrade, GPtrArray *revisions, const LedgerRevisions *rows, GError **error)
{
    for (guint i = 0; i < revisions->len; i++) {
        const Revision *revision = g_ptr_array_index(revisions, i);
        const LedgerRevision *row = ledger_find_revision(rows, revision->id);

        if (row && row->state == STATE_EXPANDED && !row->final &&
            !complete(upgrade, revision, row, error))
            return false;
    }
    return true;
}

static bool
run_phases(Upgrade *upgrade, GPtrArray *revisions, GPtrArray *pending, const LedgerRevisions *rows,
           GError **error)
{
    g_autoptr(LedgerRevisions) now = NULL;

    if (pending->len == 0)
        return complete_all(upgrade, revisions, rows, error);
    if (!check_all(upgrade, pending, error) || !expand_under_lock(upgrade, revisions, error))
        return false;
    now = ledger_load_revisions(upgrade->workspace.conn, error);
    return now != NULL && complete_all(upgrade, revisions, now, error);
}

static bool
show_plan(Upgrade *upgrade, GPtrArray *pending, GError **error)
{
    PlanSink sink = {.output = upgrade->app->output, .plan = upgrade->done};
    const Report report = plan_report(&sink);
    ApplyContext context = upgrade->workspace.apply;

    context.report = &report;
    context.dry_run = true;
    for (guint i = 0; i < pending->len; i++) {
        const Revision *revision = g_ptr_array_index(pending, i);
        const size_t before = json_array_size(upgrade->done);

        output_line(upgrade->app->output, "-- expand %s: %s", revision->id,
                    revision->title ? revision->title : "");
        if (!apply_expand(&context, revision, error))
            return false;
        if (json_array_size(upgrade->done) == before)
            output_line(upgrade->app->output, "-- no statement; it is recorded as expanded");
    }
    return true;
}

static bool
run_upgrade(App *app, void *options, const char *const *words, GError **error)
{
    g_auto(Upgrade) upgrade = {.app = app, .options = options, .done = json_array()};
    g_autoptr(GPtrArray) revisions = NULL, pending = NULL;
    g_autoptr(LedgerRevisions) rows = NULL;
    bool ok;

    if (!workspace_open(&upgrade.workspace, app, "upgrade", error) ||
        !find_target(&upgrade, words[0], error))
        return false;
    revisions = ancestors(&upgrade);
    rows = upgrade.options->dry_run
               ? ledger_load_revisions(upgrade.workspace.conn, error)
               : ledger_load_revisions_to_change(upgrade.workspace.conn, app->clock, error);
    if (rows == NULL)
        return false;
    warn_of_unknown(&upgrade, rows);
    pending = select_pending(revisions, rows);
    ok = upgrade.options->dry_run ? show_plan(&upgrade, pending, error)
                                  : run_phases(&upgrade, revisions, pending, rows, error);
    if (!ok)
        return false;
    if (json_array_size(upgrade.done) == 0 && pending->len == 0)
        output_line(app->output, "nothing to do: %s is expanded",
                    upgrade.target ? upgrade.target->id : "base");
    output_json(app->output,
                json_pack("{s:s?, s:b, s:O}", "target", upgrade.target ? upgrade.target->id : NULL,
                          "dry_run", upgrade.options->dry_run,
                          upgrade.options->dry_run ? "plan" : "done", upgrade.done));
    return true;
}

static const ArgSpec upgrade_args[] = {
    {.name = "dry-run",
     .type = ARG_FLAG,
     .offset = offsetof(UpgradeOptions, dry_run),
     .help = "print the statements and the locks they need, change nothing"},
    {.name = "backfill",
     .type = ARG_FLAG,
     .offset = offsetof(UpgradeOptions, backfill),
     .help = "run the backfills too, and what finishes them"},
    {0},
};

const Command command_upgrade = {
    .group = "Applying",
    .name = "upgrade",
    .summary = "expand all revisions up to TARGET that this database does not have yet",
    .usage = "[TARGET]",
    .details =
        "Adds the new shape beside the old one, with the triggers that keep both equal, and takes "
        "nothing away: contract never runs from here. Every transaction that takes locks has one "
        "deadline (lock.stall_budget), waits outside of the lock queue while somebody holds what "
        "it needs, and says who does. TARGET is an id, the beginning of one, or `head`. Run it "
        "again after any failure: what is done is not done twice.",
    .example = "sluice upgrade --dry-run\nsluice upgrade 3f2a --backfill",
    .args = upgrade_args,
    .args_size = sizeof(UpgradeOptions),
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = run_upgrade,
};
