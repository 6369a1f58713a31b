#include "author/rebase.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "ledger/integrity.h"
#include "pg/conn.h"

typedef struct {
    const char *onto;
    bool dry_run;
    bool offline;
} RebaseOptions;

typedef struct {
    App *app;
    const RebaseOptions *options;
    Graph *graph;
    PgConn *conn;     /* NULL: no database was asked */
    RevisionSet *met; /* what its ledger knows; NULL without one */
    RebasePlan *plan;
} Rebase;

static void
rebase_clear(Rebase *rebase)
{
    g_clear_pointer(&rebase->plan, rebase_plan_free);
    g_clear_pointer(&rebase->met, revision_set_free);
    g_clear_pointer(&rebase->conn, pg_disconnect);
    g_clear_pointer(&rebase->graph, graph_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Rebase, rebase_clear)

/* A database that cannot be asked is said, and no reason not to work on files. */
static bool
ask_database(Rebase *rebase, GError **error)
{
    App *app = rebase->app;
    g_autoptr(GError) cause = NULL;
    g_autoptr(LedgerRevisions) rows = NULL;

    if (app->settings->database_url == NULL || rebase->options->offline) {
        report_warning(app->report,
                       "no database is asked whether a revision that moves is applied somewhere");
        return true;
    }
    rebase->conn = pg_connect(
        app->settings->database_url,
        &(PgConnOptions){.purpose = "rebase", .allow_standby = true, .allow_pooler = true}, &cause);
    if (rebase->conn == NULL) {
        report_warning(app->report, "%s: it is not asked whether a revision that moves is applied",
                       cause->message);
        return true;
    }
    rows = ledger_load_revisions(rebase->conn, error);
    if (rows == NULL)
        return false;
    rebase->met = integrity_applied(rebase->graph, rows, STATE_PENDING);
    return true;
}

static bool
check_unapplied(const Rebase *rebase, GError **error)
{
    const RebasePlan *plan = rebase->plan;

    for (guint i = 0; rebase->met && i < plan->moved->len; i++) {
        const Revision *revision = plan->moved->pdata[i];
        const Revision *last = plan->moved->pdata[plan->moved->len - 1];

        if (!revision_set_has(rebase->met, revision))
            continue;
        error_set(error, ERROR_STATE, "revision '%s' is applied in %s: it keeps its place",
                  revision->id, pg_target(rebase->conn));
        if (revision_set_has(rebase->met, plan->onto))
            return error_hint(error, "Both sides are applied: `sluice merge` joins them.");
        return error_hint(error,
                          "`sluice merge` joins both sides, or `sluice rebase %s --onto %s` moves "
                          "the other one.",
                          plan->onto->id, last->id);
    }
    return true;
}

static json_t *
ids_json(const GPtrArray *revisions)
{
    json_t *ids = json_array();

    for (guint i = 0; i < revisions->len; i++)
        json_array_append_new(ids, json_string(((const Revision *) revisions->pdata[i])->id));
    return ids;
}

static void
print(const Rebase *rebase)
{
    const RebasePlan *plan = rebase->plan;
    const bool dry_run = rebase->options->dry_run;
    Output *output = rebase->app->output;

    for (guint i = 0; i < plan->moved->len; i++) {
        const Revision *revision = plan->moved->pdata[i];
        const bool is_written = g_ptr_array_find(plan->written, revision, NULL);

        output_line(output, "%s %s %s%s%s", dry_run ? "would move" : "moved", revision->id,
                    revision->title, is_written ? ", which revises " : "",
                    is_written ? plan->onto->id : "");
        if (is_written)
            output_line(output, "    %s", revision->path);
    }
    if (plan->conflict)
        output_line(output, "%s the conflict in %s", dry_run ? "would settle" : "settled",
                    plan->conflict);
    output_json(output, json_pack("{s:s, s:o, s:o, s:s?, s:b}", "onto", plan->onto->id, "moved",
                                  ids_json(plan->moved), "written", ids_json(plan->written),
                                  "conflict", plan->conflict, "dry_run", dry_run));
}

static bool
run_rebase(App *app, void *data, const char *const *words, GError **error)
{
    const RebaseOptions *options = data;
    const char *folder = app->settings->migrations;
    g_auto(Rebase) rebase = {.app = app, .options = options};

    rebase.graph = graph_load(folder, error);
    if (rebase.graph == NULL || !ask_database(&rebase, error))
        return false;
    rebase.plan = rebase_plan_new(folder, rebase.graph, rebase.met, words[0], options->onto, error);
    if (rebase.plan == NULL || !check_unapplied(&rebase, error))
        return false;
    if (!options->dry_run && !rebase_run(folder, rebase.plan, error))
        return false;
    print(&rebase);
    return true;
}

static const ArgSpec args[] = {
    {"onto", 0, ARG_TEXT, offsetof(RebaseOptions, onto), "REV",
     "put them behind this one (default: the other side of the conflict, or the other head)"},
    {"dry-run", 0, ARG_FLAG, offsetof(RebaseOptions, dry_run), NULL,
     "say what would move, change nothing"},
    {"offline", 0, ARG_FLAG, offsetof(RebaseOptions, offline), NULL,
     "do not ask the database what is applied"},
    {NULL},
};

const Command command_rebase = {
    .group = "Revisions",
    .name = "rebase",
    .summary = "put your own revisions behind those of somebody else, and settle HEAD's conflict",
    .usage = "[REV]",
    .details =
        "When git stopped with a conflict in HEAD, both sides have built on the same revision. "
        "Without words your side goes behind the other one: in a `git merge` that is \"ours\", in "
        "a `git rebase` or `git cherry-pick` the commits that are replayed. Only the `-- Revises:` "
        "line of the first of them is written; then HEAD and SUMS are. Refused for revisions that "
        "the configured database has: `sluice merge` joins those. git itself is not needed.",
    .example = "sluice rebase && git add migrations && git commit\n"
               "sluice rebase --dry-run\n"
               "sluice rebase 3f2a --onto 9b1c",
    .args = args,
    .args_size = sizeof(RebaseOptions),
    .needs = NEED_SETTINGS,
    .run = run_rebase,
};
