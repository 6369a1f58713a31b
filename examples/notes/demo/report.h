/*
 * demo/report.h - the end of the demo: a table for people, report.json, and whether every bar held.
 */
#pragma once

#include "demo/findings.h"
#include "demo/play.h"

/* Prints the summary and writes @path. *@ret_held: did all bars hold? */
bool report_rollout(const Findings *findings, PlayKind kind, const char *path, bool *ret_held,
                    GError **error);
/* For the naive way the bars are turned round: it must show what is wrong with it. */
bool report_naive(const Findings *findings, const char *path, bool *ret_held, GError **error);
