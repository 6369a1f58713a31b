#include "backfill/complete.h"

#include "base/fault.h"

/* The graph's own entry of @revision, which apply/ wants, and all of its sections, which we want.
 */
static Revision *
read_whole(const Graph *graph, const Revision *revision, const Revision **ret_own, GError **error)
{
    return graph_resolve(graph, revision->id, ret_own, error) ? graph_read(graph, *ret_own, error)
                                                              : NULL;
}

static bool
finish(const ApplyContext *apply, const Revision *revision, GError **error)
{
    bool finished = false;

    if (!apply_lock(apply, error))
        return false;
    finished = apply_finish(apply, revision, error);
    apply_unlock(apply);
    return finished;
}

bool
backfill_complete(const BackfillContext *context, const ApplyContext *apply,
                  const Revision *revision, BackfillResult *ret_result, GError **error)
{
    const Revision *own = NULL;
    g_autoptr(Revision) whole = read_whole(apply->graph, revision, &own, error);

    if (whole == NULL || !backfill_run(context, whole, ret_result, error))
        return false;
    if (ret_result->paused)
        return true;
    FAULT_POINT("backfill-done");
    return finish(apply, own, error);
}
