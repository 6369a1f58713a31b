#include <glib.h>

#include "peers/folder.h"

static void
test_versions(void)
{
    g_assert_cmpint(folder_compare_versions("2__b", "10__a"), ==, -1);
    g_assert_cmpint(folder_compare_versions("V1.10__a", "V1.2__b"), ==, 1);
    g_assert_cmpint(folder_compare_versions("V1_2__a", "V1.2__a"), ==, 0);
    g_assert_cmpint(folder_compare_versions("007", "7"), ==, 0);
    g_assert_cmpint(folder_compare_versions("1", "1.1"), ==, -1);
    g_assert_cmpint(folder_compare_versions("0", "0"), ==, 0);
}

static void
test_time(void)
{
    g_autofree char *time = folder_version_time("20261121205302");
    g_autofree char *none = folder_version_time("20261321205302");

    g_assert_cmpstr(time, ==, "2026-11-21T20:53:02Z");
    g_assert_null(none);
    g_assert_null(folder_version_time("001"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/peers/folder/versions", test_versions);
    g_test_add_func("/peers/folder/time", test_time);
    return g_test_run();
}
