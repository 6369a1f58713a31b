#include "catalog/names.h"

static void
test_table(void)
{
    g_assert_true(name_is_table("users", "users"));
    g_assert_true(name_is_table("public.users", "public.users"));
    g_assert_true(name_is_table("users", "public.users"));
    g_assert_true(name_is_table("public.users", "users"));
    g_assert_false(name_is_table("app.users", "public.users"));
    g_assert_false(name_is_table("users", "public.superusers"));
    g_assert_false(name_is_table("users.name", "users"));
}

static void
test_column(void)
{
    g_assert_true(name_is_column("users.name", "users", "name"));
    g_assert_true(name_is_column("users.name", "public.users", "name"));
    g_assert_true(name_is_column("public.users.name", "users", "name"));
    g_assert_false(name_is_column("app.users.name", "public.users", "name"));
    g_assert_false(name_is_column("users.first_name", "users", "name"));
    g_assert_false(name_is_column("name", "users", "name"));
    g_assert_false(name_is_column("users", "users", "name"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/names/table", test_table);
    g_test_add_func("/names/column", test_column);
    return g_test_run();
}
