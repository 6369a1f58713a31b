#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/completion.h"

static bool
run_completion(App *app, void *options G_GNUC_UNUSED, const char *const *words,
               GError **error G_GNUC_UNUSED)
{
    g_autofree char *script = NULL;

    if (strcmp(words[0], "bash") == 0)
        script = completion_bash();
    else if (strcmp(words[0], "fish") == 0)
        script = completion_fish();
    else
        script = completion_zsh();
    output_text(app->output, script);
    output_json(app->output, json_pack("{s:s}", "script", script));
    return true;
}

const Command command_completion = {
    .group = "Help",
    .name = "completion",
    .summary = "print the completion script of a shell",
    .usage = "bash|fish|zsh",
    .details = "Commands, options, keys of sluice.yaml and revision ids are completed.",
    .example = "sluice completion bash > /etc/bash_completion.d/sluice",
    .run = run_completion,
};
