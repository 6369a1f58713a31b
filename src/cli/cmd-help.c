#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/help.h"

static char *
help_of(const char *name, GError **error)
{
    const Command *command = command_find(name);
    g_autoptr(GPtrArray) names = NULL;
    const char *near;

    if (command)
        return help_command(command);
    if (strcmp(name, "settings") == 0)
        return help_settings();
    if (command_is_family(name))
        return help_family(name);
    names = command_names(NULL);
    near = text_nearest(name, (const char *const *) names->pdata);
    error_set(error, ERROR_USAGE, "unknown command '%s'", name);
    if (near)
        error_hint(error, "Did you mean 'sluice help %s'?", near);
    else
        error_hint(error, "`sluice help` lists the commands.");
    return NULL;
}

static bool
run_help(App *app, void *options G_GNUC_UNUSED, const char *const *words, GError **error)
{
    g_autofree char *name = g_strjoinv(" ", (char **) (guintptr) words);
    g_autofree char *text = *name ? help_of(name, error) : help_overview();

    if (text == NULL)
        return false;
    output_text(app->output, text);
    output_json(app->output, json_pack("{s:s}", "help", text));
    return true;
}

const Command command_help = {
    .group = "Help",
    .name = "help",
    .summary = "show help of all commands, of one, or of the settings",
    .usage = "[COMMAND]...",
    .details = "`sluice help settings` lists the options of sluice.yaml.",
    .example = "sluice help backfill run\n"
               "sluice help settings",
    .run = run_help,
};
