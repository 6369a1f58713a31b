#include "migrate/next.h"

#include <string.h>

const char *
next_phase(const Revision *revision, const LedgerRevision *row)
{
    if (row == NULL || row->state == STATE_PENDING)
        return "expand";
    if (row->final)
        return NULL;
    if (row->state < STATE_BACKFILLED && revision_has_backfill(revision))
        return "backfill";
    if (row->state < STATE_BACKFILLED && revision_section(revision, SECTION_FINISH, NULL))
        return "finish";
    if (row->state < STATE_CUT_OVER && revision_has_cutover(revision))
        return "cutover";
    if (row->state < STATE_CONTRACTED && revision_has_contract(revision))
        return "contract";
    return NULL;
}

const char *
next_phase_after_expand(const Revision *revision)
{
    return next_phase(revision, &(LedgerRevision){.state = STATE_EXPANDED});
}

char *
next_command(const char *phase, const char *id)
{
    static const char *const commands[][2] = {
        {"expand", "upgrade"},  {"backfill", "backfill run"}, {"finish", "upgrade"},
        {"cutover", "cutover"}, {"contract", "contract"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(commands[i][0], phase) == 0)
            return g_strdup_printf("sluice %s %s", commands[i][1], id);
    g_assert_not_reached();
}

RevisionState
next_reaches(const char *phase)
{
    static const struct {
        const char *phase;
        RevisionState state;
    } states[] = {{"expand", STATE_EXPANDED},
                  {"backfill", STATE_BACKFILLED},
                  {"finish", STATE_BACKFILLED},
                  {"cutover", STATE_CUT_OVER},
                  {"contract", STATE_CONTRACTED}};

    for (guint i = 0; i < G_N_ELEMENTS(states); i++)
        if (strcmp(states[i].phase, phase) == 0)
            return states[i].state;
    g_assert_not_reached();
}
