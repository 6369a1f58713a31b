/*
 * backfill/culprit.h - which row does the server refuse?
 */
#pragma once

#include "backfill/task.h"

/* @error is what a part of @chunk ended with. If it is about the data, finds the first row that
 * fails by splitting the range (nothing is kept of what that tries), puts its key into the message,
 * and records the backfill as failed; any other error is left as it is. */
void culprit_name(PgConn *conn, const BackfillTask *task, const LedgerChunk *chunk, GError **error);

/* "id = 17", or the row's place where the table has no primary key. Caller owns. */
char *culprit_describe_row(PgConn *conn, const CatalogTable *table, const char *tid);
