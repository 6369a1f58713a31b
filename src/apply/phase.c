#include "apply/phase.h"

#include "apply/batch.h"
#include "apply/execute.h"
#include "apply/settle.h"
#include "base/error.h"
#include "base/fault.h"
#include "ledger/events.h"
#include "ledger/integrity.h"
#include "peers/keep.h"

/* @reached: the state that a phase ends in; one of the way back ends below it. */
static const struct {
    const char *name;
    const char *begun, *ended; /* kinds of its two events */
    RevisionState reached;
    bool is_way_back;
} phases[PHASE_N] = {
    [PHASE_EXPAND] = {"expand", "expanding", "expanded", STATE_EXPANDED, false},
    [PHASE_FINISH] = {"finish", "finishing", "backfilled", STATE_BACKFILLED, false},
    [PHASE_CUTOVER] = {"cutover", "cutting-over", "cut-over", STATE_CUT_OVER, false},
    [PHASE_CUTOVER_UNDO] = {"cutover undo", "undoing-cutover", "cutover-undone", STATE_CUT_OVER,
                            true},
    [PHASE_CONTRACT] = {"contract", "contracting", "contracted", STATE_CONTRACTED, false},
    [PHASE_DOWNGRADE] = {"downgrade", "downgrading", "downgraded", STATE_EXPANDED, true},
};

const char *
phase_name(PhaseKind kind)
{
    return phases[kind].name;
}

void
apply_warn_of_edits(const ApplyContext *context, const Revision *revision,
                    const LedgerRevision *row)
{
    g_autoptr(GPtrArray) edits =
        g_ptr_array_new_with_free_func((GDestroyNotify) integrity_finding_free);

    integrity_add_edits(edits, revision, row);
    for (guint i = 0; i < edits->len; i++) {
        const IntegrityFinding *edit = g_ptr_array_index(edits, i);
        report_warning(context->report, "%s; what ran stays as it was", edit->message);
    }
}

bool
phase_open(Phase *phase, const ApplyContext *context, PhaseKind kind, const Revision *revision,
           GError **error)
{
    ApplyBatch *batch = context->batch;

    *phase = (Phase){.context = context, .kind = kind};
    phase->revision = batch ? batch_take_revision(batch, revision->id) : NULL;
    phase->is_checked = phase->revision != NULL;
    if (phase->revision == NULL)
        phase->revision = graph_read(context->graph, revision, error);
    if (phase->revision)
        phase->rows =
            batch ? apply_batch_rows(context, error) : ledger_load_revisions(context->conn, error);
    if (phase->rows == NULL)
        return false;
    phase->row = ledger_find_revision(phase->rows, revision->id);
    phase->state = phase->row ? phase->row->state : STATE_PENDING;
    phase->is_final = phase->row && phase->row->final;
    if (phase->row)
        apply_warn_of_edits(context, phase->revision, phase->row);
    return true;
}

void
phase_clear(Phase *phase)
{
    g_clear_pointer(&phase->revision, revision_free);
    if (phase->context && !phase->context->batch)
        ledger_revisions_free(phase->rows);
    phase->rows = NULL;
    g_clear_pointer(&phase->steps, g_ptr_array_unref);
}

bool
phase_require(const Phase *phase, RevisionState needed, const char *hint, GError **error)
{
    if (phase->state == needed)
        return true;
    error_set(error, ERROR_STATE, "%s of %s needs it %s, and it is %s", phases[phase->kind].name,
              phase->revision->id, revision_state_name(needed), revision_state_name(phase->state));
    return error_hint(error, "%s", hint);
}

bool
phase_has_finish(const Revision *revision)
{
    return revision_has_backfill(revision) || revision_section(revision, SECTION_FINISH, NULL);
}

RevisionState
phase_filled_state(const Revision *revision)
{
    return phase_has_finish(revision) ? STATE_BACKFILLED : STATE_EXPANDED;
}

LedgerRecord *
phase_make_record(PgConn *conn, gconstpointer data)
{
    const Phase *phase = data;
    const bool is_first = phase->row == NULL && phase->kind == PHASE_EXPAND && phase->steps &&
                          !g_hash_table_contains(phase->rows->tried, phase->revision->id);

    return ledger_record_new(conn, phase->revision, phase->next, phase->next_is_final,
                             phase_name(phase->kind), phase->steps, is_first);
}

bool
phase_record(PgConn *conn, gconstpointer data, GError **error)
{
    const Phase *phase = data;
    g_autoptr(LedgerRecord) record = phase_make_record(conn, phase);

    return ledger_record_write(conn, record, error) &&
           (phase->kind != PHASE_EXPAND ||
            adoption_keep(conn, phase->context->graph, phase->rows, phase->revision, true, error));
}

