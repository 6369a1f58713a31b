#include "base/error.h"
#include "cli/rollout-context.h"

static void
print_gate(Output *output, const GateResult *result)
{
    static const char *const header[] = {"CHECK", "STATE", "EVIDENCE", NULL};
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);

    output_line(output, "%s gate of %s: %s", gate_kind_name(result->kind), result->revision,
                check_state_name(result->state));
    for (guint i = 0; i < result->checks->len; i++) {
        const GateCheck *check = g_ptr_array_index(result->checks, i);

        g_ptr_array_add(
            rows,
            rollout_row(g_strdup(check->name), g_strdup(check_state_name(check->state)),
                        g_strdup_printf("%s%s%s", check->evidence, check->next_step ? ". " : "",
                                        check->next_step ? check->next_step : "")));
    }
    output_table(output, header, rows);
}

static bool
run_gate(App *app, void *options G_GNUC_UNUSED, const char *const *words, GError **error)
{
    g_auto(RolloutApp) rollout = {NULL};
    g_autoptr(GateResult) result = NULL;
    GateKind kind = GATE_CUTOVER;

    if (!gate_kind_parse(words[0], &kind, error) || !rollout_app_init(&rollout, app, true, error))
        return false;
    result = rollout_gate(&rollout.context, kind, words[1], error);
    if (result == NULL)
        return false;
    print_gate(app->output, result);
    output_json(app->output, gate_result_json(result));
    return result->state == CHECK_PASSED || gate_result_fail(result, error);
}

const Command command_gate = {
    .group = "Rollout",
    .name = "gate",
    .summary = "measure what a cutover or contract needs, and show the evidence",
    .usage = "cutover|contract [REV]",
    .details = "REV is a revision; without it, the oldest that waits for the gate. Status 9 if it "
               "does not pass. The evidence is kept as an event in the ledger.",
    .example = "sluice gate cutover\nsluice gate contract --format json",
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = run_gate,
};
