/*
 * lsp/lsp.h - lint inside of an editor: a language server (Language Server Protocol 3.17) over two
 * streams.
 *
 * It tells diagnostics while a file is edited, what the statement under the cursor locks (hover),
 * and quick fixes. A revision is seen with all that the revisions before it have made; they are
 * read again when a file is saved.
 */
#pragma once

#include <stdio.h>

#include "conf/settings.h"

/* Serves until the client says exit, or closes @input. ERROR_STATE: what comes is not the protocol;
 * the client went away without a shutdown. */
bool lsp_serve(const Settings *settings, FILE *input, FILE *output, GError **error);
