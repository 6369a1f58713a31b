/*
 * peers/keep.h - another tool's table kept true while both tools are used.
 *
 * The rows are written in the transaction that writes the state, so that the two never differ by
 * our doing. Alembic takes no lock that would keep us off, so what is written is worked out under a
 * lock on its table, and each statement must hit the one row that it means.
 */
#pragma once

#include "ledger/revisions.h"
#include "peers/table.h"

/* The adoption that is kept (there is one at most), or NULL. Borrowed. */
const LedgerAdoption *adoption_kept(const LedgerRevisions *ledger);

/* Inside the transaction that says that @revision is applied, or is no more: writes the same to the
 * table that is kept; no query where none is. ERROR_LOCK: the tool writes it now. ERROR_STATE: the
 * table does not fit, for the tool did something since. */
bool adoption_keep(PgConn *conn, const Graph *graph, const LedgerRevisions *ledger,
                   const Revision *revision, bool is_applied, GError **error);
/* The same for a table that may not be kept yet. */
bool adoption_write(PgConn *conn, const Graph *graph, const PeerTable *table, const char *relation,
                    const Revision *revision, bool is_applied, GError **error);
