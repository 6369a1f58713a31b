/*
 * lint/cost.h - what a change costs on what was there before, and how to say it.
 */
#pragma once

#include "lint/facts.h"

/* The dearest predicted work of @change that is at least @least, on a relation that this file has
 * not made; NULL: none. Borrowed. */
const PredictedWork *cost_of(const LintContext *context, const DdlChange *change, WorkKind least);
/* Adds to the finding what @work is about: the statement's locks, how certain it is; a table that
 * is known to be small makes it a note. */
void cost_add(const LintContext *context, const PredictedWork *work);
/* "orders", "orders (some 12,000,000 rows)" where that is known. Caller owns. */
char *cost_label(const LintContext *context, DdlName relation);

/* IF EXISTS, and it is known that there is no such thing: nothing happens. */
bool cost_is_missing(const LintContext *context, const DdlChange *change);
/* Has this file, or the statement itself, added the column, so that no app knows it yet? */
bool cost_is_new_column(const LintContext *context, DdlName table, const char *column);

/* "CHECK (total > 0)", "FOREIGN KEY (user_id) REFERENCES users (id)", as it stands in ADD
 * CONSTRAINT. Caller owns. */
char *cost_constraint_text(const DdlConstraint *constraint);
/* Its name, or the one that the server would give it. Caller owns. */
char *cost_constraint_name(const DdlChange *change);
/* "a, b", quoted where needed; ".." for an expression. Caller owns. */
char *cost_columns(const GPtrArray *columns);
/* The column's definition without its constraints: "note text". Caller owns. */
char *cost_bare_column(const DdlColumn *column);
