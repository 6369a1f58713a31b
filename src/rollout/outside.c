/* Gates, approvals, cutover and contract for a person, outside the process that runs the rollout.
 */

#include <string.h>

#include "base/stop.h"
#include "ledger/events.h"
#include "revision/target.h"
#include "rollout/gates.h"

/* With a plan where sluice.yaml names a release; a project without one has gates too. */
static bool
open_outside(Runner *run, const RolloutContext *context, GError **error)
{
    const Settings *settings = context->settings;

    if (!runner_open_drivers(run, context, error))
        return false;
    if (settings->app_name && settings->release_to ? !runner_open_database(run, error)
                                                   : !runner_connect(run, error))
        return false;
    return ledger_ensure(run->conn, context->clock, error);
}

static bool
is_under_way(const LedgerRollout *row)
{
    return row && row->state != ROLLOUT_DONE && row->state != ROLLOUT_ABORTED;
}

bool
rollout_approve(const RolloutContext *context, GateKind kind, const char *who, const char *comment,
                GError **error)
{
    g_auto(Runner) run = {0};
    const char *gate = gate_kind_name(kind);
    const char *digest = NULL;
    g_autofree char *text = NULL;

    if (!open_outside(&run, context, error))
        return false;
    digest = is_under_way(run.row) ? run.row->plan_digest : run.plan ? run.plan->digest : NULL;
    if (digest == NULL) {
        error_set(error, ERROR_STATE, "there is no plan that could be approved");
        return error_hint(error, "Say what is rolled out: rollout.to in sluice.yaml.");
    }
    text = g_strdup_printf("%s approved %s of plan %.12s%s%s", who, gate, digest,
                           comment ? ": " : "", comment ? comment : "");
    report_step(context->report, "%s", text);
    return ledger_add_approval(run.conn, gate, digest, who, comment, error) &&
           ledger_append_event(run.conn, "approval", NULL, is_under_way(run.row) ? run.row->id : 0,
                               text, json_pack("{s:s, s:s}", "gate", gate, "who", who), error);
}

static bool
waits_for(const Revision *revision, RevisionState state, bool final, GateKind kind)
{
    if (kind == GATE_CUTOVER)
        return state < STATE_CUT_OVER && !final && revision_has_cutover(revision);
    return state >= STATE_EXPANDED && state < STATE_CONTRACTED && revision_has_contract(revision);
}

/* @target, or the oldest revision that waits for the gate; *@ret_revision NULL: none does. */
static bool
choose_revision(Runner *run, GateKind kind, const char *target, Revision **ret_revision,
                GError **error)
{
    const Graph *graph = run->context->graph;
    const Revision *wanted = NULL;

    *ret_revision = NULL;
    if (target && !target_point(graph, NULL, target, &wanted, error))
        return false;
    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *header = graph_get(graph, i);
        g_autoptr(Revision) revision = NULL;
        RevisionState state = STATE_PENDING;
        bool final = false;

        if (wanted && strcmp(wanted->id, header->id) != 0)
            continue;
        if (!runner_state(run, header, &state, &final, error))
            return false;
        if (wanted == NULL && final)
            continue;
        revision = graph_read(graph, header, error);
        if (revision == NULL)
            return false;
        if (waits_for(revision, state, final, kind)) {
            *ret_revision = g_steal_pointer(&revision);
            return true;
        }
    }
    return true;
}

static bool
fail_nothing(GateKind kind, const char *target, GError **error)
{
    error_set(error, ERROR_STATE, "%s%s for the %s gate", target ? target : "no revision",
              target ? " does not wait" : " waits", gate_kind_name(kind));
    return error_hint(error, "`sluice status` shows where each revision stands.");
}

static ApplyContext
apply_context(const Runner *run, PgConn *conn)
{
    return (ApplyContext){
        .conn = conn,
        .settings = run->context->settings,
        .clock = run->context->clock,
        .report = run->context->report,
        .graph = run->context->graph,
    };
}

GateResult *
rollout_gate(const RolloutContext *context, GateKind kind, const char *target, GError **error)
{
    g_auto(Runner) run = {0};
    g_autoptr(Revision) revision = NULL;
    ApplyContext apply;
    BackfillContext backfill;
    GateContext gate;

    if (!open_outside(&run, context, error) ||
        !choose_revision(&run, kind, target, &revision, error))
        return NULL;
    if (revision == NULL) {
        fail_nothing(kind, target, error);
        return NULL;
    }
    apply = apply_context(&run, run.conn);
    backfill = runner_backfill_context(&run);
    gate = gates_context(&run, &apply, &backfill, kind);
    return gate_evaluate(&gate, kind, revision, error);
}

