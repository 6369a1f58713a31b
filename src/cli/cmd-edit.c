#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "ledger/revisions.h"
#include "pg/conn.h"
#include "revision/digest.h"
#include "revision/target.h"

/* $VISUAL, $EDITOR, else vi, as a shell command: it may have arguments of its own. */
static char *
editor_command(const char *path)
{
    const char *editor = g_getenv("VISUAL");
    g_autofree char *quoted = g_shell_quote(path);

    if (editor == NULL || *editor == '\0')
        editor = g_getenv("EDITOR");
    return g_strdup_printf("%s %s", editor && *editor ? editor : "vi", quoted);
}

/* The editor has the terminal. */
static bool
run_editor(const char *path, GError **error)
{
    g_autofree char *command = editor_command(path);
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    g_autoptr(GError) cause = NULL;
    int status = 0;

    if (!g_spawn_sync(NULL, (char **) (guintptr) argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL,
                      NULL, NULL, NULL, &status, &cause) ||
        !g_spawn_check_wait_status(status, &cause)) {
        error_set(error, ERROR_STATE, "the editor `%s` failed: %s", command, cause->message);
        return error_hint(error, "Set VISUAL or EDITOR to a command that opens a file.");
    }
    return true;
}

/* Sections that have run are frozen there: who edits one should know. A database that does not
 * answer keeps nobody from a text editor. */
static void
warn_of_applied(const App *app, const Graph *graph, const Revision *revision)
{
    const char *url = app->settings->database_url;
    g_autoptr(PgConn) conn =
        url ? pg_connect(
                  url,
                  &(PgConnOptions){.purpose = "edit", .allow_standby = true, .allow_pooler = true},
                  NULL)
            : NULL;
    g_autoptr(LedgerRevisions) rows = conn ? ledger_load_revisions(conn, NULL) : NULL;
    const LedgerRevision *row = rows ? ledger_find_revision(rows, revision->id) : NULL;
    g_autoptr(GPtrArray) children = graph_children(graph, revision);

    if (url && rows == NULL)
        report_warning(app->report, "the database cannot be asked whether %s is applied",
                       revision->id);
    if (row)
        report_warning(app->report,
                       "%s is %s in %s: what has run there does not run again, and an edit of it "
                       "is found by `sluice check`",
                       revision->id, revision_state_name(row->state), pg_target(conn));
    if (children->len > 0)
        report_warning(app->report, "%s builds on %s: others may have it as it was",
                       ((const Revision *) children->pdata[0])->id, revision->id);
}

/* The file as the editor left it: readable, its SQL parses, HEAD and SUMS in step. */
static bool
take_in(const App *app, const Revision *before, GError **error)
{
    const char *folder = app->settings->migrations;
    g_autoptr(Revision) revision = revision_read(before->path, false, error);
    g_autoptr(Graph) graph =
        revision && revision_check(revision, error) ? graph_load(folder, error) : NULL;
    const char *const changed[] = {revision ? revision->id : NULL, NULL};

    return graph != NULL && digest_update(folder, graph, changed, error);
}

static bool
run_edit(App *app, void *options G_GNUC_UNUSED, const char *const *words, GError **error)
{
    g_autoptr(Graph) graph = graph_load(app->settings->migrations, error);
    const Revision *revision = NULL;
    g_autofree char *before = NULL, *after = NULL;

    if (graph == NULL || !target_point(graph, NULL, words[0], &revision, error))
        return false;
    if (revision == NULL)
        return error_set(error, ERROR_USAGE, "there is nothing to edit: '%s' is no revision",
                         words[0]);
    warn_of_applied(app, graph, revision);
    g_file_get_contents(revision->path, &before, NULL, NULL);
    if (!run_editor(revision->path, error))
        return false;
    g_file_get_contents(revision->path, &after, NULL, NULL);
    if (!take_in(app, revision, error))
        return false;
    output_line(app->output, "%s %s", g_strcmp0(before, after) == 0 ? "unchanged:" : "edited",
                revision->path);
    output_json(app->output, json_pack("{s:s, s:s, s:b}", "revision", revision->id, "path",
                                       revision->path, "edited", g_strcmp0(before, after) != 0));
    return true;
}

const Command command_edit = {
    .group = "Revisions",
    .name = "edit",
    .summary = "open a revision in your editor, and check it afterwards",
    .usage = "REV",
    .details = "The editor is $VISUAL, $EDITOR, or vi. Afterwards the file is read and its SQL "
               "parsed, and HEAD and SUMS are brought up to date where they are kept. Warns where "
               "the configured database has the revision already.",
    .example = "sluice edit head\nVISUAL='code --wait' sluice edit 3f2a",
    .needs = NEED_SETTINGS,
    .run = run_edit,
};
