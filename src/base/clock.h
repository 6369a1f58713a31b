/*
 * base/clock.h - time, sleep and randomness, passed down so that tests own them.
 *
 * No room below cli calls g_get_monotonic_time, g_usleep or g_random itself.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Clock Clock;

struct Clock {
    gint64 (*monotonic_us)(void *data); /* never jumps; for deadlines and durations */
    gint64 (*wall_us)(void *data);      /* Unix time; for records */
    void (*sleep_us)(void *data, gint64 us);
    double (*random)(void *data); /* in [0,1) */
    void *data;
};

/* The machine's own clock. Its sleep returns early when a stop was asked for (base/stop.h). */
extern const Clock clock_system;

gint64 clock_now_ms(const Clock *clock); /* monotonic */
void clock_sleep_ms(const Clock *clock, gint64 ms);
/* A duration in [ms/2, ms*3/2), so that two waiters do not stay in step. */
gint64 clock_jitter_ms(const Clock *clock, gint64 ms);
