#include "author/skeleton.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"
#include "revision/digest.h"

/* HEAD and SUMS from the first revision on; a folder that has revisions begins with `check
 * --write`, when its owner says so. */
static bool
begin_digest(const char *folder, GError **error)
{
    g_autoptr(Graph) graph = graph_load(folder, error);

    if (graph == NULL)
        return false;
    return graph_count(graph) > 0 || digest_is_kept(folder) || digest_write(folder, graph, error);
}

static bool
run_init(App *app, void *options G_GNUC_UNUSED, const char *const *words, GError **error)
{
    const char *folder = words[0] ? words[0] : ".";
    g_autofree char *file = g_build_filename(folder, "sluice.yaml", NULL);
    g_autofree char *migrations = g_build_filename(folder, "migrations", NULL);
    g_autofree char *text = skeleton_settings();

    if (g_file_test(file, G_FILE_TEST_EXISTS)) {
        error_set(error, ERROR_STATE, "'%s' exists already", file);
        return error_hint(error, "Edit it, or run `sluice init` in another folder.");
    }
    if (!file_make_folder(migrations, 0777, error) || !begin_digest(migrations, error) ||
        !file_create(file, text, error))
        return false;
    output_line(app->output, "made %s", file);
    output_line(app->output, "made %s%c", migrations, G_DIR_SEPARATOR);
    output_line(app->output, "next: set DATABASE_URL, then sluice revision -m \"first change\"");
    output_json(app->output, json_pack("{s:s, s:s}", "settings", file, "migrations", migrations));
    return true;
}

const Command command_init = {
    .group = "Revisions",
    .name = "init",
    .summary = "make sluice.yaml and the folder of the revision files",
    .usage = "[FOLDER]",
    .details = "Nothing that exists is overwritten. The database is not touched: sluice makes its "
               "own schema in it with the first upgrade.",
    .example = "sluice init",
    .run = run_init,
};
