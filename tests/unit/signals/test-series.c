#include "signals/series.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Series, series_free)

static void
test_tells_since_when(void)
{
    g_autoptr(Series) series = series_new();
    bool before = true;

    for (int i = 0; i <= 10; i++)
        series_add(series, i * 1000, i * 100, 60000);
    /* Nothing was written after 1000. */
    g_assert_cmpint(series_age_ms(series, 10000, 1000, &before), ==, 0);
    g_assert_false(before);
    /* 301 and more came between 3000 and 4000. */
    g_assert_cmpint(series_age_ms(series, 10000, 300, &before), ==, 6000);
    g_assert_false(before);
    g_assert_cmpint(series_age_ms(series, 10000, -1, &before), ==, 10000);
    g_assert_true(before);
}

static void
test_keeps_what_is_asked_for(void)
{
    g_autoptr(Series) series = series_new();

    for (int i = 0; i <= 100; i++)
        series_add(series, i * 1000, i * 100, 5000);
    /* One look from before stays: so it is known to be at least that long ago. */
    g_assert_cmpint(series_age_ms(series, 100000, 0, NULL), >=, 5000);
    g_assert_cmpint(series_age_ms(series, 100000, 0, NULL), <=, 7000);
}

static void
test_growth_of_a_span(void)
{
    g_autoptr(Series) series = series_new();
    gint64 ms = -1;

    g_assert_cmpint(series_growth(series, 0, 5000, &ms), ==, 0);
    series_add(series, 0, 100, 5000);
    g_assert_cmpint(series_growth(series, 0, 5000, &ms), ==, 0);
    g_assert_cmpint(ms, ==, 0);
    series_add(series, 1000, 300, 5000);
    g_assert_cmpint(series_growth(series, 1000, 5000, &ms), ==, 200);
    g_assert_cmpint(ms, ==, 1000);
    for (int i = 2; i <= 20; i++)
        series_add(series, i * 1000, 300 + i, 5000);
    g_assert_cmpint(series_growth(series, 20000, 5000, &ms), ==, 5);
    g_assert_cmpint(ms, ==, 5000);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/signals/series/tells-since-when", test_tells_since_when);
    g_test_add_func("/signals/series/keeps-what-is-asked-for", test_keeps_what_is_asked_for);
    g_test_add_func("/signals/series/growth-of-a-span", test_growth_of_a_span);
    return g_test_run();
}
