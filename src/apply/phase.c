#include "apply/phase.h"

#include "apply/execute.h"
#include "base/error.h"
#include "base/fault.h"
#include "ledger/events.h"
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
    for (int kind = 0; kind < SECTION_N; kind++) {
        const char *name = section_kind_name((SectionKind) kind);
        const char *ran = g_hash_table_lookup(row->checksums, name);
        g_autofree char *now = revision_checksum(revision, (SectionKind) kind);

        if (ran && g_strcmp0(ran, now) != 0)
            report_warning(context->report,
                           "%s: section %s of %s was edited after it ran in this database; what "
                           "ran stays as it was",
                           revision->path, name, revision->id);
    }
}

bool
phase_open(Phase *phase, const ApplyContext *context, PhaseKind kind, const Revision *revision,
           GError **error)
{
    *phase = (Phase){.context = context, .kind = kind};
    phase->revision = graph_read(context->graph, revision, error);
    phase->rows = phase->revision ? ledger_load_revisions(context->conn, error) : NULL;
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
    g_clear_pointer(&phase->rows, ledger_revisions_free);
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

bool
phase_record(PgConn *conn, gconstpointer data, GError **error)
{
    const Phase *phase = data;
    g_autoptr(LedgerRecord) record =
        ledger_record_new(conn, phase->revision, phase->next, phase->next_is_final,
                          phase_name(phase->kind), phase->steps);

    return ledger_record_write(conn, record, error) &&
           (phase->kind != PHASE_EXPAND ||
            adoption_keep(conn, phase->context->graph, phase->rows, phase->revision, true, error));
}

static bool
append_event(const ApplyContext *context, const char *kind, const char *revision, GError **error)
{
    g_autofree char *text = g_strdup_printf("%s %s", kind, revision);

    return ledger_append_event(context->conn, kind, revision, 0, text, NULL, error);
}

static bool
has_ended(PhaseKind kind, const LedgerRevision *row)
{
    const RevisionState state = row ? row->state : STATE_PENDING;

    return phases[kind].is_way_back ? state < phases[kind].reached : state >= phases[kind].reached;
}

/* @event begins a phase, and the ledger says that this phase has ended. */
static bool
settle_event(const ApplyContext *context, const LedgerEvent *event, const LedgerRevisions *rows,
             GError **error)
{
    const LedgerRevision *row = ledger_find_revision(rows, event->revision);

    for (int kind = 0; kind < PHASE_N; kind++)
        if (g_str_equal(phases[kind].begun, event->kind) && has_ended((PhaseKind) kind, row))
            return append_event(context, phases[kind].ended, event->revision, error);
    return true;
}

bool
phase_settle_events(const ApplyContext *context, GError **error)
{
    g_autoptr(GPtrArray) kinds = g_ptr_array_new();
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(context->conn, error);
    g_autoptr(GPtrArray) events = NULL;

    for (int kind = 0; kind < PHASE_N; kind++) {
        g_ptr_array_add(kinds, (gpointer) phases[kind].begun);
        g_ptr_array_add(kinds, (gpointer) phases[kind].ended);
    }
    g_ptr_array_add(kinds, NULL);
    if (rows == NULL)
        return false;
    events = ledger_load_last_events(context->conn, (const char *const *) kinds->pdata, error);
    if (events == NULL)
        return false;
    for (guint i = 0; i < events->len; i++)
        if (!settle_event(context, g_ptr_array_index(events, i), rows, error))
            return false;
    return true;
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

bool
phase_run(const Phase *phase, Plan *plan, GError **error)
{
    const ApplyContext *context = phase->context;

    warn_of_unknown_locks(phase, plan);
    if (context->dry_run)
        return execute_dry(context, phase->revision, plan, error);
    if (!ledger_begin_phase(context->conn, phase->revision, phases[phase->kind].name, error) ||
        !append_event(context, phases[phase->kind].begun, phase->revision->id, error) ||
        !execute_plan(context, phase->revision, plan, error))
        return false;
    FAULT_POINT("apply-before-event");
    return append_event(context, phases[phase->kind].ended, phase->revision->id, error);
}
