/*
 * load/schedule.h - when requests are due: a fixed rate that does not wait for answers.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Schedule Schedule;

Schedule *schedule_new(double per_second);
void schedule_free(Schedule *schedule);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Schedule, schedule_free)

/* Takes the next due time and sleeps until then; a time that is past is returned at once. False
 * once stopped. */
bool schedule_next(Schedule *schedule, gint64 *ret_due_us);
void schedule_stop(Schedule *schedule);
bool schedule_is_stopped(Schedule *schedule);
