#include "author/import.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"

typedef struct {
    bool dry_run;
    const char *interpreter;
} ImportOptions;

static const ArgSpec args[] = {
    {"dry-run", 0, ARG_FLAG, offsetof(ImportOptions, dry_run), NULL,
     "say what would be written, and write nothing"},
    {"interpreter", 0, ARG_TEXT, offsetof(ImportOptions, interpreter), "PATH",
     "the python that has alembic, or the ruby that has activerecord"},
    {NULL},
};

static const char *const outcome_names[] = {
    [IMPORT_ADDED] = "added",
    [IMPORT_KEPT] = "kept",
    [IMPORT_EDITED] = "edited",
};

static json_t *
file_json(const ImportedFile *file)
{
    const PeerRevision *revision = file->revision;
    const bool complete = revision->expand.missing == NULL && revision->downgrade.missing == NULL;

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "id", revision->id, "name", revision->name,
                     "outcome", outcome_names[file->outcome], "path", file->path, "source",
                     revision->source, "complete", complete);
}

static json_t *
finding_json(const PeerFinding *finding)
{
    return json_pack("{s:s?, s:i, s:s?, s:s, s:s?}", "file", finding->file, "line", finding->line,
                     "revision", finding->revision, "what", finding->what, "hint", finding->hint);
}

static json_t *
result_json(const GPtrArray *files, const History *history)
{
    g_autoptr(json_t) revisions = json_array();
    g_autoptr(json_t) findings = json_array();

    for (guint i = 0; i < files->len; i++)
        json_array_append_new(revisions, file_json(g_ptr_array_index(files, i)));
    for (guint i = 0; i < history->findings->len; i++)
        json_array_append_new(findings, finding_json(g_ptr_array_index(history->findings, i)));
    return json_pack("{s:s?, s:O, s:O}", "version", history->version, "revisions", revisions,
                     "findings", findings);
}

static void
print_finding(App *app, const PeerFinding *finding)
{
    g_autofree char *line = finding->line ? g_strdup_printf(":%d", finding->line) : g_strdup("");

    output_line(app->output, "  %s%s%s%s", finding->file ? finding->file : "",
                finding->file ? line : "", finding->file ? ": " : "", finding->what);
    if (finding->hint != NULL)
        output_line(app->output, "      %s", finding->hint);
}

static void
print_result(App *app, const ImportOptions *options, const GPtrArray *files, const History *history)
{
    guint count[G_N_ELEMENTS(outcome_names)] = {0};
    guint incomplete = 0;

    for (guint i = 0; i < files->len; i++) {
        const ImportedFile *file = g_ptr_array_index(files, i);
        const PeerRevision *revision = file->revision;

        count[file->outcome]++;
        incomplete += file->outcome == IMPORT_ADDED &&
                      (revision->expand.missing != NULL || revision->downgrade.missing != NULL);
        if (file->outcome == IMPORT_ADDED)
            output_line(app->output, "%s %s", options->dry_run ? "would make" : "made", file->path);
        else if (file->outcome == IMPORT_EDITED)
            output_line(app->output, "left as it is, with another text: %s", file->path);
    }
    output_line(app->output, "%u added, %u there already, %u there with another text",
                count[IMPORT_ADDED], count[IMPORT_KEPT], count[IMPORT_EDITED]);
    if (history->findings->len > 0)
        output_heading(app->output, "not as it was:");
    for (guint i = 0; i < history->findings->len; i++)
        print_finding(app, g_ptr_array_index(history->findings, i));
    if (incomplete > 0)
        output_line(app->output,
                    "%u to be filled in by hand: nothing runs them before (`-- sluice: fill in`)",
                    incomplete);
    else if (count[IMPORT_ADDED] > 0)
        output_line(app->output, "next: sluice adopt, on each database that has run them");
}

static bool
fail_empty(const Peer *peer, const char *folder, GError **error)
{
    error_set(error, ERROR_CONFIG, "'%s' holds no migration of %s", folder, peer->title);
    return error_hint(error, "Name the folder that holds them: %s.", peer->folder);
}

static bool
run_import(App *app, void *data, const char *const *words, GError **error)
{
    const ImportOptions *options = data;
    const Peer *peer = peer_find(words[0], error);
    const PeerSource source = {words[1], options->interpreter, app->report};
    g_auto(History) history = {0};
    g_autoptr(GPtrArray) files = NULL;

    if (peer == NULL)
        return false;
    history_init(&history);
    if (!peer->import(&source, &history, error))
        return false;
    if (history.revisions->len + history.findings->len == 0)
        return fail_empty(peer, words[1], error);
    files =
        import_history(&(ImportRequest){.peer = peer,
                                        .source = words[1],
                                        .folder = app->settings->migrations,
                                        .file_template = app->settings->revision_file_template,
                                        .slug_length = (guint) app->settings->revision_slug_length,
                                        .dry_run = options->dry_run},
                       &history, error);
    if (files == NULL)
        return false;
    print_result(app, options, files, &history);
    output_json(app->output, result_json(files, &history));
    return true;
}

const Command command_import = {
    .group = "Moving over",
    .name = "import",
    .summary = "make revision files of another tool's migrations",
    .usage = "alembic|rails|dbmate|flyway|sqitch|sql DIR",
    .details =
        "Ids, titles, dates and the graph stay as they are; the SQL becomes the sections expand "
        "and downgrade. What cannot be converted is listed, and its section marked `-- sluice: "
        "fill in ..`: nothing runs it until somebody has. An import may be repeated: it adds what "
        "is new and never writes a file that exists. The other tool's files and the database are "
        "only read. docs/moving.md tells the whole way.",
    .example = "sluice import alembic .\nsluice import dbmate db/migrations --dry-run",
    .args = args,
    .args_size = sizeof(ImportOptions),
    .needs = NEED_SETTINGS,
    .run = run_import,
};
