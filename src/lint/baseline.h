/*
 * lint/baseline.h - a file of findings that were there when somebody began to lint: they are
 * suppressed, new ones are not.
 *
 * A line a finding: its fingerprint, then for people its rule and place.
 */
#pragma once

#include "lint/lint.h"

/* Suppresses the findings that the file at @path holds. *@ret_gone (may be NULL) counts lines that
 * suppress nothing any more. ERROR_CONFIG. */
bool baseline_apply(const char *path, LintResult *result, guint *ret_gone, GError **error);
/* Writes those that are not suppressed by an allow comment, notes too. */
bool baseline_write(const char *path, const LintResult *result, GError **error);
