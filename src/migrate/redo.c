#include <string.h>

#include "base/fault.h"
#include "ledger/events.h"
#include "migrate/downgrade.h"
#include "migrate/fill.h"
#include "revision/target.h"

/* Any expand ends what a redo left open: somebody went on in another way. */
static const char *const redo_events[] = {"redoing", "redone", "expanded", NULL};

/* Not expanded, or not all of it. */
static bool
is_undone(const LedgerRevisions *rows, const Revision *revision)
{
    const LedgerRevision *row = ledger_find_revision(rows, revision->id);

    return row == NULL || row->state == STATE_PENDING;
}

/* *@ret_revision: what a killed redo has undone and not expanded again; NULL: nothing. */
static bool
find_interrupted(const ApplyContext *apply, const LedgerRevisions *rows,
                 const Revision **ret_revision, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(LedgerEvent) last = NULL;
    const Revision *revision;

    *ret_revision = NULL;
    if (!ledger_load_last_event(apply->conn, redo_events, &last, &cause)) {
        if (ledger_is_absent(cause))
            return true;
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (last == NULL || strcmp(last->kind, "redoing") != 0)
        return true;
    revision = graph_find(apply->graph, last->revision);
    if (revision && is_undone(rows, revision))
        *ret_revision = revision;
    return true;
}

static bool
check_is_head(const Graph *graph, const RevisionSet *begun, const Revision *revision,
              GError **error)
{
    g_autoptr(RevisionSet) below = revision_set_new(graph);
    g_autoptr(GPtrArray) list = NULL;

    revision_set_add(below, revision);
    revision_set_add_descendants(below, EDGE_ALL);
    revision_set_remove(below, revision);
    list = revision_set_list(below);
    for (guint i = 0; i < list->len; i++) {
        const Revision *later = g_ptr_array_index(list, i);

        if (!revision_set_has(begun, later))
            continue;
        error_set(error, ERROR_STATE, "%s cannot be redone: %s, which is applied, comes after it",
                  revision->id, later->id);
        return error_hint(error, "`sluice downgrade %s` undoes all that comes after it; then redo.",
                          revision->id);
    }
    return true;
}

/* The only head of what is applied. */
static const Revision *
find_last(const RevisionSet *begun, GError **error)
{
    g_autoptr(RevisionSet) heads = revision_set_heads(begun, EDGE_ALL);
    g_autoptr(GPtrArray) list = revision_set_list(heads);
    g_autoptr(GString) names = g_string_new(NULL);

    if (list->len == 1)
        return g_ptr_array_index(list, 0);
    if (list->len == 0) {
        error_set(error, ERROR_STATE, "nothing is applied here that could be redone");
        error_hint(error, "`sluice upgrade` applies the revisions.");
        return NULL;
    }
    for (guint i = 0; i < list->len; i++)
        g_string_append_printf(names, "%s`sluice redo %s`", i ? ", " : "",
                               ((const Revision *) g_ptr_array_index(list, i))->id);
    error_set(error, ERROR_USAGE, "%u revisions are the last of their branch", list->len);
    error_hint(error, "Name the one: %s.", names->str);
    return NULL;
}

const Revision *
redo_find(const ApplyContext *apply, const LedgerRevisions *rows, const char *word, GError **error)
{
    g_autoptr(RevisionSet) begun = integrity_applied(apply->graph, rows, STATE_PENDING);
    const Revision *interrupted = NULL, *wanted = NULL;

    if (!find_interrupted(apply, rows, &interrupted, error))
        return NULL;
    if (word && !target_point(apply->graph, begun, word, &wanted, error))
        return NULL;
    if (word && wanted == NULL) {
        error_set(error, ERROR_USAGE, "base is no revision that could be redone");
        error_hint(error, "Name a revision, or leave it out for the last one.");
        return NULL;
    }
    if (interrupted && (wanted == NULL || wanted == interrupted))
        return interrupted;
    if (wanted == NULL)
        return find_last(begun, error);
    if (!revision_set_has(begun, wanted)) {
        error_set(error, ERROR_STATE, "%s is not applied here", wanted->id);
        error_hint(error, "`sluice upgrade %s` applies it.", wanted->id);
        return NULL;
    }
    return check_is_head(apply->graph, begun, wanted, error) ? wanted : NULL;
}

typedef struct {
    const MigrateContext *context;
    const Revision *revision;
    bool is_undone; /* by a redo that was killed */
} Redo;

static bool
undo_and_expand(gpointer data, GError **error)
{
    const Redo *redo = data;
    const ApplyContext *apply = &redo->context->apply;
    const Revision *revision = redo->revision;
    const gint64 start = clock_now_ms(apply->clock);
    g_autofree char *text = g_strdup_printf("redoing %s", revision->id);

    if (!apply->dry_run &&
        !ledger_append_event(apply->conn, "redoing", revision->id, 0, text, NULL, error))
        return false;
    FAULT_POINT("migrate-redo-begun");
    if (!redo->is_undone) {
        migrate_begin(redo->context, revision, "downgrade");
        if (!apply_downgrade(apply, revision, error))
            return false;
    }
    FAULT_POINT("migrate-redo-undone");
    migrate_begin(redo->context, revision, "expand");
    if (apply->dry_run)
        return true;
    if (!apply_expand(apply, revision, error))
        return false;
    FAULT_POINT("migrate-redo-expanded");
    migrate_reached(redo->context, revision, STATE_EXPANDED, start);
    return true;
}

bool
redo_run(const MigrateContext *context, const Revision *revision, const LedgerRevisions *rows,
         bool may_fill, GError **error)
{
    const ApplyContext *apply = &context->apply;
    g_autoptr(Revision) whole = graph_read(apply->graph, revision, error);
    g_autofree char *text = g_strdup_printf("redone %s", revision->id);
    Redo redo = {context, revision, is_undone(rows, revision)};
    bool done = false;

    if (whole == NULL ||
        !apply_check_downgrade(whole, ledger_find_revision(rows, revision->id), error) ||
        !revision_check_to_run(whole, error) ||
        !migrate_under_lock(context, undo_and_expand, &redo, error))
        return false;
    if (apply->dry_run)
        return true;
    if (!fill_and_finish(context, revision, may_fill, &done, error))
        return false;
    if (!done)
        report_step(apply->report, "%s is expanded; its backfill waits: sluice backfill run",
                    revision->id);
    return ledger_append_event(apply->conn, "redone", revision->id, 0, text, NULL, error);
}
