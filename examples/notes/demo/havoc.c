#include "demo/havoc.h"

#include <string.h>

/* How long a step usually takes here, and whether the database may crash in it. */
static const struct {
    const char *kind;
    gint64 usual_ms;
    bool feels_crash;
} habits[] = {
    {"expand", 6000, false}, {"deploy", 350, false},   {"backfill", 20000, true},
    {"weight", 10, false},   {"analysis", 5000, true}, {"cutover", 2500, false},
    {"soak", 9000, true},    {"retire", 1300, false},  {"contract", 5000, false},
};

/* Steps of sluice.yaml that feel it: the backfill, four analyses, the soak. */
enum { STEPS_THAT_FEEL_CRASH = 6 };

void
havoc_init(Havoc *havoc, guint32 seed)
{
    *havoc = (Havoc){.random = g_rand_new_with_seed(seed)};
    havoc->steps_until_crash = g_rand_int_range(havoc->random, 0, STEPS_THAT_FEEL_CRASH);
}

void
havoc_clear(Havoc *havoc)
{
    g_clear_pointer(&havoc->random, g_rand_free);
}

static gsize
habit_of(const char *kind)
{
    for (gsize i = 0; i < G_N_ELEMENTS(habits); i++)
        if (strcmp(habits[i].kind, kind) == 0)
            return i;
    return 0;
}

static gint64
random_moment(Havoc *havoc, gint64 usual_ms)
{
    return g_get_monotonic_time() +
           (gint64) (g_rand_double(havoc->random) * (double) usual_ms * 1000);
}

static void
plan(Havoc *havoc, const RolloutView *view)
{
    const gsize habit = habit_of(view->kind);

    havoc->steps_begun = view->step + 1;
    havoc->kill_at = random_moment(havoc, habits[habit].usual_ms);
    if (habits[habit].feels_crash && havoc->steps_until_crash-- == 0)
        havoc->crash_at = random_moment(havoc, habits[habit].usual_ms);
}

HavocAct
havoc_look(Havoc *havoc, const RolloutView *view)
{
    const gint64 now = g_get_monotonic_time();
    const bool step_is_over = view->step >= havoc->steps_begun || view->step < 0;

    if (havoc->crash_at > 0 && now >= havoc->crash_at) {
        havoc->crash_at = 0;
        return HAVOC_CRASH_DATABASE;
    }
    if (havoc->kill_at > 0 && (now >= havoc->kill_at || step_is_over)) {
        havoc->kill_at = 0;
        return HAVOC_KILL_SLUICE;
    }
    if (view->step >= havoc->steps_begun)
        plan(havoc, view);
    return HAVOC_NOTHING;
}
