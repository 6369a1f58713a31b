/*
 * backfill/form.h - the statement of a task, over some of its rows.
 *
 * Text only. @within is a condition on the driving table's rows ("u.ctid >= .."); NULL means all of
 * them.
 */
#pragma once

#include "backfill/task.h"

/* The plain statement on the task's own table, @within added. Caller owns. */
char *form_statement(const BackfillTask *task, const char *within);

/* The same for an UPDATE or DELETE, of those rows alone that nobody has locked. An INSERT locks
 * none that is there: its plain statement. Caller owns. */
char *form_claiming(const BackfillTask *task, const char *within);

/* form_claiming, whose WHERE is evaluated for no row but those @within: for any other it may fail.
 * Where the statement joins, that is left to the plan, which should find the rows by their places.
 * Caller owns. */
char *form_claiming_only(const BackfillTask *task, const char *within);

/* "SELECT 1 FROM ..": a row for each that is still to do; @source stands in place of the task's
 * table (row_source); NULL: the table itself. Caller owns. */
char *form_left(const BackfillTask *task, const char *within, const char *source);

/* "SELECT .. FROM ..": what an INSERT would insert, and the places of the driving rows that it
 * comes from: for the server to refuse an aggregate, which no part can hold. Caller owns. */
char *form_rows(const BackfillTask *task);
