/*
 * cli/plan-report.h - the Report of a dry run: what would run is the result, so it goes to stdout.
 */
#pragma once

#include "base/report.h"
#include "cli/output.h"

typedef struct {
    Output *output;
    json_t *plan; /* the facts of each statement */
} PlanSink;

/* A Report that prints on @sink's output and adds to its plan. @sink is borrowed. */
Report plan_report(PlanSink *sink);
