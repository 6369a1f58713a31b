#include "base/error.h"
#include "conf/window.h"

enum { HOUR = 3600 };

static Window
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Window window = {0};

    window_parse(text, &window, &error);
    g_assert_no_error(error);
    return window;
}

static void
test_over_midnight(void)
{
    g_auto(Window) window = parse("22:00-06:00");

    g_assert_cmpstr(window.zone, ==, "UTC");
    g_assert_cmpint(window_opens_in_s(&window, 22 * HOUR), ==, 0);
    g_assert_cmpint(window_opens_in_s(&window, 24 * HOUR - 1), ==, 0);
    g_assert_cmpint(window_opens_in_s(&window, 0), ==, 0);
    g_assert_cmpint(window_opens_in_s(&window, 6 * HOUR - 1), ==, 0);
    g_assert_cmpint(window_opens_in_s(&window, 6 * HOUR), ==, 16 * HOUR);
    g_assert_cmpint(window_opens_in_s(&window, 22 * HOUR - 1), ==, 1);
    g_assert_cmpint(window_opens_in_s(&window, 22 * HOUR - 60), ==, 60);
    g_assert_cmpint(window_opens_in_s(&window, 22 * HOUR - 61), ==, 61);
}

static void
test_within_a_day(void)
{
    g_auto(Window) window = parse(" 9:30 - 17:00  Europe/Berlin ");

    g_assert_cmpstr(window.zone, ==, "Europe/Berlin");
    g_assert_cmpint(window_opens_in_s(&window, 12 * HOUR), ==, 0);
    g_assert_cmpint(window_opens_in_s(&window, 17 * HOUR), ==, 16 * HOUR + HOUR / 2);
    g_assert_cmpint(window_opens_in_s(&window, 0), ==, 9 * HOUR + HOUR / 2);
}

static void
test_until_midnight_and_all_day(void)
{
    g_auto(Window) evening = parse("20:00-24:00"), same = parse("20:00-00:00");
    g_auto(Window) always = parse("00:00-24:00");

    for (int second = 0; second < 24 * HOUR; second += 59) {
        g_assert_cmpint(window_opens_in_s(&evening, second), ==, MAX(0, 20 * HOUR - second));
        g_assert_cmpint(window_opens_in_s(&same, second), ==, MAX(0, 20 * HOUR - second));
        g_assert_cmpint(window_opens_in_s(&always, second), ==, 0);
    }
}

static void
test_refused(void)
{
    static const char *const texts[] = {
        "",
        "22:00",
        "22:00-25:00",
        "22:00-06:60",
        "24:00-06:00",
        "22:00-24:30",
        "08:00-08:00",
        "22:00-06:00 UTC+2",
        "22:00-06:00 local",
        "22-6",
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        Window window = {0};

        g_assert_false(window_parse(texts[i], &window, &error));
        g_assert_true(error_is(error, ERROR_CONFIG));
        g_assert_null(window.zone);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/window/over-midnight", test_over_midnight);
    g_test_add_func("/conf/window/within-a-day", test_within_a_day);
    g_test_add_func("/conf/window/until-midnight-and-all-day", test_until_midnight_and_all_day);
    g_test_add_func("/conf/window/refused", test_refused);
    return g_test_run();
}
