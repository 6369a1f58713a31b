#include "base/error.h"
#include "base/file.h"
#include "cli/args.h"
#include "cli/graph-view.h"
#include "cli/workspace.h"
#include "rehearse/rehearse.h"
#include "revision/target.h"

typedef struct {
    const char *clone;
    bool once;
    const char *schema;
    const char *at;
    gint64 rows;
    gint64 percent;
    bool markdown;
} Options;

static const ArgSpec args[] = {
    {"clone", 0, ARG_TEXT, offsetof(Options, clone), "URL",
     "a copy of production that you made (a restored snapshot, a branch): work in copies of it, "
     "with its real rows; also SLUICE_REHEARSE_CLONE"},
    {"once", 0, ARG_FLAG, offsetof(Options, once), NULL,
     "run each phase once: no way back, no kills, no other order; half the copies"},
    {"schema", 0, ARG_TEXT, offsetof(Options, schema), "FILE",
     "what production holds, from `pg_dump -s`; else its revisions are replayed"},
    {"at", 0, ARG_TEXT, offsetof(Options, at), "REV",
     "what production has, where no database is asked: this and all before it"},
    {"rows", 0, ARG_INT, offsetof(Options, rows), "N", "fill each table with N made-up rows first"},
    {"rows-like-production", 0, ARG_INT, offsetof(Options, percent), "PERCENT",
     "that share of the rows of each table, with nulls, repetitions, common values and lengths as "
     "the configured database's statistics tell"},
    {"markdown", 0, ARG_FLAG, offsetof(Options, markdown), NULL,
     "print a table for a pull request"},
    {NULL},
};

static bool
check_options(const App *app, const Options *options, GError **error)
{
    if (options->clone != NULL &&
        (!args_check_url("--clone", "SLUICE_REHEARSE_CLONE", options->clone, error) ||
         !settings_set(app->settings, "rehearse.clone", options->clone, error)))
        return false;
    if (options->percent < 0 || options->rows < 0)
        return error_set(error, ERROR_USAGE,
                         "--rows and --rows-like-production want a number "
                         "from 0");
    if (app->settings->rehearse_clone == NULL ||
        (options->schema == NULL && options->at == NULL && !options->rows && !options->percent))
        return true;
    error_set(error, ERROR_USAGE, "a clone has a schema, a ledger and rows of its own");
    return error_hint(error, "Leave out --schema, --at, --rows and --rows-like-production, or the "
                             "clone.");
}

/* @word and all before it have reached the end of their lives. */
static LedgerRevisions *
assume_at(const Graph *graph, const char *word, GError **error)
{
    g_autoptr(LedgerRevisions) rows = ledger_revisions_new();
    g_autoptr(GPtrArray) list = target_upgrade(graph, NULL, word, error);

    for (guint i = 0; list != NULL && i < list->len; i++)
        ledger_revisions_note(rows, list->pdata[i], STATE_CONTRACTED, true);
    return list != NULL ? g_steal_pointer(&rows) : NULL;
}

/* The configured database; *@ret_conn NULL: there is none. */
static bool
open_production(const App *app, PgConn **ret_conn, GError **error)
{
    if (app->settings->database_url != NULL)
        *ret_conn =
            pg_connect(app->settings->database_url,
                       &(PgConnOptions){.purpose = "rehearse", .allow_standby = true}, error);
    return app->settings->database_url == NULL || *ret_conn != NULL;
}

/* What production has: told, asked of it or of its clone, or nothing. */
static LedgerRevisions *
load_rows(const App *app, const Graph *graph, const Options *options, PgConn *production,
          GError **error)
{
    g_autoptr(PgConn) clone = NULL;

    if (options->at != NULL)
        return assume_at(graph, options->at, error);
    if (production != NULL)
        return ledger_load_revisions(production, error);
    if (app->settings->rehearse_clone == NULL)
        return ledger_revisions_new();
    clone =
        pg_connect(app->settings->rehearse_clone, &(PgConnOptions){.purpose = "rehearse"}, error);
    return clone != NULL ? ledger_load_revisions(clone, error) : NULL;
}

/* What the rows of each table are like; *@ret_sizes NULL: that was not asked for. */
static bool
load_likeness(const Options *options, PgConn *production, json_t **ret_likeness, GError **error)
{
    if (options->percent == 0)
        return true;
    if (production == NULL) {
        error_set(error, ERROR_CONFIG, "--rows-like-production needs a database to ask");
        return error_hint(error, "Set database.url, or use --rows.");
    }
    *ret_likeness = rehearse_ask_statistics(production, options->percent, error);
    return *ret_likeness != NULL;
}

