#include "cli/output.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

struct Output {
    FILE *stream;
    OutputFormat format;
    bool colour;
    json_t *document;
};

Output *
output_new(FILE *stream, OutputFormat format, bool colour)
{
    Output *output = g_new0(Output, 1);

    *output = (Output){stream, format, colour, NULL};
    return output;
}

void
output_free(Output *output)
{
    if (output == NULL)
        return;
    json_decref(output->document);
    g_free(output);
}

OutputFormat
output_format(const Output *output)
{
    return output->format;
}

bool
output_has_colour(const Output *output)
{
    return output->colour;
}

void
output_line(Output *output, const char *format, ...)
{
    va_list args;

    if (output->format != FORMAT_TEXT)
        return;
    va_start(args, format);
    g_autofree char *line = g_strdup_vprintf(format, args);
    va_end(args);
    fprintf(output->stream, "%s\n", line);
}

void
output_text(Output *output, const char *text)
{
    if (output->format == FORMAT_TEXT)
        fputs(text, output->stream);
}

/* Columns on a terminal; bytes that are no UTF-8 count one each. */
static int
display_width(const char *text)
{
    int width = 0;

    if (!g_utf8_validate(text, -1, NULL))
        return (int) strlen(text);
    for (; *text; text = g_utf8_next_char(text)) {
        const gunichar letter = g_utf8_get_char(text);
        if (!g_unichar_iszerowidth(letter))
            width += g_unichar_iswide(letter) ? 2 : 1;
    }
    return width;
}

static void
print_row(Output *output, const char *const *cells, const int *widths, guint columns)
{
    g_autoptr(GString) line = g_string_new(NULL);

    for (guint i = 0; i < columns && cells[i]; i++) {
        g_string_append(line, cells[i]);
        if (i + 1 < columns)
            for (int pad = widths[i] - display_width(cells[i]) + 2; pad > 0; pad--)
                g_string_append_c(line, ' ');
    }
    g_strchomp(line->str);
    fprintf(output->stream, "%s\n", line->str);
}

void
output_table(Output *output, const char *const *header, GPtrArray *rows)
{
    const guint columns = g_strv_length((char **) (guintptr) header);
    g_autofree int *widths = g_new0(int, columns);

    if (output->format != FORMAT_TEXT)
        return;
    for (guint i = 0; i < columns; i++)
        widths[i] = display_width(header[i]);
    for (guint row = 0; row < rows->len; row++) {
        const char *const *cells = g_ptr_array_index(rows, row);
        for (guint i = 0; i < columns && cells[i]; i++)
            widths[i] = MAX(widths[i], display_width(cells[i]));
    }
    if (output->colour)
        fputs("\033[1m", output->stream);
    print_row(output, header, widths, columns);
    if (output->colour)
        fputs("\033[0m", output->stream);
    for (guint row = 0; row < rows->len; row++)
        print_row(output, g_ptr_array_index(rows, row), widths, columns);
}

void
output_json(Output *output, json_t *take_data)
{
    g_autoptr(json_t) data = take_data;

    if (output->format != FORMAT_JSON)
        return;
    g_assert(data != NULL && output->document == NULL);
    output->document = g_steal_pointer(&data);
}

static void
set_text(json_t *object, const char *key, const char *text)
{
    g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;

    json_object_set_new(object, key, valid ? json_string(valid) : json_null());
}

static json_t *
failure_to_json(const GError *failure)
{
    const Place place = error_get_place(failure);
    json_t *object = json_object();

    set_text(object, "code", error_code_name(failure));
    json_object_set_new(object, "status", json_integer(error_exit_status(failure)));
    set_text(object, "message", failure->message);
    set_text(object, "hint", error_get_hint(failure));
    set_text(object, "sqlstate", error_get_sqlstate(failure));
    set_text(object, "detail", error_get_detail(failure));
    set_text(object, "file", place.file);
    json_object_set_new(object, "line", place.line ? json_integer(place.line) : json_null());
    json_object_set_new(object, "column", place.column ? json_integer(place.column) : json_null());
    return object;
}

static void
print_document(Output *output, const GError *failure)
{
    g_autoptr(json_t) document = NULL;

    if (output->document == NULL)
        document = json_object();
    else if (failure && !json_is_object(output->document))
        document = json_pack("{s:O}", "result", output->document);
    else
        document = json_incref(output->document);
    if (failure)
        json_object_set_new(document, "error", failure_to_json(failure));
    json_dumpf(document, output->stream, JSON_INDENT(2));
    fputc('\n', output->stream);
}

bool
output_finish(Output *output, const GError *failure, GError **error)
{
    if (output->format == FORMAT_JSON)
        print_document(output, failure);
    errno = 0;
    if (fflush(output->stream) == 0 && !ferror(output->stream))
        return true;
    if (errno == EPIPE)
        return true;
    return error_set(error, ERROR_STATE, "cannot write the result: %s",
                     errno ? g_strerror(errno) : "an earlier write failed");
}
