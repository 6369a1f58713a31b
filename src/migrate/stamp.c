#include "migrate/stamp.h"

#include <string.h>

#include "base/fault.h"
#include "ledger/events.h"
#include "ledger/mappings.h"
#include "peers/keep.h"
#include "revision/target.h"

typedef struct {
    const ApplyContext *apply;
    const LedgerRevisions *rows;
    const StampOptions *options;
    RevisionSet *points; /* the targets themselves */
    RevisionSet *wanted; /* and all above them */
    RevisionSet *gone;   /* what comes after them, and what `base` takes */
    GPtrArray *plan;
} Planning;

static void
planning_clear(Planning *planning)
{
    g_clear_pointer(&planning->points, revision_set_free);
    g_clear_pointer(&planning->wanted, revision_set_free);
    g_clear_pointer(&planning->gone, revision_set_free);
    g_clear_pointer(&planning->plan, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Planning, planning_clear)

static void
stamp_free(Stamp *stamp)
{
    g_free(stamp->id);
    g_free(stamp);
}

static void
add_all(RevisionSet *set, GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++)
        revision_set_add(set, g_ptr_array_index(list, i));
}

/* `base` and `LABEL@base` name nothing that is to be there: they say what goes. */
static bool
add_word(Planning *planning, const RevisionSet *begun, const char *word, GError **error)
{
    const Graph *graph = planning->apply->graph;
    g_autoptr(GPtrArray) points = target_points(graph, begun, word, error);
    g_autoptr(GPtrArray) undone = NULL;

    if (points == NULL)
        return false;
    add_all(planning->points, points);
    if (points->len > 0)
        return true;
    undone = target_downgrade(graph, begun, word, error);
    if (undone)
        add_all(planning->gone, undone);
    return undone != NULL;
}

static bool
find_sets(Planning *planning, const char *const *words, GError **error)
{
    const Graph *graph = planning->apply->graph;
    g_autoptr(RevisionSet) begun = integrity_applied(graph, planning->rows, STATE_PENDING);
    g_autoptr(RevisionSet) below = NULL;

    for (; *words; words++)
        if (!add_word(planning, begun, *words, error))
            return false;
    revision_set_add_all(planning->wanted, planning->points);
    revision_set_add_ancestors(planning->wanted, EDGE_ALL);
    below = revision_set_copy(planning->points);
    revision_set_add_descendants(below, EDGE_ALL);
    revision_set_add_all(planning->gone, below);
    return true;
}

static bool
plan_revision(Planning *planning, const Revision *header, GError **error)
{
    const LedgerRevision *row = ledger_find_revision(planning->rows, header->id);
    const RevisionState wanted = planning->options->state;
    const bool is_there = row && row->state >= STATE_EXPANDED && row->partly == NULL;
    g_autoptr(Revision) revision = NULL;
    RevisionState last, state;
    Stamp *stamp;

    if (is_there && !planning->options->purge && !revision_set_has(planning->points, header))
        return true;
    revision = graph_read(planning->apply->graph, header, error);
    if (revision == NULL)
        return false;
    last = revision_last_state(revision);
    state = wanted == STATE_PENDING ? last : MIN(wanted, last);
    if (is_there && row->state == state && row->final == (state == last))
        return true;
    stamp = g_new0(Stamp, 1);
    stamp->kind = row ? STAMP_CHANGE : STAMP_ADD;
    stamp->id = g_strdup(header->id);
    stamp->revision = header;
    stamp->state = state;
    stamp->final = state == last;
    g_ptr_array_add(planning->plan, stamp);
    return true;
}

/* The ledger's order is no help where a hole was filled. */
static int
compare_latest_first(const void *a, const void *b)
{
    const Stamp *left = *(Stamp *const *) a, *right = *(Stamp *const *) b;
    const guint x = left->revision ? left->revision->index : G_MAXUINT;
    const guint y = right->revision ? right->revision->index : G_MAXUINT;

    return (x < y) - (x > y);
}

static void
plan_removals(Planning *planning)
{
    for (guint i = planning->rows->list->len; i > 0; i--) {
        const LedgerRevision *row = g_ptr_array_index(planning->rows->list, i - 1);
        const Revision *revision = graph_find(planning->apply->graph, row->id);
        Stamp *stamp;

        if (revision && revision_set_has(planning->wanted, revision))
            continue;
        if (!planning->options->purge &&
            (revision == NULL || !revision_set_has(planning->gone, revision)))
            continue;
        stamp = g_new0(Stamp, 1);
        stamp->kind = STAMP_REMOVE;
        stamp->id = g_strdup(row->id);
        stamp->revision = revision;
        stamp->state = row->state;
        g_ptr_array_add(planning->plan, stamp);
    }
    g_ptr_array_sort(planning->plan, compare_latest_first);
}

/* Triggers that the ledger forgot would go on for ever. */
static bool
check_mappings(const Planning *planning, GError **error)
{
    g_autoptr(GPtrArray) mappings =
        planning->rows->list->len > 0
            ? ledger_load_mappings(planning->apply->conn, NULL, NULL, error)
            : g_ptr_array_new();

    if (mappings == NULL)
        return false;
    for (guint i = 0; i < planning->plan->len; i++) {
        const Stamp *stamp = g_ptr_array_index(planning->plan, i);

        for (guint m = 0; m < mappings->len; m++) {
            const LedgerMapping *mapping = g_ptr_array_index(mappings, m);

            if (strcmp(mapping->revision, stamp->id) != 0)
                continue;
            error_set(error, ERROR_STATE, "%s is in flight: its sync triggers are on %s.%s",
                      stamp->id, mapping->schema, mapping->table);
            return error_hint(error, "Take it back with `sluice downgrade`, or bring it to its end "
                                     "with `sluice contract`: both drop the triggers.");
        }
    }
    return true;
}

