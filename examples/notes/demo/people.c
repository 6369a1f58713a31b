#include "demo/people.h"

#include <string.h>

#include "demo/database.h"
#include "demo/tool.h"

enum { THINK_US = 1500 * 1000 };

static const struct {
    const char *kind, *who[3];
} gates[] = {
    {"cutover", {"alice", NULL}},
    {"contract", {"alice", "bob", NULL}},
};

void
people_init(People *people, const Stage *stage)
{
    *people = (People){.stage = stage, .gate_step = -1};
}

static const char *const *
approvers_of(const char *kind)
{
    for (gsize i = 0; i < G_N_ELEMENTS(gates); i++)
        if (strcmp(gates[i].kind, kind) == 0)
            return gates[i].who;
    return NULL;
}

static bool
count_mismatches(const People *people, Findings *findings, GError **error)
{
    gint64 rows;

    if (!database_count_mismatches(people->stage, &rows, error))
        return false;
    timeline_say(people->stage->timeline, "demo",
                 "counted independently: %" G_GINT64_FORMAT " of all rows differ between the names",
                 rows);
    findings->parity_checks++;
    findings->parity_mismatches += rows;
    return true;
}

bool
people_look(People *people, const RolloutView *view, Findings *findings, GError **error)
{
    const gint64 now = g_get_monotonic_time();
    const char *const *who = approvers_of(view->kind);
    const char *words[] = {"approve", view->kind, NULL};

    if (who == NULL || strcmp(view->step_state, "waiting") != 0)
        return true;
    if (people->gate_step != view->step) {
        people->gate_step = view->step;
        people->waiting_since = now;
        people->counted = false;
        people->approved = 0;
    }
    if (now - people->waiting_since < THINK_US || who[people->approved] == NULL)
        return true;
    if (!people->counted && !count_mismatches(people, findings, error))
        return false;
    people->counted = true;
    people->waiting_since = now;
    timeline_say(people->stage->timeline, who[people->approved], "$ sluice approve %s", view->kind);
    return tool_run(people->stage, who[people->approved++], words, error);
}
