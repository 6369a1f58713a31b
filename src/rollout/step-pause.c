#include "base/text.h"
#include "rollout/share.h"
#include "rollout/step.h"

enum { PAUSE_POLL_MS = 300 };

/* One without a duration is ended by `rollout resume`, which writes the step done. */
bool
step_pause_observe(Runner *run G_GNUC_UNUSED, StepRun *step, bool *ret_done,
                   GError **error G_GNUC_UNUSED)
{
    g_autofree char *paused = text_format_duration_ms(step->spec->duration_ms);

    *ret_done = json_is_true(json_object_get(step->evidence, "resumed")) ||
                (step->spec->duration_ms > 0 && step->age_ms >= step->spec->duration_ms);
    if (*ret_done)
        step_say(step, "paused %s", step->spec->duration_ms ? paused : "until resumed");
    return true;
}

bool
step_pause_act(Runner *run, StepRun *step, GError **error)
{
    const gint64 begun_ms = clock_now_ms(run->context->clock) - step->age_ms;
    bool done = false;

    for (;;) {
        TrafficState state;
        const LedgerRolloutStep *row = NULL;

        if (!runner_reload(run, error))
            return false;
        row = g_ptr_array_index(run->row->steps, (guint) step->ordinal);
        step->age_ms = clock_now_ms(run->context->clock) - begun_ms;
        json_object_update(step->evidence, row->evidence ? row->evidence : step->evidence);
        if (!step_pause_observe(run, step, &done, error) || done)
            return done;
        if (run->traffic && !share_watch(run, step, -1, &state, error))
            return false;
        if (step->spec->duration_ms > 0)
            runner_progress(run, step, step->age_ms, step->spec->duration_ms, NULL);
        if (!runner_poll(run, step, PAUSE_POLL_MS,
                         step->spec->duration_ms ? "pause"
                                                 : "paused: `sluice rollout resume` goes on",
                         error))
            return false;
    }
}
