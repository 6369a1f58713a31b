#include "base/text.h"
#include "rollout/share.h"
#include "rollout/step.h"

enum { SOAK_POLL_MS = 500 };

bool
step_soak_observe(Runner *run G_GNUC_UNUSED, StepRun *step, bool *ret_done,
                  GError **error G_GNUC_UNUSED)
{
    g_autofree char *soaked = text_format_duration_ms(step->age_ms);
    g_autofree char *wanted = text_format_duration_ms(step->spec->duration_ms);

    *ret_done = step->age_ms >= step->spec->duration_ms;
    if (*ret_done)
        step_say(step, "soaked %s, %s asked for", soaked, wanted);
    return true;
}

/* The age comes from the server's clock once; from there on ours counts on. */
bool
step_soak_act(Runner *run, StepRun *step, GError **error)
{
    const gint64 begun_ms = clock_now_ms(run->context->clock) - step->age_ms;
    g_autofree char *wanted = text_format_duration_ms(step->spec->duration_ms);
    g_autofree char *cause =
        g_strdup_printf("soaking for %s, the old version kept ready for the way back", wanted);
    bool done = false;

    for (;;) {
        TrafficState state;

        step->age_ms = clock_now_ms(run->context->clock) - begun_ms;
        if (!step_soak_observe(run, step, &done, error) || done)
            return done;
        if (run->traffic && !share_watch(run, step, -1, &state, error))
            return false;
        runner_progress(run, step, step->age_ms, step->spec->duration_ms, NULL);
        if (!runner_poll(run, step, MIN(SOAK_POLL_MS, step->spec->duration_ms - step->age_ms),
                         cause, error))
            return false;
    }
}
