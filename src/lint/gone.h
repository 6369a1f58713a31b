/*
 * lint/gone.h - what a statement takes away or gives another name, and who still uses it.
 */
#pragma once

#include "lint/facts.h"

#define OBJECT(name) PG_QUERY__OBJECT_TYPE__OBJECT_##name

/* The section has evidence that no old app is left, or undoes what this revision has made; or
 * nothing of it lasts. */
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
/* Called with each change behind it in the same transaction, in order; true ends it. */
typedef bool (*GoneEach)(const LintContext *context, const LintUnit *unit, const DdlChange *later,
                         void *data);
/* The one at which @each said true; NULL: it never did. */
const DdlChange *gone_each_later(const LintContext *context, const DdlChange *change, GoneEach each,
                                 void *data);
/* A later statement of the same transaction for which @is says true; NULL: none. */
const DdlChange *gone_later(const LintContext *context,
                            bool (*is)(const LintContext *context, const DdlChange *change,
                                       const DdlChange *later),
                            const DdlChange *change);

/*
 * Columns that change places in one transaction, and what the other side of a revision's mapping
 * stands in for: nobody sees the moment between.
 */
/* A column of the old name of a RENAME COLUMN is there again when the transaction ends. */
bool gone_name_returns(const LintContext *context, const DdlChange *rename);
/* The new name of a RENAME COLUMN was another column's until this transaction. */
bool gone_takes_name(const LintContext *context, const DdlChange *rename);
/* The two that change places are both sides of a mapping of this revision, which keeps them equal;
 * and no app knows the other names. */
bool gone_swaps_sides(const LintContext *context, const DdlChange *rename);
/* A column that loses its default or identity has one again when the transaction ends. */
bool gone_default_returns(const LintContext *context, const DdlChange *drop);
/* A mapping of this revision gives the column its values. */
bool gone_stays_filled(const LintContext *context, DdlName relation, const char *column);
/* What the foreign key that @drop drops says of the rows still holds when the transaction ends:
 * another one says it, or its column goes too; or it was this revision's own. */
bool gone_keeps_key(const LintContext *context, const DdlChange *drop,
                    const ModelConstraint *constraint);
