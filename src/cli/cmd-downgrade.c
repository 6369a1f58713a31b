#include "base/error.h"
#include "base/json.h"
#include "cli/plan-report.h"
#include "cli/workspace.h"
#include "ledger/revisions.h"
#include "revision/target.h"

typedef struct {
    bool dry_run;
} DowngradeOptions;

/* Those in the database that come after @target (NULL: base), the latest first. Element-type const
 * Revision *. */
static GPtrArray *
select_later(const Graph *graph, const Revision *target, const LedgerRevisions *rows)
{
    GPtrArray *later = g_ptr_array_new();

    for (guint i = graph_count(graph); i > 0; i--) {
        const Revision *revision = graph_get(graph, i - 1);

        if (ledger_find_revision(rows, revision->id) == NULL ||
            (target && graph_is_ancestor(graph, revision->id, target->id)))
            continue;
        g_ptr_array_add(later, (gpointer) revision);
    }
    return later;
}

/* All or none: a chain that breaks off in the middle helps nobody. */
static bool
check_states(GPtrArray *later, const LedgerRevisions *rows, GError **error)
{
    for (guint i = 0; i < later->len; i++) {
        const Revision *revision = g_ptr_array_index(later, i);
        const LedgerRevision *row = ledger_find_revision(rows, revision->id);

        if (row->state < STATE_CUT_OVER)
            continue;
        error_set(error, ERROR_STATE, "%s is %s and cannot be downgraded", revision->id,
                  revision_state_name(row->state));
        return error_hint(error, row->state == STATE_CUT_OVER
                                     ? "Undo its cutover first: `sluice rollout abort`."
                                     : "Its old shape is gone: write a new revision that repairs "
                                       "forward.");
    }
    return true;
}

static bool
show_plan(App *app, const ApplyContext *context, GPtrArray *later, json_t *plan, GError **error)
{
    PlanSink sink = {.output = app->output, .plan = plan};
    const Report report = plan_report(&sink);
    ApplyContext dry = *context;

    dry.report = &report;
    dry.dry_run = true;
    for (guint i = 0; i < later->len; i++) {
        const Revision *revision = g_ptr_array_index(later, i);

        output_line(app->output, "-- downgrade %s: %s", revision->id, revision->title);
        if (!apply_downgrade(&dry, revision, error))
            return false;
    }
    return true;
}

static bool
downgrade_all(App *app, const ApplyContext *context, GPtrArray *later, json_t *done, GError **error)
{
    for (guint i = 0; i < later->len; i++) {
        const Revision *revision = g_ptr_array_index(later, i);

        if (!apply_downgrade(context, revision, error))
            return false;
        output_line(app->output, "downgraded %s %s", revision->id, revision->title);
        json_array_append_new(done, json_string(revision->id));
    }
    return true;
}

static bool
downgrade_under_lock(App *app, const Workspace *workspace, GPtrArray *later, json_t *done,
                     GError **error)
{
    bool ok;

    if (!apply_lock(&workspace->apply, error))
        return false;
    ok = downgrade_all(app, &workspace->apply, later, done, error);
    apply_unlock(&workspace->apply);
    return ok;
}

static bool
run_downgrade(App *app, void *options, const char *const *words, GError **error)
{
    const DowngradeOptions *wanted = options;
    g_auto(Workspace) workspace = {0};
    const Revision *target = NULL;
    g_autoptr(LedgerRevisions) rows = NULL;
    g_autoptr(GPtrArray) later = NULL;
    g_autoptr(json_t) done = json_array();

    if (!workspace_open(&workspace, app, "downgrade", error) ||
        !target_point(workspace.graph, NULL, words[0], &target, error))
        return false;
    rows = wanted->dry_run ? ledger_load_revisions(workspace.conn, error)
                           : ledger_load_revisions_to_change(workspace.conn, app->clock, error);
    if (rows == NULL)
        return false;
    later = select_later(workspace.graph, target, rows);
    if (!check_states(later, rows, error))
        return false;
    if (later->len == 0)
        output_line(app->output, "nothing to do: nothing comes after %s",
                    target ? target->id : "base");
    else if (!(wanted->dry_run ? show_plan(app, &workspace.apply, later, done, error)
                               : downgrade_under_lock(app, &workspace, later, done, error)))
        return false;
    output_json(app->output,
                json_pack("{s:s?, s:b, s:O}", "target", target ? target->id : NULL, "dry_run",
                          wanted->dry_run, wanted->dry_run ? "plan" : "downgraded", done));
    return true;
}

static const ArgSpec downgrade_args[] = {
    {.name = "dry-run",
     .type = ARG_FLAG,
     .offset = offsetof(DowngradeOptions, dry_run),
     .help = "print the statements and the locks they need, change nothing"},
    {0},
};

const Command command_downgrade = {
    .group = "Applying",
    .name = "downgrade",
    .summary = "undo the revisions that come after TARGET",
    .usage = "TARGET",
    .details =
        "Runs the downgrade sections, latest first; sluice's own triggers go before the columns "
        "they fill. What the new app wrote into the new shape alone is lost with it. Refused once "
        "a revision is cut over or contracted. TARGET is an id, the beginning of one, or `base`.",
    .example = "sluice downgrade 127b --dry-run\nsluice downgrade base",
    .args = downgrade_args,
    .args_size = sizeof(DowngradeOptions),
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = run_downgrade,
};
