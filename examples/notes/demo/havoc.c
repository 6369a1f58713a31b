#include "demo/havoc.h"

#include <string.h>

/* How long a step usually takes here, and whether the database may crash in it. */
static const struct {
    const char *kind;
    gint64 usual_ms;
    bool feels_crash;
} habits[] = {
    {"expand", 6500, false}, {"deploy", 600, false},   {"backfill", 8000, true},
    {"weight", 40, false},   {"analysis", 5000, true}, {"cutover", 4000, false},
    {"soak", 10000, true},   {"retire", 1500, false},  {"contract", 8000, false},
};

enum { CRASH_CHANCE = 5 };

void
havoc_init(Havoc *havoc, guint32 seed)
{
    *havoc = (Havoc){.random = g_rand_new_with_seed(seed)};
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

/* The soak is the last step in which it can still happen. */
static bool
draw_crash(Havoc *havoc, const RolloutView *view)
{
    return habits[habit_of(view->kind)].feels_crash &&
           (strcmp(view->kind, "soak") == 0 ||
            g_rand_int_range(havoc->random, 0, CRASH_CHANCE) == 0);
}

static void
plan(Havoc *havoc, const RolloutView *view)
{
    const gint64 now = g_get_monotonic_time();
    const gint64 usual_us = habits[habit_of(view->kind)].usual_ms * 1000;

    havoc->steps_begun = view->step + 1;
    havoc->kill_at = now + (gint64) (g_rand_double(havoc->random) * (double) usual_us);
    if (!havoc->crash_drawn && draw_crash(havoc, view)) {
        havoc->crash_drawn = true;
        havoc->crash_at = now + (gint64) (g_rand_double(havoc->random) * (double) usual_us);
    }
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
