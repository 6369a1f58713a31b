/*
 * lint/format.h - findings as text for people, and as documents for the programs that show them.
 *
 * A format is format-<name>.c and a row in format.c. Suppressed findings are in none of them, but
 * in SARIF, which has a word for it.
 */
#pragma once

#include "base/json-writer.h"
#include "lint/lint.h"

typedef struct {
    const char *name; /* "sarif" */
    /* The whole document, or the lines. Caller owns. */
    char *(*write)(const LintResult *result, bool colour);
} LintFormat;

/* NULL: there is none of that name; "json" is not among them, for it is a result like any other. */
const LintFormat *lint_format_find(const char *name);

char *format_text(const LintResult *result, bool colour);
char *format_sarif(const LintResult *result, bool colour);
char *format_junit(const LintResult *result, bool colour);
char *format_github(const LintResult *result, bool colour);
char *format_gitlab(const LintResult *result, bool colour);
/* {"findings": [..], ..}: the members of the object that @writer has begun. */
void format_json(const LintResult *result, JsonWriter *writer);

/* What the formats share: the message with what is blocked, broken and open, in one paragraph.
 * Caller owns. */
char *format_message(const LintFinding *finding);
/* The file that @finding is of; NULL: none of the result. */
const LintFile *format_file(const LintResult *result, const LintFinding *finding);
