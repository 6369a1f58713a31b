#include "base/error.h"
#include "traffic/haproxy-stat.h"

static void
test_csv_is_read_by_name(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StatTable) table = stat_table_parse_csv("# pxname,svname,last_chk,lbtot,\n"
                                                      "app,s1,\"HTTP status, \"\"200\"\"\",17,\n"
                                                      "app,BACKEND,,40,\n",
                                                      &error);

    g_assert_no_error(error);
    g_assert_cmpuint(table->rows->len, ==, 2);
    g_assert_cmpstr(stat_table_text(table, 0, "svname"), ==, "s1");
    g_assert_cmpstr(stat_table_text(table, 0, "last_chk"), ==, "HTTP status, \"200\"");
    g_assert_cmpint(stat_table_number(table, 0, "lbtot"), ==, 17);
    g_assert_cmpint(stat_table_number(table, 1, "lbtot"), ==, 40);
    g_assert_cmpint(stat_table_number(table, 1, "last_chk"), ==, 0);
    g_assert_cmpstr(stat_table_text(table, 1, "no_such_column"), ==, "");
}

static void
test_short_row_and_open_quote(void)
{
    g_autoptr(StatTable) table =
        stat_table_parse_csv("# pxname,svname,lbtot\napp\napp,\"s1,3", NULL);

    g_assert_cmpstr(stat_table_text(table, 0, "lbtot"), ==, "");
    g_assert_cmpstr(stat_table_text(table, 1, "svname"), ==, "s1,3");
}

static void
test_words(void)
{
    g_autoptr(StatTable) table = stat_table_parse_words("1\n# be_name srv_name srv_admin_state\n"
                                                        "app s1 8\n\n",
                                                        NULL);

    g_assert_cmpuint(table->rows->len, ==, 1);
    g_assert_cmpint(stat_table_number(table, 0, "srv_admin_state"), ==, 8);
}

static void
test_no_table(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(stat_table_parse_csv("Unknown command.", &error));
    g_assert_true(error_is(error, ERROR_CONFIG));
    g_assert_nonnull(strstr(error->message, "Unknown command."));
}

static void
test_info(void)
{
    const char *info = "Name: HAProxy\nPid: 42\nStart_time_sec: 1795304864\nPidfile: 7";

    g_assert_cmpint(stat_info_number(info, "Pid"), ==, 42);
    g_assert_cmpint(stat_info_number(info, "Start_time_sec"), ==, 1795304864);
    g_assert_cmpint(stat_info_number(info, "Start"), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/haproxy-stat/csv", test_csv_is_read_by_name);
    g_test_add_func("/haproxy-stat/short-row", test_short_row_and_open_quote);
    g_test_add_func("/haproxy-stat/words", test_words);
    g_test_add_func("/haproxy-stat/no-table", test_no_table);
    g_test_add_func("/haproxy-stat/info", test_info);
    return g_test_run();
}
