/*
 * backfill/leftover.h - rows that are left where a walk has been: seen in one snapshot.
 *
 * Triggers fill whatever an app writes. Without them a row may come to a place that was done: put
 * there by an app, or moved by it from one partition into another.
 */
#pragma once

#include "backfill/task.h"

/* *@ret_found: @task has a row that is still to do and does not wait in @quarantine
 * (LedgerQuarantined *). */
bool leftover_find(PgConn *conn, const BackfillTask *task, const GPtrArray *quarantine,
                   bool *ret_found, GError **error);

/* Looks at all of @done (BackfillTask *, with their ids) in one snapshot: a row that moves between
 * two of them is seen in one. Those with a leftover begin another pass, and come into @tasks, which
 * takes them over. */
bool leftover_reopen(PgConn *conn, GPtrArray *done, GPtrArray *tasks, GError **error);
