#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/workspace.h"
#include "migrate/stamp.h"

typedef struct {
    const char *state;
    bool purge;
    bool dry_run;
} Options;

/* The parser has checked the name. */
static RevisionState
state_of(const char *name)
{
    for (RevisionState state = STATE_EXPANDED; name && state <= STATE_CONTRACTED; state++)
        if (strcmp(revision_state_name(state), name) == 0)
            return state;
    return STATE_PENDING;
}

static void
show(const App *app, const Stamp *stamp, bool dry_run, json_t *list)
{
    const char *title = stamp->revision ? stamp->revision->title : "no file has it";
    const char *state = stamp->kind == STAMP_REMOVE ? "removed" : revision_state_name(stamp->state);

    if (stamp->kind == STAMP_REMOVE)
        output_line(app->output, "%s %s (was %s): %s", dry_run ? "would forget" : "forgot",
                    stamp->id, revision_state_name(stamp->state), title);
    else
        output_line(app->output, "%s %s %s: %s", dry_run ? "would stamp" : "stamped", stamp->id,
                    state, title);
    json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "revision", stamp->id, "state", state,
                                          "final", stamp->final));
}

static bool
run_stamp(App *app, void *data, const char *const *words, GError **error)
{
    const Options *options = data;
    const StampOptions stamping = {.purge = options->purge, .state = state_of(options->state)};
    g_auto(Workspace) workspace = {0};
    g_autoptr(LedgerRevisions) rows = NULL;
    g_autoptr(GPtrArray) plan = NULL;
    g_autoptr(json_t) list = json_array();
    MigrateContext context;

    if (!workspace_open(&workspace, app, "stamp", error))
        return false;
    rows = workspace_load_revisions(&workspace, options->dry_run, error);
    plan = rows ? stamp_plan_new(&workspace.apply, rows, words, &stamping, error) : NULL;
    context = workspace_migrate(&workspace, options->dry_run);
    if (plan == NULL || !stamp_run(&context, plan, rows, error))
        return false;
    for (guint i = 0; i < plan->len; i++)
        show(app, g_ptr_array_index(plan, i), options->dry_run, list);
    if (plan->len == 0)
        output_line(app->output, "nothing to do: the ledger says so already");
    output_json(app->output, json_pack("{s:b, s:O}", "dry_run", options->dry_run, "changes", list));
    return true;
}

static const ArgSpec stamp_args[] = {
    {"state", 0, ARG_TEXT, offsetof(Options, state), "expanded|backfilled|cut over|contracted",
     "how far each of them is (default: the end of its life)"},
    {"purge", 0, ARG_FLAG, offsetof(Options, purge), NULL,
     "forget everything else first, also revisions that no file has"},
    {"dry-run", 0, ARG_FLAG, offsetof(Options, dry_run), NULL,
     "print what would change in the ledger, change nothing"},
    {NULL},
};

const Command command_stamp = {
    .group = "Applying",
    .name = "stamp",
    .summary = "tell the ledger that the database has TARGET, without running anything",
    .usage = "TARGET...",
    .details =
        "For a schema that came about in another way: a restored dump, another tool. The targets "
        "and all above them are recorded, revisions that come after a target are forgotten, "
        "branches beside them stay. `base` forgets all, LABEL@base one branch. What is newly "
        "recorded is at the end of its life (contracted, where it has a contract), for a dump of "
        "the new schema has no old shape; --state says otherwise. Refused for a revision whose "
        "sync triggers are installed.",
    .example = "sluice stamp head --dry-run\nsluice stamp shop@head 3f2a --state expanded\n"
               "sluice stamp base\nsluice stamp head --purge",
    .args = stamp_args,
    .args_size = sizeof(Options),
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = run_stamp,
};
