/*
 * apply/apply.h - runs a phase of a revision: steps, journal, lock protocol, recovery.
 *
 * Protocol: one migrator at a time; look before you lock; one deadline for the whole transaction;
 * what is transactional shares its transaction with its step row; for the rest the catalog is
 * asked. Running a phase that is done is no error and does nothing.
 */
#pragma once

#include "base/clock.h"
#include "base/report.h"
#include "conf/settings.h"
#include "ledger/revisions.h"
#include "pg/conn.h"
#include "revision/graph.h"

typedef struct ApplyBatch ApplyBatch; /* apply/batch.h */

typedef struct {
    PgConn *conn;
    const Settings *settings;
    const Clock *clock;
    const Report *report;
    const Graph *graph;
    bool dry_run;      /* say what would run (report_step + *plan), touch nothing */
    ApplyBatch *batch; /* of the expands of many; else NULL */
} ApplyContext;

/* Takes the migrator lock on @context->conn, waiting for lock.migrator_wait, then ERROR_OWNER;
 * released by apply_unlock or the session's end. */
bool apply_lock(const ApplyContext *context, GError **error);
/* The same without waiting, for who has more to look at meanwhile. */
bool apply_try_lock(const ApplyContext *context, GError **error);
void apply_unlock(const ApplyContext *context);

/* expand + sync of one revision (all in order are the caller's loop). */
bool apply_expand(const ApplyContext *context, const Revision *revision, GError **error);
/* finish, then the revision is BACKFILLED: called when its backfills are done. */
bool apply_finish(const ApplyContext *context, const Revision *revision, GError **error);
bool apply_cutover(const ApplyContext *context, const Revision *revision, GError **error);
bool apply_cutover_undo(const ApplyContext *context, const Revision *revision, GError **error);
/* triggers first, then the section. The gate is the caller's business (gate/), and must have
 * passed. */
bool apply_contract(const ApplyContext *context, const Revision *revision, GError **error);
/* ERROR_STATE where @revision (with its sections; @row: the ledger's, may be NULL) has no way back:
 * it is cut over or contracted, or has no section for it. */
bool apply_check_downgrade(const Revision *revision, const LedgerRevision *row, GError **error);
/* Drops sluice's own objects, then the downgrade section. ERROR_STATE once contracted or cut over.
 */
bool apply_downgrade(const ApplyContext *context, const Revision *revision, GError **error);
/* Renews the trigger functions of all mappings in flight (after a deploy: new names of versions).
 */
bool apply_renew_sync(const ApplyContext *context, GError **error);
/* Warns of each section of @revision (with its sections) that is not as it was when it ran. */
void apply_warn_of_edits(const ApplyContext *context, const Revision *revision,
                         const LedgerRevision *row);
