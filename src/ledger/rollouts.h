/*
 * ledger/rollouts.h - the rows of rollouts and their steps, and the lease that fences who writes.
 *
 * The process that runs a rollout holds a session advisory lock (PG_LOCK_ROLLOUT + id) and the
 * lease epoch that it got with it. Every write of its names that epoch: after a takeover or an
 * abort, which raise it, the write touches no row and is ERROR_OWNER. Ages are measured by the
 * server's clock, so a soak or a quiet period outlives a restart, and a runner with a wrong clock
 * cannot shorten it.
 */
#pragma once

#include "base/json.h"
#include "ledger/ledger.h"

typedef enum {
    ROLLOUT_RUNNING,
    ROLLOUT_WAITING, /* for time or a person; `rollout run` goes on */
    ROLLOUT_HOLDING, /* a person must decide: `rollout resume` */
    ROLLOUT_ABORTED,
    ROLLOUT_DONE,
    ROLLOUT_FAILED, /* a step did not succeed; `rollout run` tries it again */
} RolloutState;
const char *rollout_state_name(RolloutState state);

typedef enum {
    STEP_PENDING,
    STEP_RUNNING,
    STEP_WAITING,
    STEP_DONE,
    STEP_FAILED,
    STEP_UNDONE,
} StepState;
const char *step_state_name(StepState state);

typedef struct {
    int ordinal; /* from 0 */
    char *kind;
    json_t *argument; /* {"name":"weight-5","weight":5}: as planned */
    StepState state;
    json_t *evidence;               /* an object; NULL: none yet */
    char *started_at, *finished_at; /* ISO text, or NULL */
    gint64 age_ms;                  /* since started_at; 0 if it has not begun */
} LedgerRolloutStep;

typedef struct {
    gint64 id;
    char *app, *from_version, *to_version; /* from_version may be NULL */
    char *plan_digest;
    json_t *plan;
    RolloutState state;
    char *reason;      /* why it waits, holds, failed or was aborted; NULL: none */
    char *lease_owner; /* NULL: nobody has run it */
    gint64 lease_epoch;
    char *started_at, *finished_at;
    GPtrArray *steps; /* LedgerRolloutStep *, by ordinal */
} LedgerRollout;

void ledger_rollout_free(LedgerRollout *rollout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LedgerRollout, ledger_rollout_free)

/* Was there ever a rollout in this database? */
bool ledger_has_rollouts(PgConn *conn, bool *ret_has, GError **error);
/* The newest rollout of @app with its steps; *@ret_rollout NULL if there is none (or no ledger). */
bool ledger_load_rollout(PgConn *conn, const char *app, LedgerRollout **ret_rollout,
                         GError **error);
/* Inserts it with its steps (kind and argument of each), all pending; @rollout's id is set.
 * ERROR_OWNER if another one of that app is active: somebody was quicker. */
bool ledger_add_rollout(PgConn *conn, LedgerRollout *rollout, GError **error);

/* Raises the epoch and writes @owner; the caller holds the session lock. */
bool ledger_take_lease(PgConn *conn, gint64 id, const char *owner, gint64 *ret_epoch,
                       GError **error);
/* State and reason of the rollout (@reason may be NULL), and where its cursor stands. */
bool ledger_set_rollout(PgConn *conn, gint64 id, gint64 epoch, RolloutState state, int cursor,
                        const char *reason, GError **error);
/* State of a step. RUNNING keeps an earlier start if the step had begun. @evidence (may be NULL:
 * kept as it is) is borrowed. */
bool ledger_set_rollout_step(PgConn *conn, gint64 id, gint64 epoch, int ordinal, StepState state,
                             json_t *evidence, GError **error);
/* Only the lease, cheaply: is @epoch still the one, and is the rollout not aborted? A lost lease is
 * ERROR_OWNER; *@ret_aborted with *@ret_reason (caller owns, may be NULL). */
bool ledger_check_lease(PgConn *conn, gint64 id, gint64 epoch, bool *ret_aborted, char **ret_reason,
                        GError **error);

/* In one transaction and without a lease: raises the epoch, so that whoever runs it is fenced off;
 * the rollout is aborted for @reason; each step of @kinds (NULL-ended) that is not pending is
 * undone. Repeating it changes nothing. */
bool ledger_abort_rollout(PgConn *conn, gint64 id, const char *reason, const char *const *kinds,
                          GError **error);
/* The way on after an abort or a hold: running again; undone and failed steps, and an analysis that
 * had begun, are pending as if they had never run. A soak keeps its start. */
bool ledger_resume_rollout(PgConn *conn, gint64 id, GError **error);

/* Ends a pause that waits to be resumed; *@ret_found: there was one. Needs no lease: whoever runs
 * the rollout sees it. */
bool ledger_resume_pause(PgConn *conn, gint64 id, bool *ret_found, GError **error);

/* The quiet period of a contract gate. Records a sample taken now: @seen names an old session
 * (NULL: none was there). The period begins anew with a session, and with a gap of more than
 * @gap_ms between samples, for nobody was looking. *@ret_quiet_ms: how long it has lasted. */
bool ledger_sample_quiet(PgConn *conn, const char *revision, const char *seen, gint64 gap_ms,
                         gint64 *ret_quiet_ms, GError **error);
/* How long ago @revision was cut over; < 0 if it is not. */
bool ledger_cut_over_age(PgConn *conn, const char *revision, gint64 *ret_age_ms, GError **error);
