#include "cli/plan-report.h"

static void
print_line(void *data, ReportKind kind, const char *text, json_t *facts)
{
    const PlanSink *sink = data;

    if (kind == REPORT_DETAIL)
        return;
    output_line(sink->output, kind == REPORT_WARNING ? "-- warning: %s" : "%s", text);
    if (facts)
        json_array_append(sink->plan, facts);
}

static void
ignore_progress(void *data G_GNUC_UNUSED, const ReportProgress *progress G_GNUC_UNUSED)
{
}

Report
plan_report(PlanSink *sink)
{
    return (Report){.line = print_line, .progress = ignore_progress, .sink = sink};
}
