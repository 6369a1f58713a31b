#include "cli/revision-state.h"

char *
revision_state_text(const LedgerRevision *row)
{
    if (row->partly)
        return g_strdup_printf("%s, %s has begun", revision_state_name(row->state), row->partly);
    return g_strdup(revision_state_name(row->state));
}

const char *
revision_state_since(const LedgerRevision *row)
{
    switch (row->state) {
    case STATE_PENDING:
        return NULL;
    case STATE_EXPANDED:
        return row->expanded_at;
    case STATE_BACKFILLED:
        return row->backfilled_at;
    case STATE_CUT_OVER:
        return row->cut_over_at;
    case STATE_CONTRACTED:
        return row->contracted_at;
    }
    g_assert_not_reached();
}

json_t *
revision_state_json(const LedgerRevision *row)
{
    return json_pack("{s:s, s:s, s:s, s:b, s:s?, s:s?, s:s?, s:s?, s:s?, s:s}", "id", row->id,
                     "title", row->title, "state", revision_state_name(row->state), "final",
                     row->final, "partly", row->partly, "expanded_at", row->expanded_at,
                     "backfilled_at", row->backfilled_at, "cut_over_at", row->cut_over_at,
                     "contracted_at", row->contracted_at, "applied_by", row->applied_by);
}

json_t *
revision_adoptions_json(const LedgerRevisions *ledger)
{
    json_t *list = json_array();

    for (guint i = 0; i < ledger->adoptions->len; i++) {
        const LedgerAdoption *adoption = g_ptr_array_index(ledger->adoptions, i);
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "tool", adoption->tool, "relation",
                                              adoption->relation, "kept", adoption->kept));
    }
    return list;
}

void
revision_adoptions_print(const LedgerRevisions *ledger, Output *output)
{
    for (guint i = 0; i < ledger->adoptions->len; i++) {
        const LedgerAdoption *adoption = g_ptr_array_index(ledger->adoptions, i);
        output_line(output, "adopted from %s: %s, %s", adoption->tool, adoption->relation,
                    adoption->kept ? "kept true" : "not kept true");
    }
}
