#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/fleet.h"
#include "cli/migrate-output.h"
#include "cli/workspace.h"
#include "migrate/fresh.h"
#include "migrate/needs.h"
#include "migrate/start.h"
#include "migrate/upgrade.h"
#include "revision/digest.h"

typedef struct {
    bool dry_run;
    bool backfill;
    bool fresh;
    bool allow_destructive;
    bool no_checkpoint;
    bool sql;
    const char *phases;
    FleetArgs fleet;
} Options;

static json_t *
waiting_json(GPtrArray *waiting)
{
    json_t *list = json_array();

    for (guint i = 0; i < waiting->len; i++) {
        const Waiting *it = g_ptr_array_index(waiting, i);

        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:s?}", "revision", it->revision->id, "requires",
                            it->required->id, "needed", revision_state_name(it->needed), "state",
                            revision_state_name(it->state), "command", it->command));
    }
    return list;
}

/* "3f2a9c1b7d20", "base", or the word for what is many. */
static const char *
target_name(const UpgradePlan *plan, const char *word)
{
    if (plan->scope->len == 0)
        return "base";
    if (plan->heads->len != 1)
        return word;
    return ((const Revision *) g_ptr_array_index(plan->heads, 0))->id;
}

static void
say_idle(Output *output, const UpgradePlan *plan, const char *word)
{
    if (plan->scope->len == 0)
        output_line(output, "nothing to do: nothing is left to apply");
    else
        output_line(output, "nothing to do: %s %s expanded", target_name(plan, word),
                    plan->heads->len == 1 ? "is" : "are");
}

static bool
run(MigrateContext *context, const Options *options, const UpgradePlan *plan,
    const LedgerRevisions *rows, GPtrArray *waiting, GError **error)
{
    const UpgradeOptions upgrade = {.backfill = options->backfill};

    context->allow_destructive = options->allow_destructive;
    return options->fresh ? fresh_run(context, plan, rows, error)
                          : upgrade_run(context, plan, rows, &upgrade, waiting, error);
}

/* A new database starts from a checkpoint, if there is one; then *@rows and *@plan are of what it
 * has left to do. */
static bool
start(const MigrateContext *context, const Options *options, const char *word,
      LedgerRevisions **rows, UpgradePlan **plan, GError **error)
{
    g_autoptr(Checkpoint) checkpoint = NULL;

    if (options->no_checkpoint)
        return true;
    if (!start_find(context, *plan, *rows, &checkpoint, error))
        return false;
    if (checkpoint == NULL)
        return true;
    if (!start_run(context, checkpoint, error))
        return false;
    if (context->apply.dry_run)
        return true;
    g_clear_pointer(rows, ledger_revisions_free);
    g_clear_pointer(plan, upgrade_plan_free);
    *rows = ledger_load_revisions(context->apply.conn, error);
    *plan = *rows ? upgrade_plan_new(context->apply.graph, *rows, word, error) : NULL;
    return *plan != NULL;
}

static bool
check_word(const char *word, GError **error)
{
    if (strchr(word, ':') == NULL)
        return true;
    error_set(error, ERROR_USAGE, "%s is a range: a database is upgraded from what it has", word);
    return error_hint(error, "Name the target alone, or print a script with --sql.");
}

/* A target alone is upgraded to from nothing. */
static bool
print_script(App *app, const Options *options, const char *word, GError **error)
{
    g_autofree char *range = word == NULL        ? g_strdup("base:heads")
                             : strchr(word, ':') ? g_strdup(word)
                                                 : g_strdup_printf("base:%s", word);

    if (!options->sql)
        return error_set(error, ERROR_USAGE, "--phases is for --sql: online, `upgrade` expands");
    if (options->dry_run || options->backfill || options->fresh)
        return error_set(error, ERROR_USAGE, "--sql prints a script: it goes with --phases alone");
    return migrate_output_script(app, range, options->phases ? options->phases : "expand",
                                 script_upgrade, error);
}

static bool
run_on_all(App *app, const Options *options, const char *word, GError **error)
{
    const FleetUpgradeOptions upgrade = {.dry_run = options->dry_run,
                                         .backfill = options->backfill,
                                         .allow_destructive = options->allow_destructive};
    g_auto(Fleet) fleet = {0};

    if (options->fresh) {
        error_set(error, ERROR_USAGE, "--fresh is for one database that is new");
        return fleet_hint_pick(app->settings, error);
    }
    return fleet_open(&fleet, app, &options->fleet, "upgrade", error) &&
           digest_refuse_conflict(fleet.graph, app->settings->migrations, error) &&
           fleet_upgrade(&fleet, word, &upgrade, error);
}

