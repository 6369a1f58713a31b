#include "rollout/abort.h"

#include <string.h>

#include "base/fault.h"
#include "ledger/backfills.h"
#include "ledger/events.h"
#include "rollout/share.h"
#include "rollout/step.h"

enum { REASON_LOOKS = 20, REASON_POLL_MS = 100 };

/* What an abort undoes in the ledger: these begin anew when it is resumed. */
static const char *const undone_kinds[] = {"weight", "analysis", "pause", "cutover", "soak", NULL};

static bool
has_begun(const LedgerRollout *row, StepKind kind)
{
    for (guint i = 0; i < row->steps->len; i++) {
        const LedgerRolloutStep *step = g_ptr_array_index(row->steps, i);

        if (strcmp(step->kind, step_kind_name(kind)) == 0 && step->state != STEP_PENDING &&
            step->state != STEP_UNDONE)
            return true;
    }
    return false;
}

/* The traffic matters more than its record: a full disk keeps nobody from going back. Whoever runs
 * the rollout sees it in the router, and the ledger is told. */
static void
note_intent(Runner *run)
{
    g_autoptr(GError) local = NULL;

    if (run->journal == NULL || runner_is_aborted_here(run))
        return;
    if (!journal_append(run->journal, run->release, "abort", 0, &local))
        report_warning(run->context->report, "%s", local->message);
    FAULT_POINT("rollout-abort-journaled");
}

/* Does a cutover have statements of its own, so that the old app may not find its names? */
static bool
may_need_undo(const RolloutContext *context)
{
    for (guint i = 0; i < graph_count(context->graph); i++) {
        g_autoptr(Revision) revision =
            graph_read(context->graph, graph_get(context->graph, i), NULL);

        if (revision == NULL || revision_section(revision, SECTION_CUTOVER, NULL))
            return true;
    }
    return false;
}

/* A cutover that is a record alone keeps no traffic from going back: its undo can wait for the
 * database. */
static bool
undo_cutover(Runner *run, GError **error)
{
    GError *local = NULL;

    if (step_kinds[STEP_KIND_CUTOVER].undo(run, &local))
        return true;
    if (error_is(local, ERROR_CONNECTION) && !may_need_undo(run->context)) {
        g_error_free(local);
        return true;
    }
    g_propagate_error(error, local);
    return false;
}

/* The old app may need the old names before it gets the traffic. */
static bool
go_back(Runner *run, GError **error)
{
    note_intent(run);
    if (!undo_cutover(run, error))
        return false;
    FAULT_POINT("rollout-abort-undone");
    if (!step_kinds[STEP_KIND_WEIGHT].undo(run, error))
        return false;
    FAULT_POINT("rollout-abort-returned");
    if (run->traffic)
        report_step(run->context->report, "all traffic is back on stable; the canary's servers are "
                                          "taken out");
    return true;
}

static bool
pause_backfills(Runner *run, GError **error)
{
    for (guint i = 0; i < run->plan->revisions->len; i++) {
        const Revision *revision = g_ptr_array_index(run->plan->revisions, i);
        gint64 unused = 0;

        if (!ledger_want_backfill(run->conn, revision->id, LEDGER_WANT_PAUSE, &unused, error))
            return false;
    }
    return true;
}

/* Fences off whoever runs it, too. */
static bool
tell_ledger(Runner *run, const char *reason, GError **error)
{
    const bool was_aborted = run->row->state == ROLLOUT_ABORTED;

    if (!ledger_abort_rollout(run->conn, run->row->id, reason, undone_kinds, error))
        return false;
    FAULT_POINT("rollout-abort-recorded");
    if (!pause_backfills(run, error))
        return false;
    if (!was_aborted &&
        !runner_tell(run, "abort", NULL, json_pack("{s:s}", "reason", reason), error,
                     "rollout %" G_GINT64_FORMAT " aborted: %s", run->row->id, reason))
        return false;
    return runner_reload(run, error);
}

static bool
holds_abort(json_t *lines, const char *release)
{
    json_t *line = NULL;
    size_t i = 0;

    json_array_foreach(lines, i, line)
    {
        const char *of = json_string_value(json_object_get(line, "release"));
        const char *action = json_string_value(json_object_get(line, "action"));

        if (g_strcmp0(of, release) == 0 && g_strcmp0(action, "abort") == 0)
            return true;
    }
    return false;
}

/* The journal says aborted, and the ledger does not: either it was never told, or somebody resumed
 * the rollout from another machine. */
static bool
reconcile(Runner *run, json_t *unreported, GError **error)
{
    const LedgerRollout *row = run->row;

    if (row->state == ROLLOUT_ABORTED || row->state == ROLLOUT_DONE ||
        g_strcmp0(row->to_version, run->context->settings->release_to) != 0 ||
        !runner_is_aborted_here(run))
        return true;
    if (!holds_abort(unreported, run->release))
        return journal_append(run->journal, run->release, "resume", 0, error);
    return (!has_begun(row, STEP_KIND_CUTOVER) || step_kinds[STEP_KIND_CUTOVER].undo(run, error)) &&
           tell_ledger(run, "aborted while the database did not answer", error);
}

