/*
 * conf/window.h - a time of day from .. to: "22:00-06:00", "22:00-06:00 Europe/Berlin".
 *
 * The zone is an area and city of the tz database, or UTC, which also holds where none is named:
 * never that of a machine, for several machines read the same settings. Its summer time is the
 * server's business: here are only minutes of a day.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    int from, to; /* minutes of the day; to < from: over midnight */
    char *zone;   /* "UTC" */
} Window;

/* ERROR_CONFIG says what is expected. */
bool window_parse(const char *text, Window *ret_window, GError **error);
void window_clear(Window *window);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Window, window_clear)

/* How long it takes until the window opens, at @second of the day; 0: it is open. */
int window_opens_in_s(const Window *window, int second);
