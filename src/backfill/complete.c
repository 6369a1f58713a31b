#include "backfill/complete.h"

#include "base/fault.h"
#include "base/stop.h"
#include "ledger/revisions.h"

#define CHECK_VIOLATION "23514"

enum { RETRY_MS = 200 };

/* The graph's own entry of @revision, which apply/ wants, and all of its sections, which we want.
 */
static Revision *
read_whole(const Graph *graph, const Revision *revision, const Revision **ret_own, GError **error)
{
    *ret_own = graph_find(graph, revision->id);
    return graph_read(graph, *ret_own, error);
}

static bool
is_finished(const ApplyContext *apply, const Revision *revision, bool *ret_finished, GError **error)
{
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(apply->conn, error);
    const LedgerRevision *row = NULL;

    if (rows == NULL)
        return false;
    row = ledger_find_revision(rows, revision->id);
    *ret_finished = row && row->state >= STATE_BACKFILLED;
    return true;
}

static bool
try_finish(const ApplyContext *apply, const Revision *revision, bool *ret_finished, GError **error)
{
    if (!is_finished(apply, revision, ret_finished, error))
        return false;
    if (*ret_finished)
        return true;
    if (!apply_lock(apply, error))
        return false;
    *ret_finished = apply_finish(apply, revision, error);
    apply_unlock(apply);
    return *ret_finished;
}

/* Another process of the same backfill may be finishing it just now, and our session, idle for as
 * long as the rows took, may be gone: neither is a reason to fail. */
static bool
finish(const ApplyContext *apply, const Revision *revision, GError **error)
{
    const gint64 give_up_ms = clock_now_ms(apply->clock) + apply->settings->give_up_after_ms;

    for (;;) {
        g_autoptr(GError) cause = NULL;
        bool finished = false;

        if (try_finish(apply, revision, &finished, &cause))
            return true;
        if ((!error_is(cause, ERROR_OWNER) && !error_is(cause, ERROR_CONNECTION)) ||
            clock_now_ms(apply->clock) > give_up_ms || !stop_check(NULL)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return false;
        }
        clock_sleep_ms(apply->clock, clock_jitter_ms(apply->clock, RETRY_MS));
        if (error_is(cause, ERROR_CONNECTION))
            pg_reconnect(apply->conn, NULL);
    }
}

/* What a pass says of itself holds as long as rows stay where they are: VACUUM FULL may put one
 * that is left to where the walk has been. Then the constraint does not hold; *@ret_more: rows were
 * found, and filled. */
static bool
fill_leftovers(const BackfillContext *context, const Revision *revision, BackfillResult *result,
               bool *ret_more, GError **error)
{
    BackfillContext doubting = *context;
    const gint64 before = result->rows;

    doubting.doubts = true;
    if (!backfill_run(&doubting, revision, result, error))
        return false;
    *ret_more = result->rows > before;
    return true;
}

bool
backfill_complete(const BackfillContext *context, const ApplyContext *apply,
                  const Revision *revision, BackfillResult *ret_result, GError **error)
{
    const Revision *own = NULL;
    g_autoptr(Revision) whole = read_whole(apply->graph, revision, &own, error);
    g_autoptr(GError) cause = NULL;
    bool more = false;

    if (whole == NULL || !backfill_run(context, whole, ret_result, error))
        return false;
    if (ret_result->paused)
        return true;
    FAULT_POINT("backfill-done");
    if (finish(apply, own, &cause))
        return true;
    if (error_is_sqlstate(cause, CHECK_VIOLATION) &&
        !fill_leftovers(context, whole, ret_result, &more, error))
        return false;
    if (ret_result->paused)
        return true;
    if (more)
        return finish(apply, own, error);
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}
