#include "rollout/gates.h"

#include "rollout/share.h"
#include "rollout/step.h"

static bool
step_is_done(const Runner *run, StepKind kind)
{
    for (guint i = 0; runner_is_current(run) && i < run->row->steps->len; i++) {
        const LedgerRolloutStep *row = g_ptr_array_index(run->row->steps, i);

        if (rollout_plan_spec(run->plan, i)->kind == kind && row->state == STEP_DONE)
            return true;
    }
    return false;
}

static void
find_last_judged(const Runner *run, GateContext *gate)
{
    for (guint i = 0; runner_is_current(run) && i < run->row->steps->len; i++) {
        const LedgerRolloutStep *row = g_ptr_array_index(run->row->steps, i);
        json_t *requests = json_object_get(row->evidence, "requests");

        if (rollout_plan_spec(run->plan, i)->kind != STEP_KIND_ANALYSIS || requests == NULL)
            continue;
        gate->judged = json_integer_value(requests);
        gate->judged_passed = row->state == STEP_DONE;
    }
}

GateContext
gates_context(Runner *run, const ApplyContext *apply, const BackfillContext *backfill,
              GateKind kind)
{
    const Settings *settings = run->context->settings;
    GateContext gate = {
        .apply = apply,
        .backfill = backfill,
        .traffic = run->traffic,
        .journal = run->journal,
        .deploy = run->deploy,
        .rollout = runner_is_current(run) ? run->row->id : 0,
        .plan_digest = run->plan ? run->plan->digest : NULL,
        .old_version = settings->release_from,
        .new_version = settings->release_to,
        .retired = step_is_done(run, STEP_KIND_RETIRE),
        .quiet_ms = settings->gate_quiet_ms,
    };

    for (guint i = 0; run->plan && i < run->plan->specs->len; i++) {
        const StepSpec *spec = rollout_plan_spec(run->plan, i);

        if (spec->kind == STEP_KIND_SOAK)
            gate.soak_ms += spec->duration_ms;
        if (spec->kind == (kind == GATE_CUTOVER ? STEP_KIND_CUTOVER : STEP_KIND_CONTRACT))
            gate.approvals = spec->approvals;
        if (spec->kind == STEP_KIND_CONTRACT && spec->quiet_ms >= 0)
            gate.quiet_ms = spec->quiet_ms;
    }
    find_last_judged(run, &gate);
    return gate;
}

typedef struct {
    Runner *run;
    StepRun *step;
} Waiter;

/* All that waits, each with what would make it pass; figures that change are left to progress, so
 * that a cause is said once. */
static char *
describe_waiting(const GateResult *result)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "the %s gate waits", gate_kind_name(result->kind));
    for (guint i = 0; i < result->checks->len; i++) {
        const GateCheck *check = g_ptr_array_index(result->checks, i);

        if (check->state == CHECK_WAITING && check->wait_ms == 0)
            g_string_append_printf(text, "; %s: %s. %s", check->name, check->evidence,
                                   check->next_step ? check->next_step : "");
        else if (check->state == CHECK_WAITING)
            g_string_append_printf(text, "; %s: time will tell", check->name);
    }
    return g_string_free(text, FALSE);
}

static bool
poll_gate(void *data, const GateResult *result, gint64 sleep_ms, GError **error)
{
    const Waiter *waiter = data;
    g_autofree char *cause = describe_waiting(result);
    TrafficState state;

    if (waiter->run->traffic && !share_watch(waiter->run, waiter->step, -1, &state, error))
        return false;
    if (result->wait_ms > 0)
        runner_progress(waiter->run, waiter->step, 0, result->wait_ms, NULL);
    return runner_poll(waiter->run, waiter->step, sleep_ms, cause, error);
}

void
gates_report(const Runner *run, const GateResult *result)
{
    for (guint i = 0; i < result->checks->len; i++) {
        const GateCheck *check = g_ptr_array_index(result->checks, i);

        report_data(run->context->report, REPORT_STEP,
                    json_pack("{s:s, s:s, s:s, s:s, s:s}", "event", "check", "gate",
                              gate_kind_name(result->kind), "name", check->name, "state",
                              check_state_name(check->state), "evidence", check->evidence),
                    "  %s %s: %s", check_state_name(check->state), check->name, check->evidence);
    }
}

bool
gates_wait(Runner *run, StepRun *step, GateKind kind, const Revision *revision, GError **error)
{
    const ApplyContext apply = {
        .conn = run->conn,
        .settings = run->context->settings,
        .clock = run->context->clock,
        .report = run->context->report,
        .graph = run->context->graph,
    };
    const BackfillContext backfill = runner_backfill_context(run);
    const GateContext context = gates_context(run, &apply, &backfill, kind);
    Waiter waiter = {.run = run, .step = step};
    g_autoptr(GateResult) result = gate_wait(&context, kind, revision, poll_gate, &waiter, error);

    if (result == NULL)
        return false;
    gates_report(run, result);
    json_object_set_new(step->evidence, "gate", gate_result_json(result));
    if (result->state == CHECK_PASSED)
        return true;
    run->outcome = OUTCOME_WAITING;
    return gate_result_fail(result, error);
}
