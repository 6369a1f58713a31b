/*
 * migrate/needs.h - `Requires:` of a revision against what the database has.
 */
#pragma once

#include "ledger/revisions.h"
#include "revision/graph.h"

/* A revision that waits, and for what. */
typedef struct {
    const Revision *revision;
    const Revision *required;
    RevisionState needed; /* STATE_EXPANDED: @required is a parent that waits itself */
    RevisionState state;  /* of @required */
    char *command;        /* what brings @required one phase on */
} Waiting;
void waiting_free(Waiting *waiting);

/* Has the revision of @row (NULL: unknown) reached @needed, or all that it ever will? */
bool need_is_met(const LedgerRevision *row, RevisionState needed);
/* The first requirement of @revision that @rows do not meet; NULL if all are met. Borrowed. */
const Requirement *need_find_unmet(const Graph *graph, const LedgerRevisions *rows,
                                   const Revision *revision);
/* For @requirement of @revision. NULL: the required file cannot be read. Caller owns. */
Waiting *waiting_for_requirement(const Graph *graph, const LedgerRevisions *rows,
                                 const Revision *revision, const Requirement *requirement,
                                 GError **error);
/* For a parent that cannot be expanded yet. Caller owns. */
Waiting *waiting_for_parent(const Revision *revision, const Revision *parent);

/* "bbbb2222 requires aaaa1111 contracted, and it is expanded". Caller owns. */
char *waiting_text(const Waiting *waiting);
/* ERROR_STATE that names what waits for what, with the commands as its hint; true if @list
 * (Waiting *) is empty. */
bool waiting_fail(GPtrArray *list, GError **error);
