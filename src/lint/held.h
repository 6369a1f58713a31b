/*
 * lint/held.h - the locks that a transaction holds, in the order in which they were taken; private
 * to the session.
 */
#pragma once

#include "lint/session.h"

/* Element-type SessionLock *. Caller owns. */
GPtrArray *held_new(void);
GPtrArray *held_copy(const GPtrArray *locks);
/* @unit takes one more, or a stronger one on what is held. */
void held_add(GPtrArray *held, const PredictedLock *taken, const LintUnit *unit);
/* Tables come and go: what is held, from the lock @from on, is looked up anew. */
void held_look_up(const GPtrArray *held, guint from, const Model *model);
/* No table came, went or got another name by these: what was held before is the same. */
bool held_stays(const DdlChanges *changes);
/* Adds to @orders, "first\nthen" -> "file:line", those of two that were there before, one of them
 * locked strongly, by different statements: of the first SESSION_ORDERED that a transaction holds,
 * and as long as @orders is of bearable size. */
void held_record_orders(const GPtrArray *held, GHashTable *orders);
