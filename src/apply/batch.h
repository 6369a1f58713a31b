/*
 * apply/batch.h - what expanding many revisions one after the other shares: each file is read once,
 * the ledger is loaded once, and events are appended together.
 *
 * All of it holds only under one migrator lock: apply_batch_flush or apply_batch_end must come
 * before the lock is given back. A process that dies between leaves states without events;
 * the next one settles them (phase_settle_events).
 */
#pragma once

#include "apply/apply.h"
#include "apply/plan.h"

ApplyBatch *apply_batch_new(void);
void apply_batch_free(ApplyBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ApplyBatch, apply_batch_free)

/* Everything that can be said of @revision's file without touching the database; keeps what it read
 * for the phase, if that is small. */
bool apply_batch_check(const ApplyContext *context, const Revision *revision, GError **error);
/* All rows of the ledger, with what was expanded since they were asked for. Borrowed until
 * apply_batch_end, or the batch's end. */
LedgerRevisions *apply_batch_rows(const ApplyContext *context, GError **error);
/* Appends the events, for what comes next may take long. No-op for no batch. */
bool apply_batch_flush(const ApplyContext *context, GError **error);
/* The same, and forgets the ledger: what others do meanwhile matters. */
bool apply_batch_end(const ApplyContext *context, GError **error);

/* For this room's modules. The checked file of @id, given away; NULL: it was not kept. */
Revision *batch_take_revision(ApplyBatch *batch, const char *id);
/* Plans the next one of those that were kept, while the server is busy. No-op for no batch. */
void batch_foresee(ApplyBatch *batch);
/* What batch_foresee made of @id's expand, given away; NULL: nothing. */
Plan *batch_take_plan(ApplyBatch *batch, const char *id);
/* Copies; appends all that wait once the first has waited for a second. */
bool batch_add_event(const ApplyContext *context, const char *kind, const char *revision,
                     const char *text, GError **error);
