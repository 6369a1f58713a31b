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
/* Tables come and go: what is held is looked up anew. */
void held_look_up(const GPtrArray *held, const Model *model);
/* Adds to @orders, "first\nthen" -> "file:line", those of two that were there before, one of them
 * locked strongly, by different statements. */
void held_record_orders(const GPtrArray *held, GHashTable *orders);