static bool
append_event(const ApplyContext *context, const char *kind, const char *revision, GError **error)
{
    g_autofree char *text = g_strdup_printf("%s %s", kind, revision);

    if (context->batch)
        return batch_add_event(context, kind, revision, text, error);
    return ledger_append_event(context->conn, kind, revision, 0, text, NULL, error);
}

static bool
has_ended(PhaseKind kind, const LedgerRevision *row)
{
    const RevisionState state = row ? row->state : STATE_PENDING;

    return phases[kind].is_way_back ? state < phases[kind].reached : state >= phases[kind].reached;
}

/* The last event of a revision does not say what the ledger does: the kind of the one that is
 * missing, or NULL. A batch may have died before it said anything of an expand. */
static const char *
missing_event(const LedgerUnsettled *last, const LedgerRevision *row)
{
    for (int kind = 0; last->kind && kind < PHASE_N; kind++)
        if (g_str_equal(phases[kind].begun, last->kind))
            return has_ended((PhaseKind) kind, row) ? phases[kind].ended : NULL;
    return phases[PHASE_EXPAND].ended;
}

/* Of all phases, by commas. */
static char *
join_kinds(bool of_begun)
{
    GString *list = g_string_new(NULL);

    for (int kind = 0; kind < PHASE_N; kind++)
        g_string_append_printf(list, "%s%s", kind ? "," : "",
                               of_begun ? phases[kind].begun : phases[kind].ended);
    return g_string_free(list, FALSE);
}

bool
phase_settle_events(const ApplyContext *context, GError **error)
{
    g_autofree char *begun = join_kinds(true);
    g_autofree char *ended = join_kinds(false);
    const LedgerPhaseKinds kinds = {begun, ended, phases[PHASE_DOWNGRADE].ended};
    g_autoptr(GPtrArray) unsettled = ledger_load_unsettled(context->conn, &kinds, error);
    g_autoptr(LedgerRevisions) rows = NULL;

    if (unsettled == NULL)
        return false;
    if (unsettled->len > 0 && (rows = ledger_load_revisions(context->conn, error)) == NULL)
        return false;
    for (guint i = 0; i < unsettled->len; i++) {
        const LedgerUnsettled *last = g_ptr_array_index(unsettled, i);
        const char *missing = missing_event(last, ledger_find_revision(rows, last->revision));

        if (missing && !append_event(context, missing, last->revision, error))
            return false;
    }
    return settle_changes(context->conn, error);
}

static void
warn_of_unknown_locks(const Phase *phase, const Plan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const PlanStep *step = g_ptr_array_index(plan->steps, i);
        g_autofree char *where = step->unknown_locks ? plan_step_describe(step) : NULL;

        if (where)
            report_warning(phase->context->report,
                           "%s: the locks that this statement takes cannot be known beforehand; "
                           "it runs alone, under the stall budget",
                           where);
    }
}

/* Effect and record share one transaction: there is nothing that an intent would be for. */
static bool
is_one_transaction(const Phase *phase, const Plan *plan)
{
    if (phase->row && phase->row->partly)
        return false;
    return plan->runs->len == 0 ||
           (plan->runs->len == 1 && ((PlanRun *) g_ptr_array_index(plan->runs, 0))->transactional);
}

static bool
execute(Phase *phase, Plan *plan, GError **error)
{
    const ApplyContext *context = phase->context;

    if (!is_one_transaction(phase, plan))
        return ledger_begin_phase(context->conn, phase->revision, plan->phase, error) &&
               execute_plan(context, phase->revision, plan, error);
    phase->steps = plan_journal(plan);
    return execute_at_once(context, phase->revision, plan, error);
}

bool
phase_run(Phase *phase, Plan *plan, GError **error)
{
    const ApplyContext *context = phase->context;
    const char *id = phase->revision->id;

    warn_of_unknown_locks(phase, plan);
    if (context->dry_run)
        return execute_dry(context, phase->revision, plan, error);
    if (!append_event(context, phases[phase->kind].begun, id, error))
        return false;
    if (!execute(phase, plan, error)) {
        apply_batch_flush(context, NULL);
        return false;
    }
    if (context->batch)
        ledger_revisions_note(phase->rows, phase->revision, phase->next, phase->next_is_final);
    FAULT_POINT("apply-before-event");
    return append_event(context, phases[phase->kind].ended, id, error);
}
