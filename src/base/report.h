/*
 * base/report.h - how a room tells what it does while it does it.
 *
 * A Report is handed down by cli (terminal lines, progress bars, JSON lines) or by a test. Rooms
 * never print. Calls may come from several threads; the sink locks.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef enum {
    REPORT_STEP,   /* something begins or ended: the timeline */
    REPORT_WAIT,   /* waiting, and for what: repeated while it lasts, only when the cause changes */
    REPORT_DETAIL, /* for -v */
    REPORT_WARNING,
} ReportKind;

typedef struct {
    const char *what;   /* "backfill users", "create index users_name" */
    gint64 done, total; /* total < 0: unknown */
    double per_second;  /* < 0: unknown */
    gint64 eta_ms;      /* < 0: unknown */
    const char *note;   /* may be NULL: e.g. "throttled: replica lag 70 MB > 64 MB" */
    const char *detail; /* more figures for people: "HOT 71 %, held 12s"; may be NULL */
    const json_t *data; /* the same for programs: an object, or NULL; borrowed */
} ReportProgress;

typedef struct {
    /* @text one line, without newline. @data a JSON object with the same facts, or NULL; borrowed.
     */
    void (*line)(void *sink, ReportKind kind, const char *text, json_t *data);
    /* @progress NULL: it has ended, and something else will be printed. */
    void (*progress)(void *sink, const ReportProgress *progress);
    void *sink;
} Report;

/* Says nothing. */
extern const Report report_none;

void report_step(const Report *report, const char *format, ...) G_GNUC_PRINTF(2, 3);
void report_wait(const Report *report, const char *format, ...) G_GNUC_PRINTF(2, 3);
void report_detail(const Report *report, const char *format, ...) G_GNUC_PRINTF(2, 3);
void report_warning(const Report *report, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* With facts: takes over @take_data. */
void report_data(const Report *report, ReportKind kind, json_t *take_data, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
void report_progress(const Report *report, const ReportProgress *progress);
void report_progress_end(const Report *report);
