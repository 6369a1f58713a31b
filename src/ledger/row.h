/*
 * ledger/row.h - rows of revisions, made from what a query gave. Private to the room.
 */
#pragma once

#include "ledger/revisions.h"

/* The least that a row has; its other texts and checksums are empty. @state as in the table. Caller
 * owns. */
LedgerRevision *ledger_row_new(const char *id, const char *state, bool final);

void ledger_revisions_add(LedgerRevisions *revisions, LedgerRevision *take_row);
