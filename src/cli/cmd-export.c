#include "author/export.h"
#include "base/json.h"
#include "cli/command.h"

typedef struct {
    bool dry_run;
} ExportOptions;

static bool
run_export(App *app, void *data, const char *const *words, GError **error)
{
    const ExportOptions *options = data;
    g_autoptr(Graph) graph = graph_load(app->settings->migrations, error);
    g_autoptr(GPtrArray) files =
        graph ? export_alembic(graph, words[1], options->dry_run, error) : NULL;
    g_autoptr(json_t) list = json_array();

    if (files == NULL)
        return false;
    for (guint i = 0; i < files->len; i++) {
        const ExportedFile *file = g_ptr_array_index(files, i);

        output_line(app->output, "%s %s%s", options->dry_run ? "would make" : "made", file->path,
                    file->runs ? "" : ", which Alembic refuses to run: it has phases");
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "id", file->id, "path", file->path,
                                              "runs", file->runs));
    }
    if (files->len == 0)
        output_line(app->output, "nothing to do: Alembic's folder has all revisions");
    output_json(app->output, json_pack("{s:b, s:O}", "dry_run", options->dry_run, "files", list));
    return true;
}

static const ArgSpec args[] = {
    {"dry-run", 0, ARG_FLAG, offsetof(ExportOptions, dry_run), NULL,
     "say what would be written, and write nothing"},
    {NULL},
};

const Command command_export = {
    .group = "Moving over",
    .name = "export",
    .summary = "make Alembic's files of revisions that it does not have yet",
    .usage = "alembic DIR",
    .details =
        "While both tools are used on one database, Alembic needs a file for each revision in its "
        "table. A plain expand becomes a file with the same statements, upgrade and downgrade. A "
        "revision with phases becomes one that Alembic finds and refuses to run, naming the "
        "sluice command that does. Nothing that exists is overwritten, and `sluice import` "
        "leaves these as they are. docs/moving.md tells the whole way.",
    .example = "sluice export alembic . --dry-run\nsluice export alembic .",
    .args = args,
    .args_size = sizeof(ExportOptions),
    .needs = NEED_SETTINGS,
    .run = run_export,
};
