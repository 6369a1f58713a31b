#include "load/schedule.h"

struct Schedule {
    GMutex mutex;
    gint64 start_us;
    double interval_us;
    gint64 taken;
    gint stopped; /* atomic */
};

Schedule *
schedule_new(double per_second)
{
    Schedule *schedule = g_new0(Schedule, 1);

    g_mutex_init(&schedule->mutex);
    schedule->interval_us = G_USEC_PER_SEC / per_second;
    schedule->start_us = g_get_monotonic_time();
    return schedule;
}

void
schedule_free(Schedule *schedule)
{
    if (schedule == NULL)
        return;
    g_mutex_clear(&schedule->mutex);
    g_free(schedule);
}

static gint64
take(Schedule *schedule)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&schedule->mutex);

    return schedule->start_us + (gint64) ((double) schedule->taken++ * schedule->interval_us);
}

bool
schedule_next(Schedule *schedule, gint64 *ret_due_us)
{
    gint64 left_us;

    if (g_atomic_int_get(&schedule->stopped))
        return false;
    *ret_due_us = take(schedule);
    left_us = *ret_due_us - g_get_monotonic_time();
    if (left_us > 0)
        g_usleep((gulong) left_us);
    return true;
}

void
schedule_stop(Schedule *schedule)
{
    g_atomic_int_set(&schedule->stopped, TRUE);
}

bool
schedule_is_stopped(Schedule *schedule)
{
    return g_atomic_int_get(&schedule->stopped);
}
