/*
 * lsp/transport.h - messages of JSON-RPC 2.0, each behind a Content-Length header.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/json.h"

/* *@ret_message NULL at the end of the stream. ERROR_STATE: a header without a length, a message of
 * more than 64 MB, or one that is no JSON. */
bool transport_read(FILE *input, json_t **ret_message, GError **error);
/* ERROR_STATE: the client is gone. */
bool transport_write(FILE *output, json_t *take_message, GError **error);
