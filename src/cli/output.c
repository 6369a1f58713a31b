#include "cli/output.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

struct Output {
    FILE *stream;
    OutputFormat format;
    bool colour;
    json_t *document;
    JsonWriter *object; /* instead of a document */
    bool by_line;       /* what came were lines */
    int failed;         /* errno of the first write that failed; 0: none */
};

Output *
output_new(FILE *stream, OutputFormat format, bool colour)
{
    Output *output = g_new0(Output, 1);

    *output = (Output){.stream = stream, .format = format, .colour = colour};
    return output;
}

void
output_free(Output *output)
{
    if (output == NULL)
        return;
    json_decref(output->document);
    json_writer_free(output->object);
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

static void
emit(Output *output, const char *text)
{
    if (fputs(text, output->stream) == EOF && output->failed == 0)
        output->failed = errno;
}

G_GNUC_PRINTF(3, 0)
static void
emit_line(Output *output, bool bold, const char *format, va_list args)
{
    g_autofree char *line = g_strdup_vprintf(format, args);
    g_autofree char *shown = text_printable(line);

    if (output->format != FORMAT_TEXT)
        return;
    if (bold && output->colour)
        emit(output, "\033[1m");
    emit(output, shown);
    emit(output, bold && output->colour ? "\033[0m\n" : "\n");
}

void
output_line(Output *output, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    emit_line(output, false, format, args);
    va_end(args);
}

void
output_heading(Output *output, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    emit_line(output, true, format, args);
    va_end(args);
}

void
output_text(Output *output, const char *text)
{
    if (output->format == FORMAT_TEXT)
        emit(output, text);
}

/* A cell stands on one line. */
static char *
cell_text(const char *text)
{
    return g_strdelimit(text_printable(text), "\n\t", ' ');
}

/* Columns on a terminal. */
static int
display_width(const char *cell)
{
    g_autofree char *text = cell_text(cell);
    int width = 0;

    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        const gunichar letter = g_utf8_get_char(at);
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
        g_autofree char *text = cell_text(cells[i]);
        g_string_append(line, text);
        if (i + 1 < columns)
            for (int pad = widths[i] - display_width(cells[i]) + 2; pad > 0; pad--)
                g_string_append_c(line, ' ');
    }
    emit(output, g_strchomp(line->str));
    emit(output, "\n");
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
        emit(output, "\033[1m");
    print_row(output, header, widths, columns);
    if (output->colour)
        emit(output, "\033[0m");
    for (guint row = 0; row < rows->len; row++)
        print_row(output, g_ptr_array_index(rows, row), widths, columns);
}

void
output_json(Output *output, json_t *take_data)
{
    g_autoptr(json_t) data = take_data;

    if (output->format != FORMAT_JSON)
        return;
    g_assert(data != NULL && output->document == NULL && output->object == NULL);
    output->document = g_steal_pointer(&data);
}

static void
emit_piece(const char *text, void *output)
{
    emit(output, text);
}

JsonWriter *
output_json_object(Output *output)
{
    if (output->format != FORMAT_JSON)
        return NULL;
    g_assert(output->document == NULL && output->object == NULL);
    output->object = json_writer_new(emit_piece, output);
    return output->object;
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
emit_json(Output *output, const json_t *data, size_t flags)
{
    g_autofree char *text = json_dumps(data, flags);

    emit(output, text);
    emit(output, "\n");
}

void
output_json_line(Output *output, json_t *take_data)
{
    g_autoptr(json_t) data = take_data;

    if (output->format != FORMAT_JSON)
        return;
    output->by_line = true;
    emit_json(output, data, JSON_COMPACT);
    fflush(output->stream);
}

static void
end_object(Output *output, const GError *failure)
{
    g_autoptr(json_t) error = failure ? failure_to_json(failure) : NULL;

    if (error != NULL)
        json_writer_value(output->object, "error", error);
    json_writer_finish(output->object);
    emit(output, "\n");
}

static void
print_document(Output *output, const GError *failure)
{
    g_autoptr(json_t) document = NULL;

    if (output->by_line && failure == NULL)
        return;
    if (output->document == NULL)
        document = json_object();
    else if (failure && !json_is_object(output->document))
        document = json_pack("{s:O}", "result", output->document);
    else
        document = json_incref(output->document);
    if (failure)
        json_object_set_new(document, "error", failure_to_json(failure));
    emit_json(output, document, output->by_line ? JSON_COMPACT : JSON_INDENT(2));
}

void
output_flush(Output *output)
{
    fflush(output->stream);
}

bool
output_finish(Output *output, const GError *failure, GError **error)
{
    if (output->object != NULL)
        end_object(output, failure);
    else if (output->format == FORMAT_JSON)
        print_document(output, failure);
    if (fflush(output->stream) != 0 && output->failed == 0)
        output->failed = errno;
    if (output->failed == 0 || output->failed == EPIPE)
        return true;
    return error_set(error, ERROR_STATE, "cannot write the result: %s", g_strerror(output->failed));
}