static GPtrArray *
find_pending(const GraphView *view, const char *const *words, GError **error)
{
    g_autoptr(RevisionSet) wanted = revision_set_new(view->graph);
    static const char *const heads[] = {"heads", NULL};

    for (words = *words != NULL ? words : heads; *words; words++) {
        g_autoptr(GPtrArray) list = target_upgrade(view->graph, view->applied, *words, error);

        if (list == NULL)
            return NULL;
        for (guint i = 0; i < list->len; i++)
            revision_set_add(wanted, list->pdata[i]);
    }
    return revision_set_list(wanted);
}

static bool
judge(const Rehearsal *rehearsal, GError **error)
{
    const guint stalls = rehearsal_count_stalls(rehearsal);
    const guint failed = rehearsal_count_failed(rehearsal);

    if (failed > 0)
        return error_set(error, ERROR_CHECK, "%u of %u checks failed", failed,
                         rehearsal->checks->len);
    if (stalls > 0) {
        error_set(error, ERROR_CHECK, "%u statement%s would have made the app wait", stalls,
                  stalls > 1 ? "s" : "");
        return error_hint(error, "`sluice lint` shows the safe way of each.");
    }
    return true;
}

/* What was found is shown, however it ended. */
static bool
rehearse(App *app, const Options *options, const RehearseOptions *what, GError **error)
{
    g_autoptr(Rehearsal) rehearsal = NULL;
    g_autofree char *text = NULL;
    const bool ended = rehearse_run(what, &rehearsal, error);

    if (ended || rehearsal->server != NULL) {
        text = options->markdown ? rehearsal_markdown(rehearsal) : rehearsal_text(rehearsal);
        output_text(app->output, text);
        output_json(app->output, rehearsal_json(rehearsal));
    }
    return ended && judge(rehearsal, error);
}

static bool
run_rehearse(App *app, void *data, const char *const *words, GError **error)
{
    const Options *options = data;
    g_auto(GraphView) view = {NULL};
    g_autoptr(PgConn) production = NULL;
    g_autoptr(LedgerRevisions) rows = NULL;
    g_autoptr(GPtrArray) pending = NULL;
    g_autoptr(json_t) likeness = NULL;
    g_autofree char *dump = NULL;

    if (!check_options(app, options, error) || !graph_view_open(&view, app, false, error) ||
        !open_production(app, &production, error))
        return false;
    rows = load_rows(app, view.graph, options, production, error);
    if (rows == NULL)
        return false;
    graph_view_set_applied(&view, rows);
    pending = find_pending(&view, words, error);
    if (pending == NULL)
        return false;
    if (options->schema != NULL && (dump = file_read(options->schema, error)) == NULL)
        return false;
    return load_likeness(options, production, &likeness, error) &&
           rehearse(app, options,
                    &(RehearseOptions){.settings = app->settings,
                                       .clock = app->clock,
                                       .report = app->report,
                                       .graph = view.graph,
                                       .rows = rows,
                                       .pending = pending,
                                       .once = options->once,
                                       .dump = dump,
                                       .rows_per_table = options->rows,
                                       .likeness = likeness,
                                       .clone_url = app->settings->rehearse_clone,
                                       .production = production},
                    error);
}

const Command command_rehearse = {
    .group = "Revisions",
    .name = "rehearse",
    .summary = "run revisions on a private copy of the schema, and show what each statement did",
    .usage = "[REV]...",
    .details =
        "Starts a PostgreSQL of its own, brings it to what the configured database has (its "
        "revisions replayed, or with --schema a dump), and runs all phases of those that are "
        "pending, or of the named ones. Shows for each statement the locks that it took, whether "
        "it read or rewrote whole tables, time and WAL; what was foretold otherwise; and what "
        "would have made the app wait. Then down, up again, the cutover undone, twice, in fresh "
        "order, and killed on the way: schema and rows must be the same. Status 9 if they are not, "
        "or if the app would have waited.\n\n"
        "--database is the configured database here as everywhere, and nothing runs there. With "
        "--clone all runs in copies beside a clone that you made, which stays as it is. Refused: "
        "the configured database itself, a clone that somebody else is connected to, one that is "
        "ahead of the configured database.",
    .example = "sluice rehearse\nsluice rehearse --schema production.sql --at 3f2a --rows 10000\n"
               "sluice rehearse --clone postgresql://me@snapshot-host/shop --once\n"
               "sluice rehearse --markdown 8c41 > comment.md",
    .args = args,
    .args_size = sizeof(Options),
    .needs = NEED_SETTINGS,
    .run = run_rehearse,
};
