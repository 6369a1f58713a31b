/*
 * cli/revision-state.h - where a revision stands, as `current`, `status` and `wait` show it.
 */
#pragma once

#include "base/json.h"
#include "cli/output.h"
#include "ledger/revisions.h"
#include "revision/revision.h"

/* "expanded", "expanded, finish has begun". Caller owns. */
char *revision_state_text(const LedgerRevision *row);
/* When it reached the state it is in: ISO text; NULL while it is pending. Borrowed. */
const char *revision_state_since(const LedgerRevision *row);
/* {"id":..,"title":..,"state":..,"final":..,"partly":..,"expanded_at":..,..,"applied_by":..}.
 * Caller owns. */
json_t *revision_state_json(const LedgerRevision *row);
/* The tables of other tools that were adopted: [{"tool":..,"relation":..,"kept":..}]. Caller owns.
 */
json_t *revision_adoptions_json(const LedgerRevisions *ledger);
/* A line for each of them. */
void revision_adoptions_print(const LedgerRevisions *ledger, Output *output);
