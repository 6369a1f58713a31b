/*
 * apply/transact.h - one transaction under one deadline, tried until it fits.
 *
 * No app query waits for us longer than the stall budget: the clock starts when the first lock is
 * queued for, waiting may use half of the budget, and before each statement lock_timeout and
 * statement_timeout are set to what is left. Past it: rollback, jittered backoff, look again. The
 * budget never grows, and there is no last attempt without it. A transaction that takes no lock
 * which an app's query conflicts with has no deadline.
 */
#pragma once

#include "apply/apply.h"
#include "apply/plan.h"
#include "pg/pipeline.h"

typedef struct {
    int attempts;
    gint64 lock_wait_ms; /* of the attempt that made it */
    gint64 duration_ms;  /* of that attempt, commit included */
} TransactResult;

/* Runs the statements of @steps (PlanStep *) in one transaction, with what @record (may be NULL)
 * writes. @what names it in messages. *@ret_result is filled on failure too. ERROR_LOCK: gave up;
 * ERROR_STATE: a statement's own work does not fit into the budget; ERROR_SQL with the statement's
 * place. */
bool transact(const ApplyContext *context, const char *what, GPtrArray *steps, PlanRecord record,
              gconstpointer data, TransactResult *ret_result, GError **error);

/* The same for @steps that take no lock on anything that is there: nobody waits for them, so there
 * is no deadline, and nothing to look for. BEGIN, the statements, @record and COMMIT are one round
 * trip. */
bool transact_message(const ApplyContext *context, const char *what, GPtrArray *steps,
                      const LedgerRecord *record, TransactResult *ret_result, GError **error);

/* Warns where @steps, for which @needs are locked, are so many that they will hardly fit into the
 * budget: before anybody waits for them. */
void transact_warn(const ApplyContext *context, const char *what, GPtrArray *steps,
                   GPtrArray *needs);
