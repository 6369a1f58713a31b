/*
 * migrate/start.h - a new database starts from a checkpoint (revision/checkpoint.h) in place of the
 * revisions that it stands for.
 *
 * New is a database whose ledger has no revision and that holds no table, view or sequence but
 * those of extensions and sluice's own. A database in the middle of the chain never sees a
 * checkpoint.
 */
#pragma once

#include "migrate/upgrade.h"
#include "revision/checkpoint.h"

/* The checkpoint that @plan may start with; *@ret_checkpoint NULL: there is none, the database is
 * not new, or a tenant's schema was entered (a checkpoint names its schemas). Stale ones are warned
 * of. Caller owns. */
bool start_find(const MigrateContext *context, const UpgradePlan *plan, const LedgerRevisions *rows,
                Checkpoint **ret_checkpoint, GError **error);
/* Runs it, and records each revision that it stands for as stamped, at the end of its life: one
 * transaction, under the migrator lock; nothing, if another process was faster: the ledger says
 * what it did. In a dry run reports its statements. */
bool start_run(const MigrateContext *context, const Checkpoint *checkpoint, GError **error);
