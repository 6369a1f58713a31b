/*
 * migrate/stamp.h - tells the ledger what the schema has, without running anything.
 */
#pragma once

#include "migrate/migrate.h"

typedef struct {
    bool purge;          /* forgets every row first, also of revisions that no file has */
    RevisionState state; /* STATE_PENDING: the last of each revision's life */
} StampOptions;

typedef enum { STAMP_ADD, STAMP_CHANGE, STAMP_REMOVE } StampKind;

typedef struct {
    StampKind kind;
    char *id;
    const Revision *revision; /* NULL: no file has it */
    RevisionState state;      /* it will have; of one that is removed: it has */
    bool final;
} Stamp;

/* What `stamp @words` changes (Stamp *): the targets and all above them are there; what comes after
 * a target goes; branches beside stay, unless purged. A row that is there keeps its state, but for
 * the targets themselves. ERROR_STATE: triggers of a mapping are installed for one that would go or
 * change. Caller owns. */
GPtrArray *stamp_plan_new(const ApplyContext *apply, const LedgerRevisions *rows,
                          const char *const *words, const StampOptions *options, GError **error);
/* Writes it, all or nothing, under the migrator lock. @rows: what the plan was made from;
 * ERROR_STATE if the ledger is another by then. */
bool stamp_run(const MigrateContext *context, GPtrArray *plan, const LedgerRevisions *rows,
               GError **error);