static bool
run_on_one(App *app, const Options *options, const char *word, GError **error)
{
    g_auto(Workspace) workspace = {0};
    g_auto(MigrateOutput) output = {0};
    g_autoptr(LedgerRevisions) rows = NULL;
    g_autoptr(UpgradePlan) plan = NULL;
    g_autoptr(GPtrArray) waiting = g_ptr_array_new_with_free_func((GDestroyNotify) waiting_free);
    MigrateContext context;

    if (!check_word(word, error) || !workspace_open(&workspace, app, "upgrade", error) ||
        !digest_refuse_conflict(workspace.graph, app->settings->migrations, error))
        return false;
    rows = workspace_load_revisions(&workspace, options->dry_run, error);
    plan = rows ? upgrade_plan_new(workspace.graph, rows, word, error) : NULL;
    if (plan == NULL)
        return false;
    context = workspace_migrate(&workspace, options->dry_run);
    migrate_output_init(&output, app, &context);
    if (!start(&context, options, word, &rows, &plan, error) ||
        !run(&context, options, plan, rows, waiting, error))
        return false;
    migrate_output_end(&output);
    if (json_array_size(output.list) == 0 && plan->pending->len == 0)
        say_idle(app->output, plan, word);
    output_json(app->output,
                json_pack("{s:s, s:b, s:O, s:o}", "target", target_name(plan, word), "dry_run",
                          options->dry_run, options->dry_run ? "plan" : "done", output.list,
                          "waiting", waiting_json(waiting)));
    return waiting_fail(waiting, error);
}

static bool
run_upgrade(App *app, void *data, const char *const *words, GError **error)
{
    const Options *options = data;
    const char *word = words[0] ? words[0] : "heads";
    bool many = false;

    if (options->sql || options->phases)
        return print_script(app, options, words[0], error);
    if (!fleet_is_meant(app, &options->fleet, &many, error))
        return false;
    return many ? run_on_all(app, options, word, error) : run_on_one(app, options, word, error);
}

static const ArgSpec upgrade_args[] = {
    {"dry-run", 0, ARG_FLAG, offsetof(Options, dry_run), NULL,
     "print the statements and the locks they need, change nothing"},
    {"backfill", 0, ARG_FLAG, offsetof(Options, backfill), NULL,
     "run the backfills too, and what finishes them"},
    {"fresh", 0, ARG_FLAG, offsetof(Options, fresh), NULL,
     "on a new database: whole lives in order, contract included"},
    {"allow-destructive", 0, ARG_FLAG, offsetof(Options, allow_destructive), NULL,
     "imported history may destroy something in a database with rows"},
    {"no-checkpoint", 0, ARG_FLAG, offsetof(Options, no_checkpoint), NULL,
     "on a new database: run every revision, though a checkpoint stands for some"},
    {"sql", 0, ARG_FLAG, offsetof(Options, sql), NULL,
     "print a script for psql; TARGET may be a range A:B (default: base:heads)"},
    {"phases", 0, ARG_TEXT, offsetof(Options, phases), "PHASES",
     "with --sql: of expand,backfill,cutover,contract those that it holds, or all (default: "
     "expand)"},
    FLEET_ARGS(Options),
    {NULL},
};

const Command command_upgrade = {
    .group = "Applying",
    .name = "upgrade",
    .summary = "expand all revisions up to TARGET that this database does not have yet",
    .usage = "[TARGET]",
    .details =
        "Adds the new shape beside the old one, with the triggers that keep both equal, and takes "
        "nothing away: contract never runs from here. Every transaction that takes locks has one "
        "deadline (lock.stall_budget), waits outside of the lock queue while somebody holds what "
        "it needs, and says who does. TARGET is an id or the beginning of one, `head`, `heads` "
        "(the default: those of all branches), `+N`, REV+N, a branch label, LABEL@head or "
        "LABEL@+N. A revision whose `Requires:` is not met waits, with those that come after it; "
        "all others are applied, and the command ends with status 8 and says what is missing. A "
        "new database starts from the newest checkpoint (`sluice squash`) that TARGET covers. Run "
        "it again after any failure: what is done is not done twice.",
    .example = "sluice upgrade --dry-run\nsluice upgrade +1\nsluice upgrade 3f2a --backfill\n"
               "sluice upgrade --fresh\nsluice upgrade --jobs 8 --only 'tenant_1*'\n"
               "sluice upgrade 3f2a:heads --sql | psql -X",
    .args = upgrade_args,
    .args_size = sizeof(Options),
    .needs = NEED_SETTINGS,
    .many = true,
    .run = run_upgrade,
};
