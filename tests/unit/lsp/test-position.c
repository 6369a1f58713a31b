#include "lsp/position.h"

static const char text[] = "a\xC3\xA9z\n\xF0\x9F\x98\x80y\n";

static void
check(gsize offset, int line, int character)
{
    g_autoptr(json_t) position = position_of(text, offset);

    g_assert_cmpint(json_integer_value(json_object_get(position, "line")), ==, line);
    g_assert_cmpint(json_integer_value(json_object_get(position, "character")), ==, character);
    g_assert_cmpuint(position_offset(text, position), ==, offset);
}

/* Characters are units of UTF-16: one of four bytes counts twice. */
static void
test_units(void)
{
    check(0, 0, 0);
    check(3, 0, 2);
    check(5, 1, 0);
    check(9, 1, 2);
}

static void
test_behind_the_end(void)
{
    g_autoptr(json_t) position = json_pack("{s:i, s:i}", "line", 0, "character", 99);

    g_assert_cmpuint(position_offset(text, position), ==, 4);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/position/units", test_units);
    g_test_add_func("/position/behind-the-end", test_behind_the_end);
    return g_test_run();
}
