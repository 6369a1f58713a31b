#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "ledger/integrity.h"
#include "pg/conn.h"
#include "revision/checkpoint.h"
#include "revision/digest.h"

typedef struct {
    bool write;
    bool offline;
} CheckOptions;

typedef struct {
    App *app;
    Graph *graph;
    json_t *findings;
    guint in_files, in_database;
    bool asked_database;
} Check;

static void
check_clear(Check *check)
{
    g_clear_pointer(&check->graph, graph_free);
    g_clear_pointer(&check->findings, json_decref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Check, check_clear)

static void
add(Check *check, const char *kind, const char *revision, const char *path, Place place,
    const char *message, const char *hint)
{
    json_array_append_new(check->findings,
                          json_pack("{s:s, s:s?, s:s?, s:o, s:s, s:s?}", "kind", kind, "revision",
                                    revision, "file", path, "line",
                                    place.line > 0 ? json_integer(place.line) : json_null(),
                                    "message", message, "hint", hint));
    output_line(check->app->output, "%s: %s", kind, message);
    if (hint)
        output_line(check->app->output, "    %s", hint);
}

/* An error of one file; its message begins with the place. */
static void
add_error(Check *check, const char *kind, const Revision *revision, const GError *error)
{
    const Place place = error_get_place(error);

    add(check, kind, revision ? revision->id : NULL,
        place.file ? place.file
        : revision ? revision->path
                   : check->app->settings->migrations,
        place, error->message, error_get_hint(error));
    check->in_files++;
}

/* False: there is no graph to go on with. */
static bool
check_graph(Check *check)
{
    g_autoptr(GError) cause = NULL;

    check->graph = graph_load(check->app->settings->migrations, &cause);
    if (check->graph == NULL)
        add_error(check, "unreadable", NULL, cause);
    return check->graph != NULL;
}

static void
check_sections(Check *check)
{
    for (guint i = 0; i < graph_count(check->graph); i++) {
        const Revision *header = graph_get(check->graph, i);
        g_autoptr(GError) cause = NULL;
        g_autoptr(Revision) revision = graph_read(check->graph, header, &cause);

        if (revision == NULL || !revision_check(revision, &cause))
            add_error(check, revision ? "invalid" : "unreadable", header, cause);
    }
}

static bool
check_digests(Check *check, GError **error)
{
    g_autoptr(GPtrArray) findings =
        digest_check(check->app->settings->migrations, check->graph, error);

    for (guint i = 0; findings && i < findings->len; i++) {
        const DigestFinding *finding = findings->pdata[i];
        add(check, digest_problem_name(finding->problem), finding->revision, finding->path,
            (Place){0}, finding->message, finding->hint);
        check->in_files++;
    }
    return findings != NULL;
}

static bool
check_checkpoints(Check *check, GError **error)
{
    g_autoptr(GPtrArray) checkpoints =
        checkpoint_load_all(check->app->settings->migrations, check->graph, error);

    for (guint i = 0; checkpoints && i < checkpoints->len; i++) {
        const Checkpoint *checkpoint = checkpoints->pdata[i];
        g_autofree char *message = NULL;

        if (!checkpoint->is_stale)
            continue;
        message = g_strdup_printf(checkpoint->revision
                                      ? "'%s' is not used: the revisions that it stands for "
                                        "changed since it was made"
                                      : "'%s' is not used: no file holds its revision",
                                  checkpoint->path);
        add(check, "checkpoint", checkpoint->id, checkpoint->path, (Place){0}, message,
            "Make it anew with `sluice squash`, or delete the file.");
        check->in_files++;
    }
    return checkpoints != NULL;
}

static bool
check_database(Check *check, GError **error)
{
    const char *url = check->app->settings->database_url;
    g_autoptr(PgConn) conn = pg_connect(
        url, &(PgConnOptions){.purpose = "check", .allow_standby = true, .allow_pooler = true},
        error);
    g_autoptr(LedgerRevisions) rows = conn ? ledger_load_revisions(conn, error) : NULL;
    g_autoptr(GPtrArray) findings = rows ? integrity_check(check->graph, rows, error) : NULL;

    if (findings == NULL)
        return error_get_hint(*error) ? false
                                      : error_hint(error, "`sluice check --offline` leaves the "
                                                          "database out.");
    check->asked_database = true;
    for (guint i = 0; i < findings->len; i++) {
        const IntegrityFinding *finding = findings->pdata[i];
        g_autofree char *kind =
            g_strdup_printf("database %s", integrity_problem_name(finding->problem));
        add(check, kind, finding->revision, finding->path, (Place){0}, finding->message,
            finding->hint);
        check->in_database++;
    }
    return true;
}

/* What is wrong in the files is told also where the database cannot be asked. */
static bool
ask_database(Check *check, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (check_database(check, &cause))
        return true;
    if (check->in_files == 0 || !error_is(cause, ERROR_CONNECTION)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    report_warning(check->app->report, "the database was not asked: %s", cause->message);
    return true;
}

static bool
accept_files(Check *check, GError **error)
{
    const char *folder = check->app->settings->migrations;

    if (!digest_write(folder, check->graph, error))
        return false;
    output_line(check->app->output, "HEAD and SUMS in %s are those of the files", folder);
    return true;
}

static void
say_clean(const Check *check)
{
    const char *folder = check->app->settings->migrations;
    const guint count = graph_count(check->graph);

    output_line(check->app->output, "%u revision%s, all readable; %s", count, count == 1 ? "" : "s",
                digest_is_kept(folder) ? "HEAD and SUMS fit"
                                       : "no HEAD is kept (`sluice check --write` begins to)");
    if (check->asked_database)
        output_line(check->app->output, "the database has what the files say");
    else
        output_line(check->app->output, "the database was not asked");
}

static bool
conclude(const Check *check, GError **error)
{
    const guint all = check->in_files + check->in_database;

    output_json(check->app->output,
                json_pack("{s:O, s:b, s:b}", "findings", check->findings, "kept",
                          digest_is_kept(check->app->settings->migrations), "database_asked",
                          check->asked_database));
    if (all > 0)
        return error_set(error, check->in_files > 0 ? ERROR_CHECK : ERROR_DRIFT, "%u finding%s",
                         all, all == 1 ? "" : "s");
    say_clean(check);
    return true;
}

static bool
run_check(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const CheckOptions *options = data;
    g_auto(Check) check = {.app = app, .findings = json_array()};

    if (!check_graph(&check))
        return conclude(&check, error);
    if (options->write && !accept_files(&check, error))
        return false;
    check_sections(&check);
    if (!check_digests(&check, error) || !check_checkpoints(&check, error))
        return false;
    if (app->settings->database_url && !options->offline && !ask_database(&check, error))
        return false;
    return conclude(&check, error);
}

static const ArgSpec args[] = {
    {"write", 0, ARG_FLAG, offsetof(CheckOptions, write), NULL,
     "accept the files as they are: write HEAD and SUMS, and keep them from now on"},
    {"offline", 0, ARG_FLAG, offsetof(CheckOptions, offline), NULL, "leave the database out"},
    {NULL},
};

const Command command_check = {
    .group = "Revisions",
    .name = "check",
    .summary = "find what is wrong in the files, in HEAD and SUMS, and against the database",
    .usage = "",
    .details =
        "Reads every file and parses its SQL; compares the files with HEAD and SUMS, where they "
        "are kept; finds several heads of one branch. Where a database is configured, also finds "
        "revisions that were left out below applied ones, sections that were edited after they "
        "ran, and revisions that no file holds. Exit status 9 if the files are to be corrected, 10 "
        "if only the database and the files differ.",
    .example = "sluice check\nsluice check --offline\nsluice check --write",
    .args = args,
    .args_size = sizeof(CheckOptions),
    .needs = NEED_SETTINGS,
    .run = run_check,
};
