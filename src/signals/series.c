#include "signals/series.h"

typedef struct {
    gint64 at_ms;
    gint64 value;
} Mark;

struct Series {
    GArray *marks; /* Mark, oldest first */
};

Series *
series_new(void)
{
    Series *series = g_new0(Series, 1);

    series->marks = g_array_new(FALSE, FALSE, sizeof(Mark));
    return series;
}

void
series_free(Series *series)
{
    if (series == NULL)
        return;
    g_array_unref(series->marks);
    g_free(series);
}

static const Mark *
mark(const Series *series, guint i)
{
    return &g_array_index(series->marks, Mark, i);
}

void
series_add(Series *series, gint64 now_ms, gint64 value, gint64 keep_ms)
{
    const Mark newest = {.at_ms = now_ms, .value = value};
    guint stale = 0;

    while (stale + 1 < series->marks->len && mark(series, stale + 1)->at_ms < now_ms - keep_ms)
        stale++;
    if (stale > 0)
        g_array_remove_range(series->marks, 0, stale);
    g_array_append_val(series->marks, newest);
}

gint64
series_age_ms(const Series *series, gint64 now_ms, gint64 value, bool *ret_before)
{
    for (guint i = 0; i < series->marks->len; i++) {
        if (mark(series, i)->value <= value)
            continue;
        if (ret_before)
            *ret_before = i == 0;
        return now_ms - mark(series, i)->at_ms;
    }
    if (ret_before)
        *ret_before = false;
    return 0;
}

gint64
series_growth(const Series *series, gint64 now_ms, gint64 span_ms, gint64 *ret_ms)
{
    const guint count = series->marks->len;
    guint first = 0;

    *ret_ms = 0;
    if (count < 2)
        return 0;
    while (first + 2 < count && mark(series, first + 1)->at_ms <= now_ms - span_ms)
        first++;
    *ret_ms = mark(series, count - 1)->at_ms - mark(series, first)->at_ms;
    return mark(series, count - 1)->value - mark(series, first)->value;
}
