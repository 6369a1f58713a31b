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

/* "SELECT 1 FROM ..": a row for each that is still to do. Caller owns. */
char *form_left(const BackfillTask *task, const char *within);

/* "SELECT .. FROM ..": what an INSERT would insert, and the places of the driving rows that it
 * comes from: for the server to refuse an aggregate, which no part can hold. Caller owns. */
char *form_rows(const BackfillTask *task);
