#include "gate/gate.h"

#include <string.h>

#include "base/text.h"
#include "gate/check.h"
#include "ledger/events.h"

enum { LOOK_AGAIN_MS = 500 };

static const CheckRow cutover_checks[] = {
    {"backfill done", check_backfill_done, false},
    {"parity", check_parity, false},
    {"constraints validated", check_constraints, false},
    {"sync triggers", check_triggers, false},
    {"canary healthy", check_canary, false},
    {"stable healthy", check_stable, false},
    {"way back", check_way_back, false},
    {"approvals", check_cutover_approvals, false},
    {NULL, NULL, false},
};

/* Sessions first: what takes long behind it leaves no gap between two looks. */
static const CheckRow contract_checks[] = {
    {"old sessions", check_sessions, true},
    {"cut over", check_cut_over, false},
    {"soak", check_soak, false},
    {"old version retired", check_retired, false},
    {"dependents", check_dependents, false},
    {"other mappings", check_mappings, false},
    {"approvals", check_contract_approvals, false},
    {NULL, NULL, false},
};

static const struct {
    const char *name;
    const CheckRow *checks;
} gates[GATE_N] = {
    [GATE_CUTOVER] = {"cutover", cutover_checks},
    [GATE_CONTRACT] = {"contract", contract_checks},
};

static const char *const check_states[] = {
    [CHECK_PASSED] = "passed",
    [CHECK_WAITING] = "waiting",
    [CHECK_FAILED] = "failed",
};

const char *
gate_kind_name(GateKind kind)
{
    return gates[kind].name;
}

bool
gate_kind_parse(const char *name, GateKind *ret_kind, GError **error)
{
    for (GateKind kind = 0; kind < GATE_N; kind++) {
        if (g_strcmp0(gates[kind].name, name) == 0) {
            *ret_kind = kind;
            return true;
        }
    }
    error_set(error, ERROR_USAGE, "there is no gate '%s'", name ? name : "");
    return error_hint(error, "The gates are cutover and contract.");
}

const char *
check_state_name(CheckState state)
{
    return check_states[state];
}

static void
clear_check(GateCheck *check)
{
    g_clear_pointer(&check->evidence, g_free);
    g_clear_pointer(&check->next_step, g_free);
    g_clear_pointer(&check->data, json_decref);
    check->wait_ms = 0;
}

static void
free_check(gpointer data)
{
    clear_check(data);
    g_free(data);
}

G_GNUC_PRINTF(4, 0)
static bool
check_set(GateCheck *check, CheckState state, json_t *take_data, const char *format, va_list args)
{
    clear_check(check);
    check->state = state;
    check->data = take_data;
    check->evidence = g_strdup_vprintf(format, args);
    return true;
}

bool
check_pass(GateCheck *check, json_t *take_data, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    check_set(check, CHECK_PASSED, take_data, format, args);
    va_end(args);
    return true;
}

bool
check_wait(GateCheck *check, gint64 wait_ms, json_t *take_data, const char *next_step,
           const char *format, ...)
{
    g_autofree char *next = g_strdup(next_step);
    va_list args;

    va_start(args, format);
    check_set(check, CHECK_WAITING, take_data, format, args);
    va_end(args);
    check->next_step = g_steal_pointer(&next);
    check->wait_ms = wait_ms;
    return true;
}

bool
check_fail(GateCheck *check, json_t *take_data, const char *next_step, const char *format, ...)
{
    g_autofree char *next = g_strdup(next_step);
    va_list args;

    va_start(args, format);
    check_set(check, CHECK_FAILED, take_data, format, args);
    va_end(args);
    check->next_step = g_steal_pointer(&next);
    return true;
}

/* The gate is as good as its worst check, and passes by itself only if each of them does. */
static void
sum_up(GateResult *result)
{
    bool by_itself = true;

    result->state = CHECK_PASSED;
    result->wait_ms = 0;
    for (guint i = 0; i < result->checks->len; i++) {
        const GateCheck *check = g_ptr_array_index(result->checks, i);

        result->state = MAX(result->state, check->state);
        if (check->state == CHECK_PASSED)
            continue;
        by_itself = by_itself && check->wait_ms > 0;
        result->wait_ms = MAX(result->wait_ms, check->wait_ms);
    }
    if (!by_itself)
        result->wait_ms = 0;
}

