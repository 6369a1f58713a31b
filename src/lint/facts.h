/*
 * lint/facts.h - what several rules ask of the statement they are at.
 */
#pragma once

#include "lint/rule.h"

/* Run by sluice: it sets timeouts, opens the transactions, and locks in one order. */
bool facts_by_sluice(const LintContext *context);
bool facts_in_section(const LintContext *context, SectionKind section);

/* Made by this file, or temporary: nobody waits for it. */
bool facts_is_new(const LintContext *context, DdlName relation);
/* The first predicted lock of at least @mode on what was there before; NULL: none. */
const PredictedLock *facts_lock(const Prediction *prediction, LockMode mode);
/* The same of a lock that is held by earlier statements of the transaction. */
const SessionLock *facts_held(const LintContext *context, LockMode mode);
/* The dearest predicted work on what was there before is at least @kind. */
bool facts_works(const LintContext *context, WorkKind kind);
/* The label of a locked relation. Caller owns. */
char *facts_lock_label(const PredictedLock *lock);

/* The statement runs without a transaction block and without stopping writes: CONCURRENTLY. */
bool facts_is_concurrent(const DdlChanges *changes);
/* BEGIN, SET, SHOW, ..: nothing of the schema or of rows. */
bool facts_is_control(const DdlChanges *changes);
/* The table in which a migration tool notes what it has run: a few rows, and nobody else's. */
bool facts_is_bookkeeping(DdlName relation);
/* UPDATE, DELETE, MERGE, INSERT .. SELECT from a table: as many rows as there are. */
bool facts_is_bulk(const DdlChange *change);

/* Called with each change of the statements before, in order; true ends it. */
typedef bool (*FactsEach)(const LintContext *context, const SessionStatement *statement,
                          const DdlChange *change, const void *data);
/* Over what ran before in this file (in the same transaction, if @transaction); the statement at
 * which @each said true; NULL: it never did. @kind: statements without a change of it may be left
 * out; CHANGE_N: none. */
const SessionStatement *facts_before(const LintContext *context, bool transaction,
                                     DdlChangeKind kind, FactsEach each, const void *data);

/* Is what the transaction holds, and what the statement wants, the same relation? */
bool facts_same_lock(const SessionLock *held, const PredictedLock *lock);
/* The same relation? Names without a schema are looked up. */
bool facts_same(const LintContext *context, DdlName a, DdlName b);
