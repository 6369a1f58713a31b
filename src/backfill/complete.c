#include "backfill/complete.h"

#include "base/fault.h"

bool
backfill_complete(const BackfillContext *context, const ApplyContext *apply,
                  const Revision *revision, BackfillResult *ret_result, GError **error)
{
    bool finished = false;

    if (!backfill_run(context, revision, ret_result, error))
        return false;
    if (ret_result->paused)
        return true;
    FAULT_POINT("backfill-done");
    if (!apply_lock(apply, error))
        return false;
    finished = apply_finish(apply, revision, error);
    apply_unlock(apply);
    return finished;
}
