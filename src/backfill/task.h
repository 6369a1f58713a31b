/*
 * backfill/task.h - one table to fill: the plain statement, and where the ledger keeps its state.
 */
#pragma once

#include "backfill/backfill.h"
#include "backfill/key.h"
#include "catalog/catalog.h"
#include "ledger/backfills.h"

typedef struct {
    gint64 id; /* the ledger's */
    char *revision;
    CatalogTable *table; /* is gone through: holds rows itself, a leaf where it is partitioned */
    const SqlBackfill *statement; /* shared by the leaves of a table: borrowed */
    const CatalogTable *target;   /* what the statement writes, as it names it: borrowed */
    BackfillKey *key;             /* what the walk goes along; NULL: the table's pages */
    bool locks_driving; /* triggers write its target when a driving row changes: these are locked */
    bool synced; /* sets what a trigger fills in rows that apps write; which is silent meanwhile */
    bool proven; /* finish validates a constraint that no row which is left would pass */
} BackfillTask;

typedef struct {
    GPtrArray *statements; /* SqlBackfill *: what the tasks borrow */
    GPtrArray *targets;    /* CatalogTable *: so too; one for each statement */
    GPtrArray *tasks;      /* BackfillTask *: those not done, in order */
} BackfillTasks;

/* What @revision has to do now: its backfill section, or what its mappings imply, for every table
 * that holds rows. Adds what the ledger does not know yet, ends what belongs to a partition that is
 * gone. ERROR_STATE: not a table, not there. Caller owns. */
BackfillTasks *backfill_tasks_plan(PgConn *conn, const BackfillContext *context,
                                   const Revision *revision, GError **error);
void backfill_tasks_free(BackfillTasks *tasks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BackfillTasks, backfill_tasks_free)

/* For a session that reads or updates all rows: a row level policy that would hide some is an
 * error, and compiling a part would take longer than the part. */
bool backfill_prepare_session(PgConn *conn, GError **error);

/* The tables that hold the rows of @table: itself, its partitions' leaves, its children by
 * inheritance. ERROR_STATE: not a table. Element-type CatalogTable *. Caller owns. */
GPtrArray *backfill_load_leaves(PgConn *conn, const CatalogTable *table, GError **error);
/* Those of all tables that the backfills of @revision go through. */
GPtrArray *backfill_load_tables(PgConn *conn, const Revision *revision, GError **error);

/* The statements before it may have made its table grow: its size is that of its beginning. */
bool backfill_task_begin(PgConn *conn, const BackfillTask *task, GError **error);

/* Pages of its heap, now; of a walk along a key, about how many rows it has. *@ret_pages -1 if the
 * table is gone. */
bool backfill_task_pages(PgConn *conn, const BackfillTask *task, gint64 *ret_pages, GError **error);
