/*
 * backfill/guard.h - does a part read no more than its part?
 */
#pragma once

#include "backfill/part.h"

/* Asks the server how it would do @chunk's next part. ERROR_STATE that names the plan's line, if it
 * would read a large table as a whole, or sort many rows, for each part. */
bool guard_check(PgConn *conn, const BackfillTask *task, const LedgerChunk *chunk, GError **error);
