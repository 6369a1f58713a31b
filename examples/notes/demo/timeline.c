#include "demo/timeline.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/stop.h"

enum { PIECE_US = 15 * 1000 };

struct Timeline {
    GMutex mutex;
    gint64 start_us;
};

Timeline *
timeline_new(void)
{
    Timeline *timeline = g_new0(Timeline, 1);

    g_mutex_init(&timeline->mutex);
    timeline->start_us = g_get_monotonic_time();
    return timeline;
}

void
timeline_free(Timeline *timeline)
{
    if (timeline == NULL)
        return;
    g_mutex_clear(&timeline->mutex);
    g_free(timeline);
}

bool
timeline_rest(gint64 us, GError **error)
{
    const gint64 until = g_get_monotonic_time() + us;
    gint64 left;

    while ((left = until - g_get_monotonic_time()) > 0) {
        if (!stop_check(error))
            return false;
        g_usleep((gulong) MIN(left, PIECE_US));
    }
    return stop_check(error);
}

double
timeline_seconds(const Timeline *timeline)
{
    return (double) (g_get_monotonic_time() - timeline->start_us) / G_USEC_PER_SEC;
}

void
timeline_say(Timeline *timeline, const char *who, const char *format, ...)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&timeline->mutex);
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    printf("%6.1fs  %-8s| %s\n", timeline_seconds(timeline), who, text);
    fflush(stdout);
}
