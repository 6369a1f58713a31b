/*
 * migrate/next.h - the phase of a revision that comes next in a database, and what runs it.
 */
#pragma once

#include "ledger/revisions.h"
#include "revision/revision.h"

/* The phase that comes next: "expand" (also where @row is NULL), "backfill", "finish", "cutover",
 * "contract"; NULL once it is final. @revision with its sections. Borrowed. */
const char *next_phase(const Revision *revision, const LedgerRevision *row);
/* The same for one that is just expanded; NULL: then it is final. Borrowed. */
const char *next_phase_after_expand(const Revision *revision);
/* The state that @phase brings, where it was done. */
RevisionState next_reaches(const char *phase);
/* The command that runs @phase: "sluice backfill run 3f2a9c1b7d20". Caller owns. */
char *next_command(const char *phase, const char *id);
