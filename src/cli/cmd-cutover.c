#include "base/error.h"
#include "base/json.h"
#include "cli/rollout-context.h"

typedef struct {
    bool dry_run;
    bool undo;
} CutoverOptions;

static bool
undo(const App *app, const RolloutApp *rollout, const char *target, bool dry_run, GError **error)
{
    if (!rollout_undo_cutover(&rollout->context, target, dry_run, error))
        return false;
    output_line(app->output, "%s: its cutover %s undone", target, dry_run ? "would be" : "is");
    output_json(app->output, json_pack("{s:s, s:b}", "undone", target, "dry_run", dry_run));
    return true;
}

static bool
run_cutover(App *app, void *data, const char *const *words, GError **error)
{
    const CutoverOptions *options = data;
    g_auto(RolloutApp) rollout = {NULL};

    if (options->undo && words[0] == NULL) {
        error_set(error, ERROR_USAGE, "--undo needs the revision");
        return error_hint(error, "`sluice status` shows which are cut over.");
    }
    if (!rollout_app_init(&rollout, app, true, error))
        return false;
    return options->undo
               ? undo(app, &rollout, words[0], options->dry_run, error)
               : rollout_app_pass(app, &rollout, GATE_CUTOVER, words[0], options->dry_run, error);
}

const Command command_cutover = {
    .group = "Applying",
    .name = "cutover",
    .summary = "make the new shape the one that counts",
    .usage = "[REV]",
    .details =
        "For revisions outside a rollout. Measures the cutover gate (backfill done, parity, "
        "constraints, sync triggers) and refuses with the evidence (status 9) if it does not "
        "pass; then runs the section `cutover`, if there is one, and records it. The old shape "
        "is kept, equal, for the way back: --undo.",
    .example = "sluice cutover --dry-run\nsluice cutover 3f2a\nsluice cutover 3f2a --undo",
    .args = (const ArgSpec[]){{"dry-run", 'n', ARG_FLAG, offsetof(CutoverOptions, dry_run), NULL,
                               "measure, and show what would run"},
                              {"undo", 0, ARG_FLAG, offsetof(CutoverOptions, undo), NULL,
                               "run the section `cutover undo` of REV"},
                              {NULL}},
    .args_size = sizeof(CutoverOptions),
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = run_cutover,
};
