#include "base/report.h"

#include "base/json.h"

static void
ignore_line(void *sink G_GNUC_UNUSED, ReportKind kind G_GNUC_UNUSED, const char *text G_GNUC_UNUSED,
            json_t *data G_GNUC_UNUSED)
{
}

static void
ignore_progress(void *sink G_GNUC_UNUSED, const ReportProgress *progress G_GNUC_UNUSED)
{
}

const Report report_none = {.line = ignore_line, .progress = ignore_progress};

static void line_valist(const Report *report, ReportKind kind, json_t *data, const char *format,
                        va_list args) G_GNUC_PRINTF(4, 0);

static void
line_valist(const Report *report, ReportKind kind, json_t *data, const char *format, va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);

    report->line(report->sink, kind, text, data);
}

void
report_step(const Report *report, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    line_valist(report, REPORT_STEP, NULL, format, args);
    va_end(args);
}

void
report_wait(const Report *report, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    line_valist(report, REPORT_WAIT, NULL, format, args);
    va_end(args);
}

void
report_detail(const Report *report, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    line_valist(report, REPORT_DETAIL, NULL, format, args);
    va_end(args);
}

void
report_warning(const Report *report, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    line_valist(report, REPORT_WARNING, NULL, format, args);
    va_end(args);
}

void
report_data(const Report *report, ReportKind kind, json_t *take_data, const char *format, ...)
{
    g_autoptr(json_t) data = take_data;
    va_list args;

    va_start(args, format);
    line_valist(report, kind, data, format, args);
    va_end(args);
}

void
report_progress(const Report *report, const ReportProgress *progress)
{
    report->progress(report->sink, progress);
}

void
report_progress_end(const Report *report)
{
    report->progress(report->sink, NULL);
}
