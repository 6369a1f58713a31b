/*
 * ledger/revisions.h - the state of each revision in this database.
 */
#pragma once

#include "ledger/ledger.h"
#include "revision/revision.h"

typedef struct {
    char *id;
    char *title;
    RevisionState state;
    bool final;   /* this state is the last it has */
    char *partly; /* phase that has begun and not ended ("expand"), or NULL */
    char *expanded_at, *backfilled_at, *cut_over_at, *contracted_at; /* ISO text, or NULL */
    char *applied_by;
    GHashTable *checksums; /* section name -> checksum, of phases that have run */
} LedgerRevision;

/* What the ledger knows of all revisions. */
typedef struct {
    GPtrArray *list;   /* LedgerRevision *, oldest first */
    GHashTable *by_id; /* borrowed from there */
} LedgerRevisions;

/* All rows in one query; none if there is no ledger. Caller owns. */
LedgerRevisions *ledger_load_revisions(PgConn *conn, GError **error);
/* The same, but only id, state and final of each: what any role may read, so that an app's own role
 * can tell whether the schema fits it. */
LedgerRevisions *ledger_load_states(PgConn *conn, GError **error);
void ledger_revisions_free(LedgerRevisions *revisions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LedgerRevisions, ledger_revisions_free)
/* NULL if the ledger does not know it. Borrowed. */
const LedgerRevision *ledger_find_revision(const LedgerRevisions *revisions, const char *id);

/* Writes the row of @revision, pending, if it has none. */
bool ledger_add_revision(PgConn *conn, const Revision *revision, GError **error);
/* Records that @phase ("expand") began: so that "partly done" shows; short transaction. */
bool ledger_begin_phase(PgConn *conn, const Revision *revision, const char *phase, GError **error);
/* Inside the caller's transaction where the phase was transactional: the new state with its time,
 * @final, the checksums of the sections that ran. */
bool ledger_set_state(PgConn *conn, const Revision *revision, RevisionState state, bool final,
                      GError **error);
/* Downgrade: forgets the row with its steps, mappings, backfills. Inside the caller's transaction.
 */
bool ledger_remove_revision(PgConn *conn, const char *id, GError **error);
