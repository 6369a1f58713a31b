/*
 * demo/timeline.h - what a person reads while the demo runs: lines with the time and who speaks.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Timeline Timeline;

Timeline *timeline_new(void);
void timeline_free(Timeline *timeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Timeline, timeline_free)

/* "  12.3s  sluice   | backfill users: .."; @who "" for the demo's own headings. Thread-safe. */
void timeline_say(Timeline *timeline, const char *who, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* Lets time pass; ERROR_INTERRUPTED at once after Ctrl-C. */
bool timeline_rest(gint64 us, GError **error);
double timeline_seconds(const Timeline *timeline);
