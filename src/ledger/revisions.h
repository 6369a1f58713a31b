/*
 * ledger/revisions.h - the state of each revision in this database.
 */
#pragma once

#include "ledger/ledger.h"
#include "ledger/steps.h"
#include "pg/pipeline.h"
#include "revision/revision.h"

/* How it came to be known here. */
typedef enum {
    ORIGIN_RUN,     /* sluice ran its phases */
    ORIGIN_STAMPED, /* somebody said so */
    ORIGIN_ADOPTED, /* another tool's history said so */
} RevisionOrigin;
const char *revision_origin_name(RevisionOrigin origin); /* "run" */

typedef struct {
    char *id;
    char *title;
    RevisionState state;
    bool final;   /* this state is the last it has */
    char *partly; /* phase that has begun and not ended ("expand"), or NULL */
    char *expanded_at, *backfilled_at, *cut_over_at, *contracted_at; /* ISO text, or NULL */
    char *applied_by;
    RevisionOrigin origin;
    GHashTable *checksums; /* section name -> checksum, of phases that have run */
} LedgerRevision;

/* The history table of another tool that this database came from. */
typedef struct {
    char *tool;     /* "alembic" */
    char *relation; /* qualified and quoted */
    bool kept;      /* sluice writes its rows too */
} LedgerAdoption;

/* What the ledger knows of all revisions. */
typedef struct {
    GPtrArray *list;      /* LedgerRevision *, oldest first */
    GHashTable *by_id;    /* borrowed from there */
    GHashTable *tried;    /* char *: ids of those that gave up and left nothing but a journal */
    GPtrArray *adoptions; /* LedgerAdoption *, by tool */
} LedgerRevisions;

/* All rows in one query; none if there is no ledger. ERROR_STATE if it is of an older sluice, or a
 * newer one. Not inside a transaction. Caller owns. */
LedgerRevisions *ledger_load_revisions(PgConn *conn, GError **error);
/* The same for who is going to write: an older ledger is upgraded first. */
LedgerRevisions *ledger_load_revisions_to_change(PgConn *conn, const Clock *clock, GError **error);
/* The same, but only id, state and final of each: what any role may read, so that an app's own role
 * can tell whether the schema fits it. */
LedgerRevisions *ledger_load_states(PgConn *conn, GError **error);
/* None: as of a database that nothing was applied to. Caller owns. */
LedgerRevisions *ledger_revisions_new(void);
void ledger_revisions_free(LedgerRevisions *revisions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LedgerRevisions, ledger_revisions_free)
/* NULL if the ledger does not know it. Borrowed. */
const LedgerRevision *ledger_find_revision(const LedgerRevisions *revisions, const char *id);

/* Records that @phase ("expand") began: so that "partly done" shows; short transaction. NULL: what
 * began left nothing behind, but its journal, which needs the row. */
bool ledger_begin_phase(PgConn *conn, const Revision *revision, const char *phase, GError **error);

/* What the end of a phase writes: the new state with its time and @final, the row where there is
 * none, the checksums of the sections that ran, and @steps (LedgerStep *: ordinal, statement, hash)
 * as done by the same transaction; NULL: the journal has them already. @is_first: the ledger has no
 * row of it, @state is STATE_EXPANDED, and there are steps: cheaper statements will do. Must not
 * outlive @revision, @phase and @steps. */
typedef struct LedgerRecord LedgerRecord;
LedgerRecord *ledger_record_new(PgConn *conn, const Revision *revision, RevisionState state,
                                bool final, const char *phase, GPtrArray *steps, bool is_first);
void ledger_record_free(LedgerRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LedgerRecord, ledger_record_free)
/* For a pipeline, in this order; borrowed. */
const PgCommand *ledger_record_commands(const LedgerRecord *record, guint *ret_count);
/* Inside the caller's transaction. */
bool ledger_record_write(PgConn *conn, const LedgerRecord *record, GError **error);

/* In a cache of rows: @revision is now in @state. Its times and checksums are not known. */
void ledger_revisions_note(LedgerRevisions *revisions, const Revision *revision,
                           RevisionState state, bool final);

/* Says that @revision (with its sections) has reached @state, and by whom, without anything being
 * run: its row, and the checksums that the frozen sections have now. One statement, atomic; joins
 * the caller's transaction, if any. */
bool ledger_stamp_revision(PgConn *conn, const Revision *revision, RevisionState state, bool final,
                           RevisionOrigin origin, GError **error);
/* Forgets the row with its steps, mappings, backfills: downgrade, and the stamp of a state below.
 * Nothing if there is none. Joins the caller's transaction, if any. */
bool ledger_remove_revision(PgConn *conn, const char *id, GError **error);

/* The row of @adoption's tool, new or changed. Joins the caller's transaction, if any. */
bool ledger_set_adoption(PgConn *conn, const LedgerAdoption *adoption, GError **error);
/* Nothing if there is none. */
bool ledger_remove_adoption(PgConn *conn, const char *tool, GError **error);
