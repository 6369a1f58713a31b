/*
 * backfill/part.h - one part of a range: rows and checkpoint in one transaction.
 */
#pragma once

#include "backfill/task.h"

/* How rows that an app has locked are met. */
typedef enum {
    PART_BRISK,   /* update; a locked row ends the attempt after a moment */
    PART_PATIENT, /* lock what can be had, update that, count the rest */
} PartMode;

/* A range of pages in several parts is gone through slice by slice, each by its first part, then
 * each by its second: so whoever looks for the room that a part left comes long after it, when no
 * other worker's snapshot, nor an app's short one, keeps the old versions any more. */
enum { PART_SLICES = 3 };

/* Conditions on the driving table's rows: the range, and the chunk's next part of it. Caller owns.
 */
char *part_range(const BackfillTask *task, const LedgerChunk *chunk);
char *part_bounds(const BackfillTask *task, const LedgerChunk *chunk);

/* The bounded statement. Caller owns. */
char *part_sql(const BackfillTask *task, const LedgerChunk *chunk, PartMode mode);

/* Opens the transaction of a part: no lock is waited for long, the mapping stays silent. */
bool part_begin(PgConn *conn, const BackfillTask *task, GError **error);

typedef struct {
    gint64 rows, skipped;
    LedgerPartOutcome outcome;
} PartResult;

/* Does @chunk's next part and counts it as done. On an error nothing of it is done; ERROR_LOCK: the
 * table itself is locked, try later. */
bool part_run(PgConn *conn, const BackfillTask *task, LedgerChunk *chunk, PartResult *ret_result,
              GError **error);
