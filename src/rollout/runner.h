/*
 * rollout/runner.h - one process's hold on a rollout: connection, lease, router, journal, the step
 * at hand.
 *
 * A step acts through it: what it learns goes into the step's evidence, where it waits it polls,
 * and where it cannot go on it says in which way. Every write to the ledger names the lease epoch.
 */
#pragma once

#include "analysis/judge.h"
#include "gate/gate.h"
#include "ledger/revisions.h"
#include "ledger/rollouts.h"
#include "rollout/plan.h"

/* How a step that did not succeed leaves the rollout. */
typedef enum {
    OUTCOME_FAILED,  /* it could not do its work: `rollout run` tries it again */
    OUTCOME_WAITING, /* a gate does not pass yet: `rollout run` looks again */
    OUTCOME_HOLDING, /* a person must decide: `rollout resume` */
    OUTCOME_ABORTED, /* traffic goes back */
    OUTCOME_N
} Outcome;

/* What the router was last told, and said that it does. */
typedef struct {
    bool known;
    int percent;
    double share;
    gint64 epoch;
} Confirmed;

typedef struct {
    const RolloutContext *context;
    RolloutPlan *plan; /* NULL only where no release is configured, outside a rollout */
    PgConn *conn;
    Traffic *traffic; /* NULL with journal: no router is configured */
    Journal *journal;
    Deploy *deploy; /* NULL: no driver is configured */
    char *release;  /* "notes-api/2.0" */
    char *owner;    /* "root@host" */
    LedgerRollout *row;
    gint64 epoch;   /* of the lease we took last; 0: none */
    bool has_lease; /* with this session */
    Confirmed confirmed;
    Judge *judge;       /* NULL until the first analysis */
    Outcome outcome;    /* of the step that has just failed */
    char *reason;       /* of an abort that a step saw or decided; NULL: none */
    char *waiting_for;  /* the cause that was said last */
    bool database_away; /* said already */
} Runner;

/* The step at hand. */
typedef struct {
    int ordinal;
    const StepSpec *spec;
    const char *name;
    gint64 age_ms;    /* since it began; 0 before */
    bool was_cut;     /* it was at work when its process died, or the database went away */
    json_t *evidence; /* an object: what it found so far, also by an earlier process */
} StepRun;

/* The drivers alone: what an abort needs. */
bool runner_open_drivers(Runner *run, const RolloutContext *context, GError **error);
/* Reads the plan with what the ledger says that it carries, and connects. Takes no lease. */
bool runner_open(Runner *run, const RolloutContext *context, GError **error);
/* Connects and reads the newest rollout, for what needs no plan. */
bool runner_connect(Runner *run, GError **error);
/* The rest of it, after runner_open_drivers. */
bool runner_open_database(Runner *run, GError **error);
void runner_close(Runner *run);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Runner, runner_close)

/* The session lock and the epoch. ERROR_OWNER that names the holder. */
bool runner_take_lease(Runner *run, GError **error);
/* A lost session is replaced, and the lease taken again; gives up after some minutes,
 * and at an abort on this machine. */
bool runner_reconnect(Runner *run, GError **error);
/* Does the session answer as it is? If not, tries once to replace it. */
bool runner_database_answers(Runner *run);
/* The rollout's row and steps anew. */
bool runner_reload(Runner *run, GError **error);
/* Is the ledger's newest rollout the one that this plan is of? */
bool runner_is_current(const Runner *run);

/* For a step that waits: says @cause when it changes (report, ledger), sleeps, and looks whether it
 * should stop: interrupted, fenced off, aborted. */
bool runner_poll(Runner *run, StepRun *step, gint64 sleep_ms, const char *cause, GError **error);
/* The latter alone. */
bool runner_check(Runner *run, GError **error);
/* Does this machine's journal tell of an abort? Needs no database. */
bool runner_is_aborted_here(const Runner *run);
/* Progress of a step that takes a known time, or a little longer: then @note (may be NULL) says
 * why. */
void runner_progress(Runner *run, const StepRun *step, gint64 done_ms, gint64 total_ms,
                     const char *note);
/* Keeps the evidence so far, so that the next process goes on from it. */
bool runner_keep(Runner *run, StepRun *step, GError **error);
/* A line of the timeline, and an event. */
bool runner_tell(Runner *run, const char *kind, const char *revision, json_t *take_data,
                 GError **error, const char *format, ...) G_GNUC_PRINTF(6, 7);

/* End a failing line: the error's text is the reason. */
bool runner_hold(Runner *run, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
bool runner_abort(Runner *run, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* State of a revision in this database; a pending one has no row. */
bool runner_state(Runner *run, const Revision *revision, RevisionState *ret_state, bool *ret_final,
                  GError **error);
/* A phase of apply/. */
typedef bool (*RunnerPhase)(const ApplyContext *context, const Revision *revision, GError **error);
/* Runs @phase on a connection of its own with the migrator lock: waits for another migrator. @step
 * NULL: an abort, or outside a rollout, which need no lease. */
bool runner_apply(Runner *run, StepRun *step, RunnerPhase phase, const Revision *revision,
                  bool dry_run, GError **error);
BackfillContext runner_backfill_context(const Runner *run);
