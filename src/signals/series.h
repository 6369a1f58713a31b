/*
 * signals/series.h - private: a counter of the server over time, as far back as somebody asks.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Series Series;

Series *series_new(void);
void series_free(Series *series);

/* @value, which never falls, was seen at @now_ms; what is older than @keep_ms is forgotten, but the
 * newest of that, so that the time before is not lost. */
void series_add(Series *series, gint64 now_ms, gint64 value, gint64 keep_ms);

/* How long ago the counter went past @value, as far as was seen; 0: it did not. *@ret_before (may
 * be NULL): it had done so when the first look was taken. */
gint64 series_age_ms(const Series *series, gint64 now_ms, gint64 value, bool *ret_before);

/* By how much it grew in the last @span_ms; *@ret_ms: the time that was really seen of it. */
gint64 series_growth(const Series *series, gint64 now_ms, gint64 span_ms, gint64 *ret_ms);
