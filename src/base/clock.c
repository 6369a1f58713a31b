#include "base/clock.h"

#include "base/stop.h"

static gint64
system_monotonic_us(void *data G_GNUC_UNUSED)
{
    return g_get_monotonic_time();
}

static gint64
system_wall_us(void *data G_GNUC_UNUSED)
{
    return g_get_real_time();
}

static void
system_sleep_us(void *data G_GNUC_UNUSED, gint64 us)
{
    const gint64 until = g_get_monotonic_time() + us;

    for (;;) {
        const gint64 left = until - g_get_monotonic_time();
        if (left <= 0 || stop_requested())
            return;
        g_usleep((gulong) MIN(left, 20 * G_TIME_SPAN_MILLISECOND));
    }
}

static double
system_random(void *data G_GNUC_UNUSED)
{
    return g_random_double();
}

const Clock clock_system = {
    .monotonic_us = system_monotonic_us,
    .wall_us = system_wall_us,
    .sleep_us = system_sleep_us,
    .random = system_random,
};

gint64
clock_now_ms(const Clock *clock)
{
    return clock->monotonic_us(clock->data) / 1000;
}

void
clock_sleep_ms(const Clock *clock, gint64 ms)
{
    clock->sleep_us(clock->data, ms * 1000);
}

gint64
clock_jitter_ms(const Clock *clock, gint64 ms)
{
    return ms / 2 + (gint64) ((double) ms * clock->random(clock->data));
}