GPtrArray *
stamp_plan_new(const ApplyContext *apply, const LedgerRevisions *rows, const char *const *words,
               const StampOptions *options, GError **error)
{
    g_auto(Planning) planning = {
        .apply = apply,
        .rows = rows,
        .options = options,
        .points = revision_set_new(apply->graph),
        .wanted = revision_set_new(apply->graph),
        .gone = revision_set_new(apply->graph),
        .plan = g_ptr_array_new_with_free_func((GDestroyNotify) stamp_free),
    };
    g_autoptr(GPtrArray) wanted = NULL;

    if (!find_sets(&planning, words, error))
        return NULL;
    plan_removals(&planning);
    wanted = revision_set_list(planning.wanted);
    for (guint i = 0; i < wanted->len; i++)
        if (!plan_revision(&planning, g_ptr_array_index(wanted, i), error))
            return NULL;
    return check_mappings(&planning, error) ? g_steal_pointer(&planning.plan) : NULL;
}

typedef struct {
    const MigrateContext *context;
    GPtrArray *plan;
    const LedgerRevisions *rows;
} Stamping;

static bool
is_as_before(const LedgerRevisions *then, const LedgerRevisions *now)
{
    if (then->list->len != now->list->len)
        return false;
    for (guint i = 0; i < then->list->len; i++) {
        const LedgerRevision *before = g_ptr_array_index(then->list, i);
        const LedgerRevision *row = ledger_find_revision(now, before->id);

        if (row == NULL || row->state != before->state || row->final != before->final)
            return false;
    }
    return true;
}

static bool
write_stamp(const Stamping *stamping, const Stamp *stamp, GError **error)
{
    const ApplyContext *apply = &stamping->context->apply;
    g_autoptr(Revision) revision = NULL;

    if (stamp->revision && !adoption_keep(apply->conn, apply->graph, stamping->rows,
                                          stamp->revision, stamp->kind != STAMP_REMOVE, error))
        return false;
    if (stamp->kind == STAMP_REMOVE)
        return ledger_remove_revision(apply->conn, stamp->id, error);
    revision = graph_read(apply->graph, stamp->revision, error);
    return revision != NULL && ledger_stamp_revision(apply->conn, revision, stamp->state,
                                                     stamp->final, ORIGIN_STAMPED, error);
}

static bool
write_all(const Stamping *stamping, GError **error)
{
    PgConn *conn = stamping->context->apply.conn;

    if (!pg_begin(conn, error))
        return false;
    for (guint i = 0; i < stamping->plan->len; i++)
        if (!write_stamp(stamping, g_ptr_array_index(stamping->plan, i), error))
            return false;
    FAULT_POINT("migrate-stamp-written");
    return pg_commit(conn, error);
}

/* The words of an event name them all: it is the only trace of what was removed. */
static bool
tell(const Stamping *stamping, const char *kind, GError **error)
{
    const Stamp *first = g_ptr_array_index(stamping->plan, 0);
    g_autoptr(GString) text = g_string_new("stamped");
    g_autoptr(json_t) changes = json_array();

    for (guint i = 0; i < stamping->plan->len; i++) {
        const Stamp *stamp = g_ptr_array_index(stamping->plan, i);
        const char *state =
            stamp->kind == STAMP_REMOVE ? "removed" : revision_state_name(stamp->state);

        if (i < 10)
            g_string_append_printf(text, "%s %s %s", i ? "," : "", stamp->id, state);
        json_array_append_new(changes,
                              json_pack("{s:s, s:s}", "revision", stamp->id, "state", state));
    }
    if (stamping->plan->len > 10)
        g_string_append_printf(text, " and %u more", stamping->plan->len - 10);
    return ledger_append_event(stamping->context->apply.conn, kind, first->id, 0, text->str,
                               json_pack("{s:O}", "changes", changes), error);
}

static bool
stamp_all(gpointer data, GError **error)
{
    const Stamping *stamping = data;
    PgConn *conn = stamping->context->apply.conn;
    g_autoptr(LedgerRevisions) now = ledger_load_revisions(conn, error);

    if (now == NULL)
        return false;
    if (!is_as_before(stamping->rows, now)) {
        error_set(error, ERROR_STATE, "the ledger of %s changed meanwhile", pg_target(conn));
        return error_hint(error, "Run the command again.");
    }
    if (!tell(stamping, "stamping", error))
        return false;
    if (!write_all(stamping, error)) {
        pg_rollback(conn);
        return false;
    }
    FAULT_POINT("migrate-stamp-committed");
    return tell(stamping, "stamp", error);
}

bool
stamp_run(const MigrateContext *context, GPtrArray *plan, const LedgerRevisions *rows,
          GError **error)
{
    Stamping stamping = {context, plan, rows};

    return plan->len == 0 || context->apply.dry_run ||
           migrate_under_lock(context, stamp_all, &stamping, error);
}
