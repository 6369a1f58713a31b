#include "lsp/transport.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

enum { MESSAGE_LIMIT = 64 << 20, HEADER_LIMIT = 1024 };
#define LENGTH_HEADER "Content-Length:"

/* *@ret_length: bytes of the message that follows; -1: the stream is at its end. */
static bool
read_header(FILE *input, gint64 *ret_length, GError **error)
{
    char line[HEADER_LIMIT];
    bool has_length;

    *ret_length = -1;
    while (fgets(line, sizeof line, input) != NULL) {
        g_strstrip(line);
        if (line[0] == '\0' && *ret_length >= 0)
            return true;
        if (g_ascii_strncasecmp(line, LENGTH_HEADER, strlen(LENGTH_HEADER)) != 0)
            has_length = line[0] != '\0';
        else
            has_length = text_parse_int(g_strstrip(line + strlen(LENGTH_HEADER)), ret_length, NULL);
        if (!has_length || *ret_length > MESSAGE_LIMIT)
            return error_set(error, ERROR_STATE, "a message of the editor has no usable length");
    }
    return true;
}

bool
transport_read(FILE *input, json_t **ret_message, GError **error)
{
    g_autofree char *body = NULL;
    json_error_t problem;
    gint64 length;

    *ret_message = NULL;
    if (!read_header(input, &length, error))
        return false;
    if (length < 0)
        return true;
    body = g_malloc((gsize) length + 1);
    if (fread(body, 1, (gsize) length, input) != (gsize) length)
        return error_set(error, ERROR_STATE, "a message of the editor ends too early");
    *ret_message = json_loadb(body, (gsize) length, 0, &problem);
    if (*ret_message == NULL)
        return error_set(error, ERROR_STATE, "a message of the editor is no JSON: %s",
                         problem.text);
    return true;
}

bool
transport_write(FILE *output, json_t *take_message, GError **error)
{
    g_autoptr(json_t) message = take_message;
    char *text = json_dumps(message, JSON_COMPACT);
    const bool written = fprintf(output, LENGTH_HEADER " %zu\r\n\r\n%s", strlen(text), text) > 0 &&
                         fflush(output) == 0;

    free(text);
    if (!written)
        return error_set(error, ERROR_STATE, "the editor is gone: %s", g_strerror(errno));
    return true;
}
