#include "migrate/upgrade.h"

#include "apply/batch.h"
#include "migrate/fill.h"
#include "migrate/imported.h"
#include "migrate/needs.h"
#include "migrate/next.h"
#include "revision/target.h"

typedef struct {
    const MigrateContext *context;
    const UpgradePlan *plan;
    const UpgradeOptions *options;
    ApplyContext batched;        /* for the expands, one after the other */
    const LedgerRevisions *rows; /* the batch's: as of the last look, with what was applied since */
    RevisionSet *applied;
    GPtrArray *waiting; /* borrowed */
} Upgrade;

static void
upgrade_clear(Upgrade *upgrade)
{
    g_clear_pointer(&upgrade->batched.batch, apply_batch_free);
    g_clear_pointer(&upgrade->applied, revision_set_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Upgrade, upgrade_clear)

/* What is missing below something that is applied. */
static GPtrArray *
find_holes(const UpgradePlan *plan)
{
    g_autoptr(RevisionSet) covered = revision_set_copy(plan->applied);
    GPtrArray *holes = g_ptr_array_new();

    revision_set_add_ancestors(covered, EDGE_REVISES);
    for (guint i = 0; i < plan->pending->len; i++)
        if (revision_set_has(covered, g_ptr_array_index(plan->pending, i)))
            g_ptr_array_add(holes, g_ptr_array_index(plan->pending, i));
    return holes;
}

/* The points may name what is applied already, whose backfill is not done. */
static void
find_scope(const Graph *graph, UpgradePlan *plan, const char *word)
{
    g_autoptr(RevisionSet) scope = revision_set_new(graph);
    g_autoptr(RevisionSet) heads = NULL;
    g_autoptr(GPtrArray) points = target_points(graph, plan->applied, word, NULL);

    for (guint i = 0; i < plan->pending->len; i++)
        revision_set_add(scope, g_ptr_array_index(plan->pending, i));
    for (guint i = 0; points && i < points->len; i++)
        revision_set_add(scope, g_ptr_array_index(points, i));
    heads = revision_set_heads(scope, EDGE_ALL);
    plan->heads = revision_set_list(heads);
    revision_set_add_ancestors(scope, EDGE_ALL);
    plan->scope = revision_set_list(scope);
}

UpgradePlan *
upgrade_plan_new(const Graph *graph, const LedgerRevisions *rows, const char *word, GError **error)
{
    g_autoptr(UpgradePlan) plan = g_new0(UpgradePlan, 1);

    plan->applied = integrity_applied(graph, rows, STATE_EXPANDED);
    plan->pending = target_upgrade(graph, plan->applied, word, error);
    if (plan->pending == NULL)
        return NULL;
    plan->holes = find_holes(plan);
    find_scope(graph, plan, word);
    return g_steal_pointer(&plan);
}

void
upgrade_plan_free(UpgradePlan *plan)
{
    if (plan == NULL)
        return;
    g_clear_pointer(&plan->applied, revision_set_free);
    g_clear_pointer(&plan->pending, g_ptr_array_unref);
    g_clear_pointer(&plan->holes, g_ptr_array_unref);
    g_clear_pointer(&plan->heads, g_ptr_array_unref);
    g_clear_pointer(&plan->scope, g_ptr_array_unref);
    g_free(plan);
}

/* Everything that can be known without touching the database, before it is touched. */
static bool
check_all(const Upgrade *upgrade, GError **error)
{
    for (guint i = 0; i < upgrade->plan->pending->len; i++) {
        if (!apply_batch_check(&upgrade->batched, g_ptr_array_index(upgrade->plan->pending, i),
                               error))
            return false;
    }
    return true;
}

static bool
look(Upgrade *upgrade, GError **error)
{
    g_clear_pointer(&upgrade->applied, revision_set_free);
    upgrade->rows = apply_batch_rows(&upgrade->batched, error);
    if (upgrade->rows == NULL)
        return false;
    upgrade->applied =
        integrity_applied(upgrade->context->apply.graph, upgrade->rows, STATE_EXPANDED);
    return true;
}

/* A required backfill may run now, if there is leave or nothing to fill. The migrator lock is given
 * back meanwhile. *@ret_moved: it is worth another look. */
static bool
bring(Upgrade *upgrade, const Requirement *requirement, bool *ret_moved, GError **error)
{
    const ApplyContext *apply = &upgrade->context->apply;
    const Revision *required = graph_required(apply->graph, requirement);
    const LedgerRevision *row = ledger_find_revision(upgrade->rows, required->id);
    bool filled;

    *ret_moved = false;
    if (apply->dry_run || row == NULL || row->state != STATE_EXPANDED || row->final)
        return true;
    if (!apply_batch_end(&upgrade->batched, error))
        return false;
    apply_unlock(apply);
    filled =
        fill_and_finish(upgrade->context, required, upgrade->options->backfill, ret_moved, error);
    return filled && apply_lock(apply, error) && look(upgrade, error);
}

/* In a dry run nothing moves: a revision that is final once it is expanded counts as it will be. */
static bool
foresee_obstacle(const Upgrade *upgrade, const Revision *revision, const Requirement **ret_unmet,
                 GError **error)
{
    const Graph *graph = upgrade->context->apply.graph;

    for (guint i = 0; i < revision->requires->len; i++) {
        const Requirement *requirement = g_ptr_array_index(revision->requires, i);
        const Revision *required = graph_required(graph, requirement);
        g_autoptr(Revision) whole = NULL;

        if (need_is_met(ledger_find_revision(upgrade->rows, required->id), requirement->state))
            continue;
        whole = graph_read(graph, required, error);
        if (whole == NULL)
            return false;
        if (revision_set_has(upgrade->applied, required) && next_phase_after_expand(whole) == NULL)
            continue;
        *ret_unmet = requirement;
        return true;
    }
    return true;
}

/* *@ret_unmet: the first requirement of @revision that is not met, and cannot be here. */
static bool
find_obstacle(Upgrade *upgrade, const Revision *revision, const Requirement **ret_unmet,
              GError **error)
{
    const Graph *graph = upgrade->context->apply.graph;
    const Requirement *last = NULL;
    bool moved = true;

    *ret_unmet = NULL;
    if (revision->requires->len == 0)
        return true;
    if (upgrade->context->apply.dry_run)
        return foresee_obstacle(upgrade, revision, ret_unmet, error);
    while ((*ret_unmet = need_find_unmet(graph, upgrade->rows, revision)) != NULL && moved) {
        if (*ret_unmet == last)
            return true;
        last = *ret_unmet;
        if (!bring(upgrade, *ret_unmet, &moved, error))
            return false;
    }
    return true;
}

static const Revision *
find_open_parent(const Upgrade *upgrade, const Revision *revision)
{
    g_autoptr(GPtrArray) parents = graph_parents(upgrade->context->apply.graph, revision);

    for (guint i = 0; i < parents->len; i++)
        if (!revision_set_has(upgrade->applied, g_ptr_array_index(parents, i)))
            return g_ptr_array_index(parents, i);
    return NULL;
}

/* *@ret_open: its turn has come; else it is among those that wait. */
static bool
may_expand(Upgrade *upgrade, const Revision *revision, bool *ret_open, GError **error)
{
    const Revision *parent = find_open_parent(upgrade, revision);
    const Requirement *unmet = NULL;
    Waiting *waiting;

    if (parent) {
        g_ptr_array_add(upgrade->waiting, waiting_for_parent(revision, parent));
        *ret_open = false;
        return true;
    }
    if (!find_obstacle(upgrade, revision, &unmet, error))
        return false;
    *ret_open = unmet == NULL;
    if (*ret_open)
        return true;
    waiting = waiting_for_requirement(upgrade->context->apply.graph, upgrade->rows, revision, unmet,
                                      error);
    if (waiting)
        g_ptr_array_add(upgrade->waiting, waiting);
    return waiting != NULL;
}

static bool
expand(Upgrade *upgrade, const Revision *revision, GError **error)
{
    const gint64 start = clock_now_ms(upgrade->context->apply.clock);

    migrate_begin(upgrade->context, revision, "expand");
    if (!apply_expand(&upgrade->batched, revision, error))
        return false;
    revision_set_add(upgrade->applied, revision);
    migrate_reached(upgrade->context, revision, STATE_EXPANDED, start);
    return true;
}

/* Somebody may have done the work while we waited for the lock, so it is asked again. */
static bool
expand_pending(Upgrade *upgrade, GError **error)
{
    if (!look(upgrade, error))
        return false;
    for (guint i = 0; i < upgrade->plan->pending->len; i++) {
        const Revision *revision = g_ptr_array_index(upgrade->plan->pending, i);
        bool is_open = false;

        if (revision_set_has(upgrade->applied, revision))
            continue;
        if (!may_expand(upgrade, revision, &is_open, error) ||
            (is_open && !expand(upgrade, revision, error)))
            return false;
    }
    return true;
}

static bool
expand_all(gpointer data, GError **error)
{
    Upgrade *upgrade = data;
    const bool ok = expand_pending(upgrade, error);

    return apply_batch_flush(&upgrade->batched, ok ? error : NULL) && ok;
}

static bool
complete(const Upgrade *upgrade, const Revision *revision, const LedgerRevision *row,
         GError **error)
{
    const ApplyContext *apply = &upgrade->context->apply;
    g_autoptr(Revision) whole = NULL;
    bool done = false;

    if (!fill_and_finish(upgrade->context, revision, upgrade->options->backfill, &done, error))
        return false;
    if (done)
        return true;
    whole = graph_read(apply->graph, revision, error);
    if (whole == NULL)
        return false;
    apply_warn_of_edits(apply, whole, row);
    report_step(apply->report, "%s is expanded; its backfill waits: sluice backfill run",
                revision->id);
    return true;
}

static bool
is_to_complete(const LedgerRevision *row)
{
    return row->state == STATE_EXPANDED && !row->final;
}

/* Those in flight whose backfill is not done: of this run, or of one that ended before it came so
 * far. */
static bool
complete_all(const Upgrade *upgrade, const LedgerRevisions *rows, GError **error)
{
    for (guint i = 0; i < upgrade->plan->scope->len; i++) {
        const Revision *revision = g_ptr_array_index(upgrade->plan->scope, i);
        const LedgerRevision *row = ledger_find_revision(rows, revision->id);

        if (row && is_to_complete(row) && !complete(upgrade, revision, row, error))
            return false;
    }
    return true;
}

static void
say_holes(const Upgrade *upgrade)
{
    for (guint i = 0; i < upgrade->plan->holes->len; i++) {
        const Revision *revision = g_ptr_array_index(upgrade->plan->holes, i);

        report_warning(upgrade->context->apply.report,
                       "revision %s was never applied here, though others that build on it were: "
                       "it is applied now",
                       revision->id);
    }
}

/* With nothing to do nobody else reads the files of what ran; what is not completed says it itself.
 * One that cannot be read keeps nobody from having nothing to do. */
static void
warn_of_edits(const ApplyContext *apply, const LedgerRevisions *rows)
{
    for (guint i = 0; i < rows->list->len; i++) {
        const LedgerRevision *row = g_ptr_array_index(rows->list, i);
        const Revision *header = graph_find(apply->graph, row->id);
        const bool is_suspect = header && !is_to_complete(row) && integrity_is_suspect(header, row);
        g_autoptr(Revision) revision = is_suspect ? graph_read(apply->graph, header, NULL) : NULL;

        if (revision)
            apply_warn_of_edits(apply, revision, row);
    }
}

bool
upgrade_run(const MigrateContext *context, const UpgradePlan *plan, const LedgerRevisions *rows,
            const UpgradeOptions *options, GPtrArray *waiting, GError **error)
{
    g_auto(Upgrade) upgrade = {
        .context = context,
        .plan = plan,
        .options = options,
        .batched = context->apply,
        .waiting = waiting,
    };

    upgrade.batched.batch = apply_batch_new();
    if (plan->pending->len == 0) {
        warn_of_edits(&context->apply, rows);
        return context->apply.dry_run || complete_all(&upgrade, rows, error);
    }
    say_holes(&upgrade);
    if (!check_all(&upgrade, error) || !imported_check(context, plan->pending, rows, error) ||
        !migrate_under_lock(context, expand_all, &upgrade, error))
        return false;
    if (context->apply.dry_run)
        return true;
    return complete_all(&upgrade, upgrade.rows, error);
}
