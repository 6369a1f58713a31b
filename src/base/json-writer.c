#include "base/json-writer.h"

#include <stdbool.h>

enum { PIECE = 64 << 10 };

struct JsonWriter {
    GString *text;
    guint depth;
    bool is_empty; /* the innermost has no member yet */
    JsonSpill spill;
    void *data;
};

static void
hand_on(JsonWriter *writer)
{
    writer->spill(writer->text->str, writer->data);
    g_string_truncate(writer->text, 0);
}

static void
new_line(JsonWriter *writer)
{
    g_string_append_c(writer->text, '\n');
    for (guint i = 0; i < writer->depth; i++)
        g_string_append_len(writer->text, "  ", 2);
}

static void
append_escape(GString *to, unsigned char c)
{
    static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                   ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};

    if (letters[c] == '\0') {
        g_string_append_printf(to, "\\u%04X", c);
        return;
    }
    g_string_append_c(to, '\\');
    g_string_append_c(to, letters[c]);
}

static void
append_quoted(GString *to, const char *text)
{
    const char *from = text;

    g_string_append_c(to, '"');
    for (const char *c = text; *c; c++) {
        if ((unsigned char) *c >= ' ' && *c != '"' && *c != '\\')
            continue;
        g_string_append_len(to, from, c - from);
        append_escape(to, (unsigned char) *c);
        from = c + 1;
    }
    g_string_append(to, from);
    g_string_append_c(to, '"');
}

static void
begin_member(JsonWriter *writer, const char *key)
{
    if (!writer->is_empty)
        g_string_append_c(writer->text, ',');
    if (writer->text->len > PIECE)
        hand_on(writer);
    writer->is_empty = false;
    new_line(writer);
    if (key == NULL)
        return;
    append_quoted(writer->text, key);
    g_string_append_len(writer->text, ": ", 2);
}

JsonWriter *
json_writer_new(JsonSpill spill, void *data)
{
    JsonWriter *writer = g_new0(JsonWriter, 1);

    writer->text = g_string_sized_new(2 * PIECE);
    writer->spill = spill;
    writer->data = data;
    writer->depth = 1;
    writer->is_empty = true;
    g_string_append_c(writer->text, '{');
    return writer;
}

void
json_writer_free(JsonWriter *writer)
{
    if (writer == NULL)
        return;
    g_string_free(writer->text, TRUE);
    g_free(writer);
}

void
json_writer_finish(JsonWriter *writer)
{
    json_writer_end(writer, '}');
    hand_on(writer);
}

void
json_writer_text(JsonWriter *writer, const char *key, const char *text)
{
    g_autofree char *valid = NULL;

    begin_member(writer, key);
    if (text == NULL) {
        g_string_append(writer->text, "null");
        return;
    }
    if (!g_utf8_validate(text, -1, NULL))
        valid = g_utf8_make_valid(text, -1);
    append_quoted(writer->text, valid ? valid : text);
}

void
json_writer_int(JsonWriter *writer, const char *key, gint64 value)
{
    begin_member(writer, key);
    g_string_append_printf(writer->text, "%" G_GINT64_FORMAT, value);
}

void
json_writer_value(JsonWriter *writer, const char *key, const json_t *value)
{
    g_autofree char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1); /* no string of it holds a newline */

    begin_member(writer, key);
    for (char **line = lines; *line; line++) {
        if (line != lines)
            new_line(writer);
        g_string_append(writer->text, *line);
    }
}

void
json_writer_begin(JsonWriter *writer, const char *key, char bracket)
{
    begin_member(writer, key);
    g_string_append_c(writer->text, bracket);
    writer->depth++;
    writer->is_empty = true;
}

void
json_writer_end(JsonWriter *writer, char bracket)
{
    writer->depth--;
    if (!writer->is_empty)
        new_line(writer);
    g_string_append_c(writer->text, bracket);
    writer->is_empty = false;
}
