/*
 * apply/phase.h - what all phases share: the revision's place in its life, events, the run of a
 * plan.
 */
#pragma once

#include "apply/apply.h"
#include "apply/plan.h"
#include "ledger/revisions.h"

typedef struct {
    const char *name;  /* as the ledger knows it: "expand" */
    const char *begun; /* kinds of its two events: "expanding", "expanded" */
    const char *ended;
} PhaseKind;

typedef struct {
    const ApplyContext *context;
    const PhaseKind *kind;
    Revision *revision;        /* with its sections */
    GPtrArray *rows;           /* LedgerRevision * */
    const LedgerRevision *row; /* of @revision; NULL: unknown to the ledger */
    RevisionState state;       /* it is in */
    bool is_final;             /* @state is the last that it has */
    RevisionState next;        /* what phase_record writes */
    bool next_is_final;
} Phase;

/* Reads the revision's file and the ledger; warns of sections that were edited after they ran. */
bool phase_open(Phase *phase, const ApplyContext *context, const PhaseKind *kind,
                const Revision *revision, GError **error);
void phase_clear(Phase *phase);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Phase, phase_clear)

/* ERROR_STATE unless the revision's state is @needed; @hint is the next step. */
bool phase_require(const Phase *phase, RevisionState needed, const char *hint, GError **error);
/* The state in which a revision is ready for what comes behind its backfill: BACKFILLED, or
 * EXPANDED if it has nothing to fill or finish. */
RevisionState phase_filled_state(const Revision *revision);
/* True if something comes behind expand, behind finish, behind cutover. */
bool phase_has_finish(const Revision *revision);

/* Runs @plan (cut) with its events, or with dry_run says what it would run. */
bool phase_run(const Phase *phase, Plan *plan, GError **error);
/* A PlanRecord; @data is the Phase: writes its next state. */
bool phase_record(PgConn *conn, gconstpointer data, GError **error);
