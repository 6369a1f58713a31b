#include "backfill/progress.h"

#include "base/text.h"
#include "ledger/throttles.h"

enum { SPEED_MS = 1000 }; /* the least that a speed is measured over */

struct Progress {
    const Clock *clock;
    gint64 backfill; /* id; 0: none was seen */
    int pass;
    gint64 seen_ms;
    gint64 worked_ms;    /* since the pass was first seen */
    gint64 pages_before; /* done then */
    gint64 speed_ms;     /* when the speed was measured last, and the rows then */
    gint64 speed_rows;
    double rows_per_s; /* < 0: not known */
};

Progress *
progress_new(const Clock *clock)
{
    Progress *progress = g_new0(Progress, 1);

    progress->clock = clock;
    progress->rows_per_s = -1;
    return progress;
}

void
progress_free(Progress *progress)
{
    g_free(progress);
}

static void
begin(Progress *progress, const LedgerBackfill *backfill, gint64 now_ms)
{
    if (progress->backfill != backfill->id) {
        progress->speed_ms = now_ms;
        progress->speed_rows = backfill->rows;
        progress->rows_per_s = -1;
    }
    progress->backfill = backfill->id;
    progress->pass = backfill->pass;
    progress->worked_ms = 0;
    progress->pages_before = backfill->pages_done;
    progress->seen_ms = now_ms;
}

void
progress_see(Progress *progress, const LedgerBackfill *backfill, bool working)
{
    const gint64 now_ms = clock_now_ms(progress->clock);
    const gint64 since_ms = now_ms - progress->speed_ms;

    if (progress->backfill != backfill->id || progress->pass != backfill->pass) {
        begin(progress, backfill, now_ms);
        return;
    }
    if (working)
        progress->worked_ms += now_ms - progress->seen_ms;
    progress->seen_ms = now_ms;
    if (since_ms < SPEED_MS)
        return;
    progress->rows_per_s =
        1000.0 * (double) (backfill->rows - progress->speed_rows) / (double) since_ms;
    progress->speed_ms = now_ms;
    progress->speed_rows = backfill->rows;
}

/* Rows that it will have filled in the end; -1: not known. Later passes look for the few that are
 * left: they have no total. */
static gint64
estimate_total(const LedgerBackfill *backfill)
{
    if (backfill->pass != 1 || backfill->pages_done <= 0 || backfill->rows <= 0)
        return -1;
    return (gint64) ((double) backfill->rows *
                     MAX(1.0, (double) backfill->end_page / (double) backfill->pages_done));
}

static gint64
estimate_eta(const Progress *progress, const LedgerBackfill *backfill)
{
    const gint64 done = backfill->pages_done - progress->pages_before;

    if (backfill->pass != 1 || done <= 0)
        return -1;
    return (gint64) ((double) progress->worked_ms *
                     (double) MAX(0, backfill->end_page - backfill->pages_done) / (double) done);
}

static json_t *
known(gint64 value)
{
    return value < 0 ? json_null() : json_integer(value);
}

json_t *
progress_to_json(const Progress *progress, const LedgerBackfill *backfill,
                 const GPtrArray *throttles)
{
    const gint64 total = estimate_total(backfill);
    json_t *by_signal = json_object();
    json_t *object =
        json_pack("{s:s, s:s, s:i, s:I, s:I}", "revision", backfill->revision, "relation",
                  backfill->relation, "pass", backfill->pass, "rows", (json_int_t) backfill->rows,
                  "throttled_ms", (json_int_t) backfill->throttled_ms);

    for (guint i = 0; i < throttles->len; i++) {
        const LedgerThrottle *throttle = throttles->pdata[i];

        json_object_set_new(by_signal, throttle->signal, json_integer(throttle->held_ms));
    }
    json_object_set_new(object, "throttles", by_signal);
    json_object_set_new(object, "share",
                        backfill->end_page > 0
                            ? json_real((double) backfill->pages_done / (double) backfill->end_page)
                            : json_null());
    json_object_set_new(object, "total", known(total));
    json_object_set_new(object, "remaining", known(total < 0 ? -1 : total - backfill->rows));
    json_object_set_new(object, "rows_per_s",
                        progress->rows_per_s < 0 ? json_null() : json_real(progress->rows_per_s));
    json_object_set_new(object, "eta_ms", known(estimate_eta(progress, backfill)));
    json_object_set_new(object, "hot_share",
                        backfill->updates > 0
                            ? json_real((double) backfill->hot_updates / (double) backfill->updates)
                            : json_null());
    return object;
}

/* "HOT 71 %  held 12s: replica lag 10s, time of a commit 2s". */
static char *
detail(const LedgerBackfill *backfill, const GPtrArray *throttles)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (backfill->updates > 0)
        g_string_append_printf(text, "HOT %.0f %%",
                               100.0 * (double) backfill->hot_updates / (double) backfill->updates);
    if (backfill->throttled_ms > 0) {
        g_autofree char *held = text_format_duration_ms(backfill->throttled_ms);

        g_string_append_printf(text, "%sheld %s", text->len ? "  " : "", held);
    }
    for (guint i = 0; backfill->throttled_ms > 0 && i < throttles->len; i++) {
        const LedgerThrottle *throttle = throttles->pdata[i];
        g_autofree char *held = text_format_duration_ms(throttle->held_ms);

        g_string_append_printf(text, "%s%s %s", i == 0 ? ": " : ", ", throttle->signal, held);
    }
    return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

void
progress_tell(const Progress *progress, const LedgerBackfill *backfill, const GPtrArray *throttles,
              const char *note, const Report *report)
{
    g_autofree char *what = g_strdup_printf("backfill %s", backfill->relation);
    g_autofree char *figures = detail(backfill, throttles);
    g_autoptr(json_t) data = progress_to_json(progress, backfill, throttles);
    const ReportProgress line = {
        .what = what,
        .done = backfill->rows,
        .total = estimate_total(backfill),
        .per_second = progress->rows_per_s,
        .eta_ms = estimate_eta(progress, backfill),
        .note = note,
        .detail = figures,
        .data = data,
    };

    report_progress(report, &line);
}
