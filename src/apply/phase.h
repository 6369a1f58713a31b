/*
 * apply/phase.h - what all phases share: the revision's place in its life, events, the run of a
 * plan.
 */
#pragma once

#include "apply/apply.h"
#include "apply/plan.h"
#include "ledger/revisions.h"

typedef enum {
    PHASE_EXPAND,
    PHASE_FINISH,
    PHASE_CUTOVER,
    PHASE_CUTOVER_UNDO,
    PHASE_CONTRACT,
    PHASE_DOWNGRADE,
    PHASE_N
} PhaseKind;

typedef struct {
    const ApplyContext *context;
    PhaseKind kind;
    Revision *revision;        /* with its sections */
    bool is_checked;           /* its file, by a batch */
    LedgerRevisions *rows;     /* a batch's, or its own */
    const LedgerRevision *row; /* of @revision; NULL: unknown to the ledger */
    RevisionState state;       /* it is in */
    bool is_final;             /* @state is the last that it has */
    RevisionState next;        /* what phase_record writes */
    bool next_is_final;
    GPtrArray *steps; /* LedgerStep *, that phase_record writes too; NULL: they have a journal */
} Phase;

/* As the ledger's journal knows it: "expand", "cutover undo". */
const char *phase_name(PhaseKind kind);

/* Reads the revision's file and the ledger; warns of sections that were edited after they ran. */
bool phase_open(Phase *phase, const ApplyContext *context, PhaseKind kind, const Revision *revision,
                GError **error);
void phase_clear(Phase *phase);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Phase, phase_clear)

/* ERROR_STATE unless the revision's state is @needed; @hint is the next step. */
bool phase_require(const Phase *phase, RevisionState needed, const char *hint, GError **error);
/* The state in which a revision is ready for what comes behind its backfill: BACKFILLED, or
 * EXPANDED if it has nothing to fill or finish. */
RevisionState phase_filled_state(const Revision *revision);
/* True if something comes behind expand, behind finish, behind cutover. */
bool phase_has_finish(const Revision *revision);

/* What @revision's expand is before the database is asked anything: its section, cut into runs.
 * Caller owns. */
Plan *expand_plan_new(const Revision *revision, GError **error);

/* Runs @plan (cut) with its events, or with dry_run says what it would run. */
bool phase_run(Phase *phase, Plan *plan, GError **error);
/* A PlanRecord; @data is the Phase: writes its next state. */
bool phase_record(PgConn *conn, gconstpointer data, GError **error);
/* The same as a thing, where no table of another tool is kept; a PlanRecordMaker. */
LedgerRecord *phase_make_record(PgConn *conn, gconstpointer data);

/* Appends the events of phases, and of changes to the ledger (settle.h), that ended, but whose
 * process died before it could say so. */
bool phase_settle_events(const ApplyContext *context, GError **error);