/* @afresh: all of them; else those that have not passed. */
static bool
measure(const GateContext *context, const Revision *revision, bool afresh, GateResult *result,
        GError **error)
{
    for (guint i = 0; i < result->checks->len; i++) {
        const CheckRow *row = &gates[result->kind].checks[i];
        GateCheck *check = g_ptr_array_index(result->checks, i);

        if (!afresh && check->state == CHECK_PASSED && !row->continuous)
            continue;
        if (!row->measure(context, revision, check, error)) {
            g_prefix_error(error, "%s gate, %s: ", gate_kind_name(result->kind), row->name);
            return false;
        }
    }
    sum_up(result);
    return true;
}

static GateResult *
result_new(GateKind kind, const Revision *revision)
{
    GateResult *result = g_new0(GateResult, 1);

    result->kind = kind;
    result->revision = g_strdup(revision->id);
    result->checks = g_ptr_array_new_with_free_func(free_check);
    for (const CheckRow *row = gates[kind].checks; row->name; row++) {
        GateCheck *check = g_new0(GateCheck, 1);

        check->name = row->name;
        g_ptr_array_add(result->checks, check);
    }
    return result;
}

static bool
keep_evidence(const GateContext *context, const GateResult *result, GError **error)
{
    g_autofree char *obstacle = gate_result_obstacle(result);
    g_autofree char *text = result->state == CHECK_PASSED
                                ? g_strdup_printf("%s gate passed", gate_kind_name(result->kind))
                                : g_strdup_printf("%s gate %s: %s", gate_kind_name(result->kind),
                                                  check_state_name(result->state), obstacle);

    return ledger_append_event(context->apply->conn, "gate", result->revision, context->rollout,
                               text, gate_result_json(result), error);
}

GateResult *
gate_evaluate(const GateContext *context, GateKind kind, const Revision *revision, GError **error)
{
    g_autoptr(GateResult) result = result_new(kind, revision);

    if (!measure(context, revision, true, result, error) || !keep_evidence(context, result, error))
        return NULL;
    return g_steal_pointer(&result);
}

static gint64
look_again_ms(const GateContext *context, const GateResult *result)
{
    const gint64 sample = check_sessions_interval_ms(context->quiet_ms);

    return result->kind == GATE_CONTRACT ? MIN(sample, LOOK_AGAIN_MS) : LOOK_AGAIN_MS;
}

GateResult *
gate_wait(const GateContext *context, GateKind kind, const Revision *revision, GatePoll poll,
          void *data, GError **error)
{
    g_autoptr(GateResult) result = gate_evaluate(context, kind, revision, error);
    bool fresh = true;

    if (result == NULL)
        return NULL;
    while (result->state == CHECK_WAITING || (result->state == CHECK_PASSED && !fresh)) {
        fresh = result->state == CHECK_PASSED;
        if (!fresh && !poll(data, result, look_again_ms(context, result), error))
            return NULL;
        if (!measure(context, revision, fresh, result, error))
            return NULL;
        if ((fresh || result->state == CHECK_FAILED) && !keep_evidence(context, result, error))
            return NULL;
    }
    return g_steal_pointer(&result);
}

void
gate_result_free(GateResult *result)
{
    if (result == NULL)
        return;
    g_ptr_array_unref(result->checks);
    g_free(result->revision);
    g_free(result);
}

static json_t *
check_json(const GateCheck *check)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:s*}", "name", check->name, "state",
                               check_state_name(check->state), "evidence", check->evidence,
                               "next_step", check->next_step);

    if (check->data)
        json_object_set(object, "data", check->data);
    return object;
}

json_t *
gate_result_json(const GateResult *result)
{
    json_t *checks = json_array();

    for (guint i = 0; i < result->checks->len; i++)
        json_array_append_new(checks, check_json(g_ptr_array_index(result->checks, i)));
    return json_pack("{s:s, s:s, s:s, s:o}", "gate", gate_kind_name(result->kind), "revision",
                     result->revision, "state", check_state_name(result->state), "checks", checks);
}

/* The first of the worst: what failed before what waits. */
static const GateCheck *
first_obstacle(const GateResult *result)
{
    for (guint i = 0; i < result->checks->len; i++) {
        const GateCheck *check = g_ptr_array_index(result->checks, i);

        if (check->state == result->state && check->state != CHECK_PASSED)
            return check;
    }
    return NULL;
}

char *
gate_result_obstacle(const GateResult *result)
{
    const GateCheck *check = first_obstacle(result);

    return check ? g_strdup_printf("%s: %s", check->name, check->evidence) : NULL;
}

bool
gate_result_fail(const GateResult *result, GError **error)
{
    const GateCheck *check = first_obstacle(result);

    g_assert(check != NULL);
    error_set(error, ERROR_CHECK, "the %s gate of %s does not pass: %s: %s",
              gate_kind_name(result->kind), result->revision, check->name, check->evidence);
    return check->next_step ? error_hint(error, "%s", check->next_step) : false;
}
