#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/docs.h"

static bool
run_docs(App *app, void *options G_GNUC_UNUSED, const char *const *words,
         GError **error G_GNUC_UNUSED)
{
    g_autofree char *text = NULL;

    if (strcmp(words[0], "cli") == 0)
        text = docs_cli();
    else if (strcmp(words[0], "man") == 0)
        text = docs_man();
    else
        text = docs_configuration();
    output_text(app->output, text);
    output_json(app->output, json_pack("{s:s}", "text", text));
    return true;
}

const Command command_docs = {
    .name = "docs",
    .summary = "print a reference page that is made from the tables",
    .usage = "cli|configuration|man",
    .run = run_docs,
};
