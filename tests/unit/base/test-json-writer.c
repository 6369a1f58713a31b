/* The writer against jansson: the same document, the same bytes. */
#include <string.h>

#include "base/json-writer.h"

static void
collect(const char *text, void *all)
{
    g_string_append(all, text);
}

static JsonWriter *
writer_to(GString *all)
{
    return json_writer_new(collect, all);
}

static void
assert_is(const GString *all, json_t *take_expected)
{
    g_autoptr(json_t) expected = take_expected;
    g_autofree char *text = json_dumps(expected, JSON_INDENT(2));

    g_assert_cmpstr(all->str, ==, text);
}

static void
test_empty(void)
{
    g_autoptr(GString) all = g_string_new(NULL);

    g_autoptr(JsonWriter) writer = writer_to(all);

    json_writer_finish(writer);
    g_assert_cmpstr(all->str, ==, "{}");
}

static void
test_nesting(void)
{
    g_autoptr(GString) all = g_string_new(NULL);
    g_autoptr(json_t) value =
        json_pack("{s:[i, {s:b}], s:{}, s:n}", "list", 1, "yes", 1, "none", "null");
    g_autoptr(JsonWriter) writer = writer_to(all);

    json_writer_begin(writer, "outer", '[');
    json_writer_begin(writer, NULL, '{');
    json_writer_int(writer, "least", G_MININT64);
    json_writer_begin(writer, "empty", '[');
    json_writer_end(writer, ']');
    json_writer_end(writer, '}');
    json_writer_begin(writer, NULL, '{');
    json_writer_end(writer, '}');
    json_writer_text(writer, NULL, NULL);
    json_writer_end(writer, ']');
    json_writer_value(writer, "value", value);
    json_writer_value(writer, "text", json_object_get(value, "null"));
    json_writer_finish(writer);
    assert_is(all, json_pack("{s:[{s:I, s:[]}, {}, n], s:O, s:n}", "outer", "least",
                             (json_int_t) G_MININT64, "empty", "value", value, "text"));
}

static void
test_letters(void)
{
    g_autoptr(GString) all = g_string_new(NULL);
    char ascii[128];
    g_autoptr(JsonWriter) writer = writer_to(all);

    for (int i = 0; i < 127; i++)
        ascii[i] = (char) (i + 1);
    ascii[127] = '\0';
    json_writer_text(writer, ascii, ascii);
    json_writer_text(writer, "umlaut", "\"\xC3\xA4\" \xE2\x82\xAC \xF0\x9F\x98\x80");
    json_writer_text(writer, "", "");
    json_writer_finish(writer);
    assert_is(all, json_pack("{s:s, s:s, s:s}", ascii, ascii, "umlaut",
                             "\"\xC3\xA4\" \xE2\x82\xAC \xF0\x9F\x98\x80", "", ""));
}

static void
test_no_utf8(void)
{
    g_autoptr(GString) all = g_string_new(NULL);
    g_autoptr(JsonWriter) writer = writer_to(all);

    json_writer_text(writer, "file",
                     "a\xFF"
                     "b.sql");
    json_writer_finish(writer);
    assert_is(all, json_pack("{s:s}", "file",
                             "a\xEF\xBF\xBD"
                             "b.sql"));
}

typedef struct {
    GString *all;
    guint pieces;
    gsize largest;
} Pieces;

static void
count(const char *text, void *data)
{
    Pieces *pieces = data;

    pieces->pieces++;
    pieces->largest = MAX(pieces->largest, strlen(text));
    g_string_append(pieces->all, text);
}

/* However long the document: what is in memory at a time is little. */
static void
test_pieces(void)
{
    g_autoptr(GString) all = g_string_new(NULL);
    Pieces pieces = {.all = all};
    g_autoptr(JsonWriter) writer = json_writer_new(count, &pieces);
    json_t *list = json_array();

    json_writer_begin(writer, "list", '[');
    for (int i = 0; i < 100000; i++) {
        json_writer_int(writer, NULL, i);
        json_array_append_new(list, json_integer(i));
    }
    json_writer_end(writer, ']');
    json_writer_finish(writer);
    assert_is(all, json_pack("{s:o}", "list", list));
    g_assert_cmpuint(pieces.pieces, >, 5);
    g_assert_cmpuint(pieces.largest, <, 128 << 10);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json-writer/empty", test_empty);
    g_test_add_func("/json-writer/nesting", test_nesting);
    g_test_add_func("/json-writer/letters", test_letters);
    g_test_add_func("/json-writer/no-utf8", test_no_utf8);
    g_test_add_func("/json-writer/pieces", test_pieces);
    return g_test_run();
}
