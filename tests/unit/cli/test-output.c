#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/output.h"

typedef struct {
    FILE *stream;
    char *text;
    size_t length;
} Memory;

static void
memory_open(Memory *memory)
{
    memory->stream = open_memstream(&memory->text, &memory->length);
}

static void
memory_clear(Memory *memory)
{
    fclose(memory->stream);
    free(memory->text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Memory, memory_clear)

static void
test_table(void)
{
    static const char *const header[] = {"NAME", "WIDE", "LAST", NULL};
    g_auto(Memory) memory = {0};
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);

    memory_open(&memory);
    g_autoptr(Output) output = output_new(memory.stream, FORMAT_TEXT, false);
    g_ptr_array_add(rows, g_strsplit("añejo,漢字,x y", ",", -1));
    g_ptr_array_add(rows, g_strsplit("b,,", ",", -1));
    g_ptr_array_add(rows, g_strsplit("\033[2J,c\nd,", ",", -1));
    output_table(output, header, rows);
    output_json(output, json_object());
    g_assert_true(output_finish(output, NULL, NULL));
    g_assert_cmpstr(memory.text, ==,
                    "NAME   WIDE  LAST\n"
                    "añejo  漢字  x y\n"
                    "b\n"
                    "\xef\xbf\xbd[2J   c d\n");
}

/* Written member by member, an object ends as a document does. */
static void
test_object(void)
{
    g_autoptr(GError) failure = NULL;
    g_auto(Memory) memory = {0};
    g_autoptr(json_t) document = NULL;
    const char *message = NULL;
    int count = 0;

    memory_open(&memory);
    g_autoptr(Output) output = output_new(memory.stream, FORMAT_JSON, false);
    json_writer_int(output_json_object(output), "count", 3);
    error_set(&failure, ERROR_CHECK, "three of them");
    g_assert_true(output_finish(output, failure, NULL));
    document = json_loads(memory.text, 0, NULL);
    g_assert_cmpint(
        json_unpack(document, "{s:i, s:{s:s}}", "count", &count, "error", "message", &message), ==,
        0);
    g_assert_cmpint(count, ==, 3);
    g_assert_cmpstr(message, ==, "three of them");
    g_assert_true(g_str_has_suffix(memory.text, "}\n"));
}

static json_t *
finish_as_json(json_t *take_document, const GError *failure)
{
    g_auto(Memory) memory = {0};

    memory_open(&memory);
    g_autoptr(Output) output = output_new(memory.stream, FORMAT_JSON, false);
    output_line(output, "not for programs");
    if (take_document)
        output_json(output, take_document);
    g_assert_true(output_finish(output, failure, NULL));
    return json_loads(memory.text, 0, NULL);
}

static void
test_json(void)
{
    g_autoptr(json_t) document = finish_as_json(json_pack("{s:i}", "a", 1), NULL);
    g_autoptr(json_t) nothing = finish_as_json(NULL, NULL);

    g_assert_cmpint(json_integer_value(json_object_get(document, "a")), ==, 1);
    g_assert_cmpuint(json_object_size(document), ==, 1);
    g_assert_cmpuint(json_object_size(nothing), ==, 0);
}

/* One document, whatever happens: a result that was given before the failure is kept. */
static void
test_json_failure(void)
{
    g_autoptr(GError) failure = NULL;
    const char *code, *message, *hint, *file;
    int line, a;

    error_set_at(&failure, ERROR_CHECK, (Place){"f.sql", 3, 4}, "gate \xff closed");
    error_hint(&failure, "Wait.");
    g_autoptr(json_t) document = finish_as_json(json_pack("{s:i}", "a", 1), failure);
    g_assert_cmpint(json_unpack(document, "{s:i, s:{s:s, s:s, s:s, s:s, s:i}}", "a", &a, "error",
                                "code", &code, "message", &message, "hint", &hint, "file", &file,
                                "line", &line),
                    ==, 0);
    g_assert_cmpstr(code, ==, "check");
    g_assert_cmpstr(message, ==, "f.sql:3:4: gate \xef\xbf\xbd closed");
    g_assert_cmpstr(hint, ==, "Wait.");
    g_assert_cmpint(line, ==, 3);
    g_autoptr(json_t) list = finish_as_json(json_pack("[i]", 1), failure);
    g_assert_true(json_is_array(json_object_get(list, "result")));
    g_assert_true(json_is_object(json_object_get(list, "error")));
}

static void
test_full_disk(void)
{
    FILE *full = fopen("/dev/full", "w");
    g_autoptr(Output) output = output_new(full, FORMAT_TEXT, false);
    g_autoptr(GError) failure = NULL;

    output_line(output, "a");
    g_assert_false(output_finish(output, NULL, &failure));
    g_assert_true(error_is(failure, ERROR_STATE));
    fclose(full);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/output/table", test_table);
    g_test_add_func("/output/object", test_object);
    g_test_add_func("/output/json", test_json);
    g_test_add_func("/output/json-failure", test_json_failure);
    g_test_add_func("/output/full-disk", test_full_disk);
    return g_test_run();
}
