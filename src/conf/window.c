#include "conf/window.h"

#include "base/error.h"

enum { DAY_MIN = 24 * 60, MINUTE_S = 60 };

void
window_clear(Window *window)
{
    g_clear_pointer(&window->zone, g_free);
}

static int
minutes(const GMatchInfo *match, int hour_group)
{
    g_autofree char *hours = g_match_info_fetch(match, hour_group);
    g_autofree char *rest = g_match_info_fetch(match, hour_group + 1);

    return (int) (g_ascii_strtoll(hours, NULL, 10) * 60 + g_ascii_strtoll(rest, NULL, 10));
}

bool
window_parse(const char *text, Window *ret_window, GError **error)
{
    static const char time[] = "([01]?[0-9]|2[0-4]):([0-5][0-9])";
    /* No offsets: the server would read the sign of UTC+2 the other way round. */
    static const char zone[] = "UTC|[A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+";
    g_autofree char *pattern =
        g_strdup_printf("^\\s*%s\\s*-\\s*%s(?:\\s+(%s))?\\s*$", time, time, zone);
    g_autoptr(GRegex) regex = g_regex_new(pattern, 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    g_autofree char *named = NULL;
    int from = 0, to = 0;

    if (!g_regex_match(regex, text, 0, &match))
        return error_set(error, ERROR_CONFIG,
                         "'%s' is no time of day: write 22:00-06:00 (UTC) or 22:00-06:00 "
                         "Europe/Berlin",
                         text);
    from = minutes(match, 1);
    to = minutes(match, 3);
    if (from >= DAY_MIN || to > DAY_MIN || from == to)
        return error_set(error, ERROR_CONFIG,
                         "'%s' is no time of day: it begins before 24:00, ends until then, and "
                         "not when it begins",
                         text);
    named = g_match_info_fetch(match, 5);
    *ret_window =
        (Window){.from = from, .to = to, .zone = g_strdup(named && *named ? named : "UTC")};
    return true;
}

int
window_opens_in_s(const Window *window, int second)
{
    const int minute = second / MINUTE_S;
    const bool open = window->from < window->to ? minute >= window->from && minute < window->to
                                                : minute >= window->from || minute < window->to;

    if (open)
        return 0;
    return ((window->from - minute + DAY_MIN) % DAY_MIN) * MINUTE_S - second % MINUTE_S;
}
