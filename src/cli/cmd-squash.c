#include "author/squash.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "ledger/revisions.h"
#include "pg/conn.h"
#include "revision/checkpoint.h"
#include "revision/target.h"

typedef struct {
    bool dry_run;
    bool offline;
} SquashOptions;

/* The lives that end in a contract. Element-type const Revision *. */
static GPtrArray *
contracted(const Graph *graph, GPtrArray *revisions, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();

    for (guint i = 0; i < revisions->len; i++) {
        g_autoptr(Revision) revision = graph_read(graph, revisions->pdata[i], error);

        if (revision == NULL)
            return NULL;
        if (revision_has_contract(revision) || revision_has_cutover(revision))
            g_ptr_array_add(list, revisions->pdata[i]);
    }
    return g_steal_pointer(&list);
}

static char *
ids_text(const GPtrArray *revisions)
{
    g_autoptr(GString) ids = g_string_new(NULL);

    for (guint i = 0; i < revisions->len; i++)
        g_string_append_printf(ids, "%s%s", i > 0 ? ", " : "",
                               ((const Revision *) revisions->pdata[i])->id);
    return g_strdup(ids->str);
}

/* A contract that the configured database still waits for would be done in a new one: an app that
 * uses the old shape would not find it there. */
static bool
check_lives(const App *app, const GPtrArray *ending, GError **error)
{
    g_autoptr(PgConn) conn = pg_connect(
        app->settings->database_url,
        &(PgConnOptions){.purpose = "squash", .allow_standby = true, .allow_pooler = true}, error);
    g_autoptr(LedgerRevisions) rows = conn ? ledger_load_revisions(conn, error) : NULL;
    g_autoptr(GPtrArray) open = g_ptr_array_new();
    g_autofree char *ids = NULL;

    for (guint i = 0; rows && i < ending->len; i++) {
        const Revision *revision = ending->pdata[i];
        const LedgerRevision *row = ledger_find_revision(rows, revision->id);

        if (row == NULL || !row->final)
            g_ptr_array_add(open, ending->pdata[i]);
    }
    if (rows == NULL || open->len == 0)
        return rows != NULL;
    ids = ids_text(open);
    error_set(error, ERROR_STATE, "not at the end of their lives in %s: %s", pg_target(conn), ids);
    return error_hint(error, "Squash a revision above them, or contract them first; `--offline` "
                             "leaves the database out: a new database then gets what contract "
                             "leaves.");
}

static bool
check_contracts(const App *app, const SquashOptions *options, const Graph *graph,
                GPtrArray *revisions, GError **error)
{
    g_autoptr(GPtrArray) ending = contracted(graph, revisions, error);
    g_autofree char *ids = NULL;

    if (ending == NULL)
        return false;
    if (ending->len == 0)
        return true;
    if (app->settings->database_url != NULL && !options->offline)
        return check_lives(app, ending, error);
    ids = ids_text(ending);
    report_warning(app->report,
                   "no database is asked: a new database gets what these leave once contracted: %s",
                   ids);
    return true;
}

static bool
write_checkpoint(App *app, const SquashOptions *options, const Graph *graph,
                 const Revision *revision, guint count, GError **error)
{
    const SquashContext context = {app->settings, graph, app->clock, app->report};
    g_autoptr(GDateTime) now =
        g_date_time_new_from_unix_utc(app->clock->wall_us(app->clock->data) / 1000000);
    g_autofree char *created = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
    g_autofree char *sql = squash_dump(&context, revision, error);
    g_autofree char *path = NULL;

    if (sql == NULL)
        return false;
    if (options->dry_run)
        output_text(app->output, sql);
    else if (!checkpoint_write(app->settings->migrations, graph, revision, created, sql, &path,
                               error))
        return false;
    if (path)
        output_line(app->output, "made %s, which stands for %u revision%s in a new database", path,
                    count, count == 1 ? "" : "s");
    output_json(app->output,
                json_pack("{s:s, s:s?, s:i, s:s, s:b}", "revision", revision->id, "path", path,
                          "revisions", (int) count, "sql", sql, "dry_run", options->dry_run));
    return true;
}

static bool
run_squash(App *app, void *data, const char *const *words, GError **error)
{
    const SquashOptions *options = data;
    g_autoptr(Graph) graph = graph_load(app->settings->migrations, error);
    const Revision *revision = NULL;
    g_autoptr(RevisionSet) set = NULL;
    g_autoptr(GPtrArray) revisions = NULL;

    if (graph == NULL || !target_point(graph, NULL, words[0] ? words[0] : "head", &revision, error))
        return false;
    if (revision == NULL)
        return error_set(error, ERROR_USAGE, "there is no revision to squash");
    set = checkpoint_set(graph, revision);
    revisions = revision_set_list(set);
    return check_contracts(app, options, graph, revisions, error) &&
           write_checkpoint(app, options, graph, revision, revisions->len, error);
}

static const ArgSpec args[] = {
    {"dry-run", 0, ARG_FLAG, offsetof(SquashOptions, dry_run), NULL,
     "print the statements, write no file"},
    {"offline", 0, ARG_FLAG, offsetof(SquashOptions, offline), NULL,
     "do not ask the database whether every contract is done"},
    {NULL},
};

const Command command_squash = {
    .group = "Revisions",
    .name = "squash",
    .summary = "write a checkpoint: what new databases get in place of REV and all above it",
    .usage = "[REV]",
    .details =
        "The revisions run, whole lives in order, on a private PostgreSQL; what they made is "
        "written to `checkpoints/<id>.sql` in their folder: the schema, and the rows that they put "
        "there themselves. `sluice upgrade` of a new database starts from the newest checkpoint "
        "that its target covers and goes on with the revisions after it. No revision goes: every "
        "database that has begun the chain goes on with it. Refused where the configured database "
        "still waits for a contract of one of them. A checkpoint whose revisions changed later is "
        "not used, and `sluice check` names it.",
    .example = "sluice squash\nsluice squash 3f2a --dry-run",
    .args = args,
    .args_size = sizeof(SquashOptions),
    .needs = NEED_SETTINGS,
    .run = run_squash,
};
