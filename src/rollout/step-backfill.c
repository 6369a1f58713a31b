#include "base/fault.h"
#include "base/text.h"
#include "ledger/backfills.h"
#include "rollout/step.h"

enum { PAUSED_POLL_MS = 300 };

bool
step_backfill_observe(Runner *run, StepRun *step, bool *ret_done, GError **error)
{
    *ret_done = false;
    for (guint i = 0; i < run->plan->revisions->len; i++) {
        RevisionState state = STATE_PENDING;
        bool final = false;

        if (!runner_state(run, g_ptr_array_index(run->plan->revisions, i), &state, &final, error))
            return false;
        if (state < STATE_BACKFILLED && !final)
            return true;
    }
    if (json_object_get(step->evidence, "text") == NULL)
        step_say(step, "nothing is left to fill");
    *ret_done = true;
    return true;
}

static bool
is_wanted(Runner *run, const Revision *revision, bool *ret_wanted, GError **error)
{
    g_autoptr(GPtrArray) backfills = ledger_load_backfills(run->conn, revision->id, error);

    if (backfills == NULL)
        return false;
    *ret_wanted = true;
    for (guint i = 0; i < backfills->len; i++) {
        const LedgerBackfill *backfill = g_ptr_array_index(backfills, i);

        if (backfill->state == LEDGER_BACKFILL_RUNNING && backfill->wanted == LEDGER_WANT_PAUSE)
            *ret_wanted = false;
    }
    return true;
}

static bool
wait_until_wanted(Runner *run, StepRun *step, const Revision *revision, GError **error)
{
    bool wanted = false;

    for (;;) {
        if (!is_wanted(run, revision, &wanted, error))
            return false;
        if (wanted)
            return true;
        if (!runner_poll(run, step, PAUSED_POLL_MS,
                         "the backfill is paused: `sluice backfill resume` goes on", error))
            return false;
    }
}

static void
note_result(StepRun *step, const BackfillResult *result)
{
    g_autofree char *rows = text_format_count(result->rows);
    g_autofree char *rate = text_format_count((gint64) result->rows_per_s);

    json_object_set_new(step->evidence, "rows", json_integer(result->rows));
    json_object_set_new(step->evidence, "rows_per_s", json_real(result->rows_per_s));
    json_object_set_new(step->evidence, "throttled_ms", json_integer(result->throttled_ms));
    step_say(step, "%s rows filled, %s rows/s", rows, rate);
}

static bool
fill(Runner *run, StepRun *step, const Revision *revision, GError **error)
{
    const BackfillContext context = runner_backfill_context(run);
    BackfillResult result = {.paused = true};

    while (result.paused) {
        if (!wait_until_wanted(run, step, revision, error) || !runner_check(run, error) ||
            !backfill_run(&context, revision, &result, error))
            return false;
        FAULT_POINT("rollout-backfill-ran");
    }
    note_result(step, &result);
    return runner_check(run, error);
}

bool
step_backfill_act(Runner *run, StepRun *step, GError **error)
{
    for (guint i = 0; i < run->plan->revisions->len; i++) {
        const Revision *revision = g_ptr_array_index(run->plan->revisions, i);
        RevisionState state = STATE_PENDING;
        bool final = false;

        if (!runner_state(run, revision, &state, &final, error))
            return false;
        if (state >= STATE_BACKFILLED || final)
            continue;
        if (revision_has_backfill(revision) && !fill(run, step, revision, error))
            return false;
        if (!runner_apply(run, step, apply_finish, revision, false, error))
            return false;
        FAULT_POINT("rollout-backfill-finished");
    }
    return true;
}
