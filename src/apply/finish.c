#include "apply/apply.h"
#include "apply/phase.h"
#include "apply/sync-steps.h"
#include "apply/table-steps.h"
#include "base/error.h"
#include "catalog/wrong-rows.h"

enum { ROWS_NAMED = 5 };

/* VALIDATE first: it proves the backfill, before anything is built on it. */
static bool
plan_finish(Phase *phase, Plan *plan, GError **error)
{
    const Revision *revision = phase->revision;

    if (!sync_steps_validate(phase, plan, error) ||
        !plan_add_section(plan, revision_section(revision, SECTION_FINISH, NULL), error) ||
        !sync_steps_analyze(phase, plan, error) || !table_steps_analyze(phase, plan, error))
        return false;
    plan_cut(plan, true);
    phase->next = STATE_BACKFILLED;
    phase->next_is_final = !revision_has_cutover(revision) && !revision_has_contract(revision);
    plan->record = phase_record;
    plan->data = phase;
    return true;
}

/* Where nothing is filled, the author's verify query is about rows that were there before: they are
 * named before the first statement fails at one of them, half way. */
static bool
check_rows(const Phase *phase, GError **error)
{
    const Section *section = revision_section(phase->revision, SECTION_VERIFY, NULL);
    g_autoptr(SqlScript) script = NULL;

    if (section == NULL || phase->context->dry_run || revision_has_backfill(phase->revision))
        return true;
    script = section_parse(section, error);
    for (guint i = 0; script && i < sql_script_count(script); i++) {
        const char *query = sql_statement_text(sql_script_get(script, i));
        g_autofree char *examples = NULL;
        gint64 count = 0;

        if (!catalog_wrong_rows(phase->context->conn, query, ROWS_NAMED, &count, &examples, error))
            return false;
        if (count == 0)
            continue;
        error_set_at(error, ERROR_CHECK, section->place,
                     "finish of %s waits: its verify query returns %" G_GINT64_FORMAT " row%s: "
                     "%s%s",
                     phase->revision->id, count, count == 1 ? "" : "s", examples,
                     count > ROWS_NAMED ? "; .." : "");
        return error_hint(error,
                          "Mend %s, and run the same command again; `sluice backfill verify "
                          "%s` counts what is left.",
                          count == 1 ? "it" : "them", phase->revision->id);
    }
    return script != NULL;
}

bool
apply_finish(const ApplyContext *context, const Revision *revision, GError **error)
{
    g_auto(Phase) phase = {0};
    g_autoptr(Plan) plan = plan_new(phase_name(PHASE_FINISH));

    if (!phase_open(&phase, context, PHASE_FINISH, revision, error))
        return false;
    if (phase.is_final || phase.state >= STATE_BACKFILLED)
        return true;
    if (!context->dry_run &&
        !phase_require(&phase, STATE_EXPANDED, "Run `sluice upgrade` first.", error))
        return false;
    return check_rows(&phase, error) && plan_finish(&phase, plan, error) &&
           phase_run(&phase, plan, error);
}
