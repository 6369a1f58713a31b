/*
 * lint/gone.h - what a statement takes away or gives another name, and who still uses it.
 */
#pragma once

#include "lint/facts.h"

#define OBJECT(name) PG_QUERY__OBJECT_TYPE__OBJECT_##name

/* The section has evidence that no old app is left, or undoes what this revision has made. */
bool gone_is_expected(const LintContext *context);
/* Does something in use lose by it: neither made by this file nor certain not to exist? */
bool gone_is_used(const LintContext *context, DdlName relation);
/* "view v, function f" of what the model knows to use the table or (not NULL) its column; NULL:
 * nothing that is known. Caller owns. */
char *gone_users(const LintContext *context, DdlName relation, const char *column);
/* The server refuses the statement, for something depends on what it drops: then that is reported,
 * instead of what would be lost. */
bool gone_is_refused(const LintContext *context, const DdlChange *change);
/* A statement before, in this file, that adds the column. */
bool gone_column_is_new(const LintContext *context, DdlName relation, const char *column);
/* A statement before, in this file, that makes the schema. */
bool gone_schema_is_new(const LintContext *context, DdlName schema);
/* A later statement of the same transaction for which @is says true; NULL: none. */
const DdlChange *gone_later(const LintContext *context,
                            bool (*is)(const LintContext *context, const DdlChange *change,
                                       const DdlChange *later),
                            const DdlChange *change);
