#include "base/error.h"
#include "base/json.h"
#include "cli/migrate-output.h"
#include "cli/workspace.h"
#include "migrate/downgrade.h"

typedef struct {
    bool dry_run;
    bool backfill;
} Options;

static bool
run_redo(App *app, void *data, const char *const *words, GError **error)
{
    const Options *options = data;
    g_auto(Workspace) workspace = {0};
    g_auto(MigrateOutput) output = {0};
    g_autoptr(LedgerRevisions) rows = NULL;
    const Revision *revision = NULL;
    MigrateContext context;

    if (!workspace_open(&workspace, app, "redo", error))
        return false;
    rows = workspace_load_revisions(&workspace, options->dry_run, error);
    if (rows == NULL)
        return false;
    revision = redo_find(&workspace.apply, rows, words[0], error);
    if (revision == NULL)
        return false;
    context = workspace_migrate(&workspace, options->dry_run);
    migrate_output_init(&output, app, &context);
    if (!redo_run(&context, revision, rows, options->backfill, error))
        return false;
    if (options->dry_run)
        output_line(app->output, "-- its section, as the file has it now");
    else
        output_line(app->output, "redone %s %s", revision->id, revision->title);
    output_json(app->output,
                json_pack("{s:s, s:b, s:O}", "revision", revision->id, "dry_run", options->dry_run,
                          options->dry_run ? "plan" : "done", output.list));
    return true;
}

static const ArgSpec redo_args[] = {
    {"dry-run", 0, ARG_FLAG, offsetof(Options, dry_run), NULL,
     "print the statements of the downgrade and the locks they need, change nothing"},
    {"backfill", 0, ARG_FLAG, offsetof(Options, backfill), NULL,
     "run its backfill too, and what finishes it"},
    {NULL},
};

const Command command_redo = {
    .group = "Applying",
    .name = "redo",
    .summary = "downgrade the last revision and expand it again",
    .usage = "[REV]",
    .details =
        "For a revision that is still being written: undoes it, and applies it as its file says "
        "now. REV is the last one that is applied, unless named; nothing that is applied may come "
        "after it. Refused once it is cut over or contracted. A redo that was killed is finished "
        "by the same command.",
    .example = "sluice redo\nsluice redo 3f2a --dry-run",
    .args = redo_args,
    .args_size = sizeof(Options),
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = run_redo,
};
