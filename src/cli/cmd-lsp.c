#include <stdio.h>

#include "cli/command.h"
#include "lsp/lsp.h"

static bool
run_lsp(App *app, void *options G_GNUC_UNUSED, const char *const *words G_GNUC_UNUSED,
        GError **error)
{
    return lsp_serve(app->settings, stdin, stdout, error);
}

const Command command_lsp = {
    .group = "Editors",
    .name = "lsp",
    .summary = "lint inside of an editor: a language server on stdin and stdout",
    .usage = "",
    .details = "Speaks the Language Server Protocol: findings while you type, the locks of the "
               "statement under the cursor, quick fixes. Start it in the project's folder; your "
               "editor does, once it is told the command.",
    .example = "vim.lsp.start({name = 'sluice', cmd = {'sluice', 'lsp'}})   -- Neovim",
    .needs = NEED_SETTINGS,
    .run = run_lsp,
};