/* Somebody aborts from this machine just now, and knows why: the ledger has it from them in a
 * moment. */
static bool
wait_for_reason(Runner *run, GError **error)
{
    for (int i = 0; i < REASON_LOOKS; i++) {
        if (!runner_reload(run, error))
            return false;
        if (run->row->state == ROLLOUT_ABORTED)
            return true;
        clock_sleep_ms(run->context->clock, REASON_POLL_MS);
    }
    return true;
}

/* Else at the next contact. */
static void
report_journal(Runner *run)
{
    g_autoptr(GError) local = NULL;

    if (!abort_report_journal(run, &local))
        report_warning(run->context->report, "%s", local->message);
}

bool
abort_carry_out(Runner *run, const char *reason, GError **error)
{
    const bool by_others = runner_is_aborted_here(run);
    g_autoptr(GError) local = NULL;

    if (!go_back(run, error))
        return false;
    if ((!by_others || wait_for_reason(run, &local)) && tell_ledger(run, reason, &local)) {
        report_journal(run);
        return true;
    }
    report_warning(run->context->report,
                   "the ledger does not know of the abort yet (%s): it is told at the next contact",
                   local->message);
    return true;
}

bool
abort_report_journal(Runner *run, GError **error)
{
    g_autoptr(json_t) lines = NULL;
    gint64 mark = 0;

    if (run->journal == NULL || run->row == NULL)
        return true;
    lines = journal_unreported(run->journal, &mark);
    if (!reconcile(run, lines, error))
        return false;
    if (json_array_size(lines) == 0)
        return true;
    return ledger_append_event(run->conn, "journal", NULL, run->row->id,
                               "what this machine's journal of traffic actions holds",
                               json_pack("{s:O}", "lines", lines), error) &&
           journal_reported(run->journal, mark, error) && runner_reload(run, error);
}

/* Past retire there is no old version to send traffic to; past contract there never will be. */
static bool
check_abortable(const Runner *run, GError **error)
{
    const LedgerRollout *row = run->row;
    const char *from = row && row->from_version ? row->from_version : "the old version";

    if (row == NULL) {
        error_set(error, ERROR_STATE, "no rollout of %s is under way",
                  run->context->settings->app_name);
        return error_hint(error, "`sluice rollout status` shows the last one.");
    }
    if (has_begun(row, STEP_KIND_CONTRACT) || row->state == ROLLOUT_DONE) {
        error_set(error, ERROR_STATE,
                  "rollout %" G_GINT64_FORMAT " of %s to %s is %s: the old shape is going or gone",
                  row->id, row->app, row->to_version,
                  row->state == ROLLOUT_DONE ? "done" : "contracting");
        return error_hint(error, "The lowest version that still fits is %s: fix forward.",
                          row->to_version);
    }
    if (has_begun(row, STEP_KIND_RETIRE)) {
        error_set(error, ERROR_STATE,
                  "rollout %" G_GINT64_FORMAT " of %s to %s has retired %s: nobody could take the "
                  "traffic back",
                  row->id, row->app, row->to_version, from);
        return error_hint(error,
                          "Redeploy the old version: start %s, wait until the router sees it "
                          "up, and roll out from %s to %s. The schema still fits it.",
                          from, row->to_version, from);
    }
    return true;
}

/* The canary has everything: a cutover may have been done, or the old version be on its way out,
 * and only the ledger knows. */
static bool
is_late(const Runner *run, bool *ret_late, GError **error)
{
    TrafficState state;

    *ret_late = true;
    if (run->traffic == NULL)
        return true;
    if (!traffic_read(run->traffic, &state, error))
        return false;
    *ret_late = traffic_is_at(&state, 100);
    return true;
}

/* The database is away. Nobody can record a retire or a cutover meanwhile, so what the router says
 * holds; only DDL of a cutover cannot be seen from here. */
static bool
abort_alone(Runner *run, bool is_back, const char *why, GError **error)
{
    if (!is_back && may_need_undo(run->context)) {
        error_set(error, ERROR_CONNECTION,
                  "the cutover may have to be undone first, and the database does not answer: %s",
                  why);
        return error_hint(error, "Run this again once it does.");
    }
    if (!is_back && !go_back(run, error))
        return false;
    report_warning(run->context->report,
                   "the database does not answer (%s): the ledger is told at the next contact",
                   why);
    return true;
}

bool
rollout_abort(const RolloutContext *context, const char *reason, GError **error)
{
    g_auto(Runner) run = {0};
    g_autoptr(GError) local = NULL;
    bool late = false;

    if (!runner_open_drivers(&run, context, error) || !is_late(&run, &late, error) ||
        (!late && !go_back(&run, error)))
        return false;
    if (!runner_open_database(&run, &local)) {
        if (run.traffic && error_is(local, ERROR_CONNECTION))
            return abort_alone(&run, !late, local->message, error);
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    if (!check_abortable(&run, error))
        return false;
    if (!tell_ledger(&run, reason, error))
        return false;
    if (late && !go_back(&run, error))
        return false;
    report_journal(&run);
    return true;
}
