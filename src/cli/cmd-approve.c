#include "cli/rollout-context.h"
#include "ledger/ledger.h"

bool
rollout_run_approve(App *app, void *data, const char *const *words, GError **error)
{
    const ApproveOptions *options = data;
    g_auto(RolloutApp) rollout = {NULL};
    g_autofree char *actor = ledger_actor();
    const char *who = options->by ? options->by : actor;
    GateKind kind = GATE_CUTOVER;

    if (!gate_kind_parse(words[0], &kind, error) || !rollout_app_init(&rollout, app, true, error) ||
        !rollout_approve(&rollout.context, kind, who, options->comment, error))
        return false;
    output_json(app->output, json_pack("{s:s, s:s}", "gate", gate_kind_name(kind), "by", who));
    return true;
}

const ArgSpec rollout_approve_args[] = {
    {"by", 'b', ARG_TEXT, offsetof(ApproveOptions, by), "NAME",
     "who approves (default: SLUICE_ACTOR, or you)"},
    {"comment", 'c', ARG_TEXT, offsetof(ApproveOptions, comment), "TEXT", "why, for the record"},
    {NULL},
};

const Command command_approve = {
    .group = "Rollout",
    .name = "approve",
    .summary = "approve a gate of the plan that is under way",
    .usage = "cutover|contract",
    .details =
        "An approval holds for the digest of the plan; each name counts once. It can be given "
        "before the gate is reached.",
    .example = "sluice approve cutover --by alice --comment 'parity looks good'",
    .args = rollout_approve_args,
    .args_size = sizeof(ApproveOptions),
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = rollout_run_approve,
};
