#include "cli/rollout-context.h"

typedef struct {
    bool dry_run;
} ContractOptions;

static bool
run_contract(App *app, void *data, const char *const *words, GError **error)
{
    const ContractOptions *options = data;
    g_auto(RolloutApp) rollout = {NULL};

    return rollout_app_init(&rollout, app, true, error) &&
           rollout_app_pass(app, &rollout, GATE_CONTRACT, words[0], options->dry_run, error);
}

const Command command_contract = {
    .group = "Applying",
    .name = "contract",
    .summary = "drop the old shape of revisions that nobody needs any more",
    .usage = "[REV]",
    .details =
        "For revisions outside a rollout. Measures the contract gate, looking for sessions of "
        "old versions through the whole quiet period (gate.quiet), and refuses with the "
        "evidence (status 9) if anything else keeps it from passing. From here on there is "
        "only the way forward.",
    .example = "sluice contract --dry-run\nsluice contract 3f2a",
    .args = (const ArgSpec[]){{"dry-run", 'n', ARG_FLAG, offsetof(ContractOptions, dry_run), NULL,
                               "measure once, and show what would run"},
                              {NULL}},
    .args_size = sizeof(ContractOptions),
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = run_contract,
};
