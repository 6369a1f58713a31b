#include "migrate/downgrade.h"

#include "revision/target.h"

GPtrArray *
downgrade_plan_new(const Graph *graph, const LedgerRevisions *rows, const char *word,
                   GError **error)
{
    g_autoptr(RevisionSet) begun = integrity_applied(graph, rows, STATE_PENDING);

    return target_downgrade(graph, begun, word, error);
}

static bool
check_all(const ApplyContext *apply, GPtrArray *list, const LedgerRevisions *rows, GError **error)
{
    for (guint i = 0; i < list->len; i++) {
        const Revision *header = g_ptr_array_index(list, i);
        g_autoptr(Revision) revision = graph_read(apply->graph, header, error);

        if (revision == NULL ||
            !apply_check_downgrade(revision, ledger_find_revision(rows, header->id), error))
            return false;
    }
    return true;
}

typedef struct {
    const MigrateContext *context;
    GPtrArray *list;
} Downgrade;

static bool
downgrade_all(gpointer data, GError **error)
{
    const Downgrade *it = data;

    for (guint i = 0; i < it->list->len; i++) {
        const Revision *revision = g_ptr_array_index(it->list, i);
        const gint64 start = clock_now_ms(it->context->apply.clock);

        migrate_begin(it->context, revision, "downgrade");
        if (!apply_downgrade(&it->context->apply, revision, error))
            return false;
        migrate_reached(it->context, revision, STATE_PENDING, start);
    }
    return true;
}

bool
downgrade_run(const MigrateContext *context, GPtrArray *list, const LedgerRevisions *rows,
              GError **error)
{
    Downgrade it = {context, list};

    return list->len == 0 || (check_all(&context->apply, list, rows, error) &&
                              migrate_under_lock(context, downgrade_all, &it, error));
}
