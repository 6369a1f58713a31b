#include "base/error.h"

static bool
fail_with_everything(GError **error)
{
    error_set_at(error, ERROR_SQL, (Place){"a.sql", 3, 7}, "no column '%s'", "x");
    if (error)
        error_add_server(*error, "42703", "it is called y");
    return error_hint(error, "Write %s.", "y");
}

static void
assert_everything(const GError *error)
{
    g_assert_cmpstr(error->message, ==, "a.sql:3:7: no column 'x'");
    g_assert_cmpstr(error_get_hint(error), ==, "Write y.");
    g_assert_cmpstr(error_get_sqlstate(error), ==, "42703");
    g_assert_cmpstr(error_get_detail(error), ==, "it is called y");
    g_assert_cmpstr(error_get_place(error).file, ==, "a.sql");
    g_assert_cmpint(error_get_place(error).line, ==, 3);
    g_assert_cmpint(error_get_place(error).column, ==, 7);
    g_assert_cmpint(error_exit_status(error), ==, 5);
    g_assert_cmpstr(error_code_name(error), ==, "sql");
}

static void
test_everything_rides_along(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) copy = NULL;
    g_autoptr(GError) moved = NULL;

    g_assert_false(fail_with_everything(&error));
    assert_everything(error);
    copy = g_error_copy(error);
    g_clear_error(&error);
    assert_everything(copy);
    g_propagate_error(&moved, g_steal_pointer(&copy));
    assert_everything(moved);
}

static void
test_nobody_listens(void)
{
    g_assert_false(fail_with_everything(NULL));
}

static void
test_prefix_keeps_the_rest(void)
{
    g_autoptr(GError) error = NULL;

    fail_with_everything(&error);
    g_prefix_error(&error, "while reading: ");
    g_assert_cmpstr(error->message, ==, "while reading: a.sql:3:7: no column 'x'");
    g_assert_cmpstr(error_get_hint(error), ==, "Write y.");
}

static void
test_place_without_a_line(void)
{
    g_autoptr(GError) error = NULL;

    error_set_at(&error, ERROR_CONFIG, (Place){"a.sql", 0, 0}, "empty");
    g_assert_cmpstr(error->message, ==, "a.sql: empty");
}

static void
test_later_hint_wins(void)
{
    g_autoptr(GError) error = NULL;

    error_set(&error, ERROR_STATE, "no");
    g_assert_null(error_get_hint(error));
    error_hint(&error, "First.");
    error_hint(&error, "Second.");
    g_assert_cmpstr(error_get_hint(error), ==, "Second.");
}

static void
test_sqlstate(void)
{
    g_autoptr(GError) error = NULL;

    fail_with_everything(&error);
    g_assert_true(error_is_sqlstate(error, "42703"));
    g_assert_true(error_is_sqlstate(error, "42"));
    g_assert_false(error_is_sqlstate(error, "08"));
    g_assert_false(error_is_sqlstate(NULL, "08"));
}

static void
test_foreign_domain(void)
{
    g_autoptr(GError) error = g_error_new(G_FILE_ERROR, G_FILE_ERROR_NOENT, "x");
    GError *pointer = error;

    g_assert_null(error_get_hint(error));
    g_assert_null(error_get_sqlstate(error));
    g_assert_cmpint(error_get_place(error).line, ==, 0);
    g_assert_cmpint(error_exit_status(error), ==, 70);
    g_assert_false(error_is(error, ERROR_USAGE));
    g_assert_false(error_hint(&pointer, "x"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/everything-rides-along", test_everything_rides_along);
    g_test_add_func("/error/nobody-listens", test_nobody_listens);
    g_test_add_func("/error/prefix-keeps-the-rest", test_prefix_keeps_the_rest);
    g_test_add_func("/error/place-without-a-line", test_place_without_a_line);
    g_test_add_func("/error/later-hint-wins", test_later_hint_wins);
    g_test_add_func("/error/sqlstate", test_sqlstate);
    g_test_add_func("/error/foreign-domain", test_foreign_domain);
    return g_test_run();
}
