/*
 * backfill/split.h - a part that the server refuses, piece by piece down to the row.
 *
 * Each piece is a transaction of its own, which counts its rows; so the rows that are fine are
 * done, and one that is refused alone goes into quarantine (ledger/quarantine.h).
 */
#pragma once

#include "backfill/part.h"

/* Is @error, which a part ended with, about some of its rows? Else about the statement, the
 * session, the server. */
bool split_helps(const BackfillTask *task, const GError *error);

/* Does the range hold rows in quarantine? Its parts must not touch them. */
bool split_is_needed(PgConn *conn, const BackfillTask *task, const LedgerChunk *chunk,
                     bool *ret_needed, GError **error);

/* As part_run. ERROR_STATE if more than @max_quarantined rows of the backfill wait in quarantine:
 * then the statement is wrong, and not the rows. */
bool split_run(PgConn *conn, const BackfillTask *task, LedgerChunk *chunk, int max_quarantined,
               PartResult *ret_result, GError **error);