/* Time cures an open quiet period; nothing else is waited for here. */
static bool
poll_outside(void *data, const GateResult *result, gint64 sleep_ms, GError **error)
{
    Runner *run = data;
    g_autofree char *obstacle = gate_result_obstacle(result);

    if (result->wait_ms == 0 || result->wait_ms > run->context->settings->gate_quiet_ms)
        return gate_result_fail(result, error);
    if (run->waiting_for == NULL) {
        run->waiting_for = g_strdup(obstacle);
        report_wait(run->context->report, "%s gate: %s", gate_kind_name(result->kind), obstacle);
    }
    clock_sleep_ms(run->context->clock, sleep_ms);
    return stop_check(error);
}

/* @wait: through the quiet period; else it looks once. */
static bool
pass_gate(Runner *run, GateKind kind, const Revision *revision, bool wait, GError **error)
{
    const ApplyContext apply = apply_context(run, run->conn);
    const BackfillContext backfill = runner_backfill_context(run);
    const GateContext gate = gates_context(run, &apply, &backfill, kind);
    g_autoptr(GateResult) result = wait ? gate_wait(&gate, kind, revision, poll_outside, run, error)
                                        : gate_evaluate(&gate, kind, revision, error);

    if (result == NULL)
        return false;
    gates_report(run, result);
    return result->state == CHECK_PASSED || gate_result_fail(result, error);
}

static bool
pass_one(Runner *run, GateKind kind, const Revision *revision, bool dry_run, GError **error)
{
    return pass_gate(run, kind, revision, !dry_run, error) &&
           runner_apply(run, NULL, kind == GATE_CUTOVER ? apply_cutover : apply_contract, revision,
                        dry_run, error);
}

static bool
check_outside(const Runner *run, GateKind kind, GError **error)
{
    if (!is_under_way(run->row))
        return true;
    error_set(error, ERROR_STATE, "rollout %" G_GINT64_FORMAT " of %s to %s is under way: %s",
              run->row->id, run->row->app, run->row->to_version,
              rollout_state_name(run->row->state));
    return error_hint(error, "Its %s is a step of its own: `sluice rollout run`.",
                      gate_kind_name(kind));
}

/* A process that died behind its commit is repeated by whoever ran it: what it had no time to say
 * is said now. */
static bool
pass_again(Runner *run, GateKind kind, const char *target, bool dry_run, GError **error)
{
    const RevisionState done = kind == GATE_CUTOVER ? STATE_CUT_OVER : STATE_CONTRACTED;
    const Revision *revision = NULL;
    RevisionState state = STATE_PENDING;
    bool final = false;

    if (!target_point(run->context->graph, NULL, target, &revision, error) ||
        (revision && !runner_state(run, revision, &state, &final, error)))
        return false;
    if (revision == NULL || state < done)
        return fail_nothing(kind, target, error);
    report_step(run->context->report, "%s is %s already", revision->id, revision_state_name(state));
    return runner_apply(run, NULL, kind == GATE_CUTOVER ? apply_cutover : apply_contract, revision,
                        dry_run, error);
}

GPtrArray *
rollout_pass(const RolloutContext *context, GateKind kind, const char *target, bool dry_run,
             GError **error)
{
    g_auto(Runner) run = {0};
    g_autoptr(GPtrArray) passed = g_ptr_array_new_with_free_func((GDestroyNotify) revision_free);

    if (!open_outside(&run, context, error) || !check_outside(&run, kind, error))
        return NULL;
    for (;;) {
        Revision *revision = NULL;

        if (!choose_revision(&run, kind, target, &revision, error))
            return NULL;
        if (revision == NULL && target && !pass_again(&run, kind, target, dry_run, error))
            return NULL;
        if (revision == NULL)
            return g_steal_pointer(&passed);
        g_ptr_array_add(passed, revision);
        if (!pass_one(&run, kind, revision, dry_run, error))
            return NULL;
        if (target || dry_run)
            return g_steal_pointer(&passed);
    }
}

bool
rollout_undo_cutover(const RolloutContext *context, const char *target, bool dry_run,
                     GError **error)
{
    g_auto(Runner) run = {0};
    const Revision *revision = NULL;

    return open_outside(&run, context, error) && check_outside(&run, GATE_CUTOVER, error) &&
           target_point(context->graph, NULL, target, &revision, error) &&
           runner_apply(&run, NULL, apply_cutover_undo, revision, dry_run, error);
}
