#include <string.h>

#include "apply/apply.h"
#include "apply/batch.h"
#include "apply/phase.h"
#include "apply/sync-steps.h"
#include "apply/table-steps.h"
#include "base/error.h"

static bool
check_parents(const Phase *phase, GError **error)
{
    for (guint i = 0; i < phase->revision->revises->len; i++) {
        const char *id = g_ptr_array_index(phase->revision->revises, i);
        const LedgerRevision *parent = ledger_find_revision(phase->rows, id);

        if (parent && parent->state >= STATE_EXPANDED)
            continue;
        error_set(error, ERROR_STATE, "expand of %s needs its parent %s expanded first",
                  phase->revision->id, id);
        return error_hint(error, "Run `sluice upgrade %s`: it takes the parents along.",
                          phase->revision->id);
    }
    return true;
}

Plan *
expand_plan_new(const Revision *revision, GError **error)
{
    g_autoptr(Plan) plan = plan_new(phase_name(PHASE_EXPAND));

    if (!plan_add_section(plan, revision_section(revision, SECTION_EXPAND, NULL), error))
        return NULL;
    plan_cut(plan, revision->statement_transactions);
    return g_steal_pointer(&plan);
}

static bool
plan_expand(Phase *phase, Plan *plan, GError **error)
{
    const Revision *revision = phase->revision;

    phase->next = STATE_EXPANDED;
    phase->next_is_final = !phase_has_finish(revision) && !revision_has_cutover(revision) &&
                           !revision_has_contract(revision);
    plan->record = phase_record;
    plan->make_record = phase->rows->adoptions->len == 0 ? phase_make_record : NULL;
    plan->data = phase;
    return sync_steps_expand(phase, plan, error) && table_steps_expand(phase, plan, error);
}

/* An app's prepared statements whose result gets a column fail once with "cached plan must not
 * change result type"; drivers prepare again, and the reader of a log should know why. */
static void
tell_of_prepared(const Phase *phase, const Plan *plan)
{
    g_autoptr(GPtrArray) statements = plan_statements(plan->steps);

    for (guint i = 0; i < statements->len; i++) {
        g_autoptr(GPtrArray) added = sql_statement_adds_columns(g_ptr_array_index(statements, i));

        if (added->len > 0)
            report_detail(phase->context->report,
                          "%s adds column %s: a prepared `SELECT *` or `RETURNING *` of the app "
                          "fails once after it (\"cached plan must not change result type\")",
                          phase->revision->id, (const char *) g_ptr_array_index(added, 0));
    }
}

bool
apply_expand(const ApplyContext *context, const Revision *revision, GError **error)
{
    g_auto(Phase) phase = {0};
    g_autoptr(Plan) plan = NULL;

    if (!phase_open(&phase, context, PHASE_EXPAND, revision, error))
        return false;
    if (phase.state >= STATE_EXPANDED)
        return true;
    if ((!phase.is_checked && !revision_check_to_run(phase.revision, error)) ||
        (!context->dry_run && !check_parents(&phase, error)))
        return false;
    plan = batch_take_plan(context->batch, revision->id);
    if (plan == NULL)
        plan = expand_plan_new(phase.revision, error);
    if (plan == NULL || !plan_expand(&phase, plan, error))
        return false;
    tell_of_prepared(&phase, plan);
    return phase_run(&phase, plan, error);
}
