/*
 * apply/execute.h - runs a plan with its journal: what is done is not done again, what was begun is
 * asked of the catalog.
 */
#pragma once

#include "apply/apply.h"
#include "apply/plan.h"

/* Runs what of @plan (cut) is not done yet, in order; @plan's record is written by the transaction
 * of the last run, or by one of its own where that run has none. On an error the step says so in
 * the journal, and everything before it stays done. */
bool execute_plan(const ApplyContext *context, const Revision *revision, Plan *plan,
                  GError **error);

/* The same for a plan (cut) that is one transaction and was not begun before: without intents, for
 * effect and record are one. Only if it fails the journal gets its steps. */
bool execute_at_once(const ApplyContext *context, const Revision *revision, Plan *plan,
                     GError **error);

/* Says what execute_plan would run, run by run, with the locks that it needs: for --dry-run. */
bool execute_dry(const ApplyContext *context, const Revision *revision, Plan *plan, GError **error);
