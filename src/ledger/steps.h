/*
 * ledger/steps.h - the journal of DDL: one row a statement of a phase.
 *
 * planned -> running (the intent) -> done or failed. A transactional statement's `done` is written
 * by the transaction that runs it; another's after the catalog has confirmed it. The author's
 * statements count from 1 in the order of their section; what sluice derives counts from 1001, so
 * that a derived statement which is no longer needed moves nothing.
 */
#pragma once

#include "ledger/ledger.h"

enum { LEDGER_FIRST_DERIVED = 1001 };

typedef enum {
    LEDGER_STEP_PLANNED,
    LEDGER_STEP_RUNNING,
    LEDGER_STEP_DONE,
    LEDGER_STEP_FAILED,
} LedgerStepState;

typedef struct {
    int ordinal;
    char *statement;
    char *hash; /* of the statement's canonical form */
    LedgerStepState state;
    int attempts;
    char *error; /* why it failed, or NULL */
} LedgerStep;

void ledger_step_free(LedgerStep *step);

/* The rows of @phase in order; none if it has not begun. Element-type LedgerStep *. Caller owns. */
GPtrArray *ledger_load_steps(PgConn *conn, const char *revision, const char *phase, GError **error);

/* Makes the rows that are not done equal to @steps (LedgerStep *: ordinal, statement, hash): new
 * ones are planned, changed ones planned anew, others removed. Done ones stay as they are, and a
 * running one with the same hash stays running: it tells that its effect may be there. */
bool ledger_plan_steps(PgConn *conn, const char *revision, const char *phase, GPtrArray *steps,
                       GError **error);

/* The intent. @ordinals: element-type int. */
bool ledger_start_steps(PgConn *conn, const char *revision, const char *phase, GArray *ordinals,
                        GError **error);
/* Inside the caller's transaction where the statements are transactional. */
bool ledger_finish_steps(PgConn *conn, const char *revision, const char *phase, GArray *ordinals,
                         GError **error);
/* The figures of steps that are done, once they are: how often it was tried, what it waited and
 * took, and that it ended now. */
bool ledger_time_steps(PgConn *conn, const char *revision, const char *phase, GArray *ordinals,
                       int attempts, gint64 lock_wait_ms, gint64 duration_ms, GError **error);
bool ledger_fail_steps(PgConn *conn, const char *revision, const char *phase, GArray *ordinals,
                       int attempts, const char *message, GError **error);

/* Forgets a phase's rows, because it is undone. Inside the caller's transaction. */
bool ledger_forget_steps(PgConn *conn, const char *revision, const char *phase, GError **error);
