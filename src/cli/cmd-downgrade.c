#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/migrate-output.h"
#include "cli/workspace.h"
#include "migrate/downgrade.h"

typedef struct {
    bool dry_run;
    bool sql;
} Options;

static json_t *
ids_json(GPtrArray *list)
{
    json_t *ids = json_array();

    for (guint i = 0; i < list->len; i++)
        json_array_append_new(ids,
                              json_string(((const Revision *) g_ptr_array_index(list, i))->id));
    return ids;
}

static bool
check_word(const char *word, GError **error)
{
    if (strchr(word, ':') == NULL)
        return true;
    error_set(error, ERROR_USAGE, "%s is a range: a database is downgraded from what it has", word);
    return error_hint(error, "Name the target alone, or print a script with --sql.");
}

static bool
print_script(App *app, const Options *options, const char *word, GError **error)
{
    if (options->dry_run)
        return error_set(error, ERROR_USAGE, "--sql prints a script: it goes without --dry-run");
    if (strchr(word, ':'))
        return migrate_output_script(app, word, "expand", script_downgrade, error);
    error_set(error, ERROR_USAGE, "downgrade --sql needs a range: from where, to where");
    return error_hint(error, "`sluice downgrade head:%s --sql`, where the database is at head.",
                      word);
}

static bool
run_downgrade(App *app, void *data, const char *const *words, GError **error)
{
    const Options *options = data;
    g_auto(Workspace) workspace = {0};
    g_auto(MigrateOutput) output = {0};
    g_autoptr(LedgerRevisions) rows = NULL;
    g_autoptr(GPtrArray) list = NULL;
    MigrateContext context;

    if (options->sql)
        return print_script(app, options, words[0], error);
    if (!check_word(words[0], error) ||
        !workspace_check_database(app->settings, "downgrade", error) ||
        !workspace_open(&workspace, app, "downgrade", error))
        return false;
    rows = workspace_load_revisions(&workspace, options->dry_run, error);
    list = rows ? downgrade_plan_new(workspace.graph, rows, words[0], error) : NULL;
    if (list == NULL)
        return false;
    context = workspace_migrate(&workspace, options->dry_run);
    migrate_output_init(&output, app, &context);
    if (!downgrade_run(&context, list, rows, error))
        return false;
    migrate_output_end(&output);
    if (list->len == 0)
        output_line(app->output, "nothing to do: nothing comes after %s", words[0]);
    output_json(app->output,
                json_pack("{s:s, s:b, s:o}", "target", words[0], "dry_run", options->dry_run,
                          options->dry_run ? "plan" : "downgraded",
                          options->dry_run ? json_incref(output.list) : ids_json(list)));
    return true;
}

static const ArgSpec downgrade_args[] = {
    {"dry-run", 0, ARG_FLAG, offsetof(Options, dry_run), NULL,
     "print the statements and the locks they need, change nothing"},
    {"sql", 0, ARG_FLAG, offsetof(Options, sql), NULL,
     "print a script for psql; TARGET is a range A:B, from A up to B, which stays"},
    {NULL},
};

const Command command_downgrade = {
    .group = "Applying",
    .name = "downgrade",
    .summary = "undo the revisions that come after TARGET",
    .usage = "TARGET",
    .details =
        "Runs the downgrade sections, latest first; sluice's own triggers go before the columns "
        "they fill. What the new app wrote into the new shape alone is lost with it. Revisions "
        "that require one of them go too. Refused, before anything is touched, where one of them "
        "is cut over or contracted, or has no section `downgrade`. TARGET is an id or the "
        "beginning of one, `base`, `-N`, REV-N, LABEL@base or LABEL@-N; where several branches "
        "are applied, -N alone is ambiguous and refused.",
    .example = "sluice downgrade 127b --dry-run\nsluice downgrade -1\nsluice downgrade base\n"
               "sluice downgrade head:127b --sql",
    .args = downgrade_args,
    .args_size = sizeof(Options),
    .needs = NEED_SETTINGS,
    .run = run_downgrade,
};
