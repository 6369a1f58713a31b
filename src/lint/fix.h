/*
 * lint/fix.h - the mechanical fixes of findings, applied to a file's text.
 */
#pragma once

#include "lint/lint.h"

/* The text of @file with the fixes of its findings that are not suppressed; of two that touch the
 * same bytes the first is applied, the other in the next round. NULL: there is nothing to fix.
 * Caller owns. */
char *fix_text(const LintResult *result, const LintFile *file);

/* A unified diff with one hunk, from @before to @after, @path in its head; "" if they are equal.
 * Caller owns. */
char *fix_diff(const char *path, const char *before, const char *after);
