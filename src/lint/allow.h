/*
 * lint/allow.h - `-- sluice: allow RULE[, RULE] because REASON`: a finding that somebody has
 * weighed.
 *
 * It stands in the lines before the statement, within it, or behind it in its last line.
 */
#pragma once

#include "lint/sink.h"

typedef struct {
    GStrv rules;
    char *reason; /* NULL: none is given, and it allows nothing */
    gsize start, end;
    const LintUnit *unit; /* NULL: it stands by no statement */
    GArray *used;         /* bool, by the index of the rule */
} LintAllow;

/* Element-type LintAllow *, in order. Caller owns. */
GPtrArray *allow_scan(const LintFile *file);

/* Marks those @findings (LintFinding *, of @file) that are allowed, and what an allow was used for.
 */
void allow_apply(const LintFile *file, GPtrArray *findings);
/* Those without a reason, of no rule, at no statement, or that allow nothing. */
void allow_report(const LintFile *file, LintSink *sink);
