/*
 * fleet/look.h - what the ledgers of many databases say: for tenants of one database, all of them
 * with one session and one query.
 */
#pragma once

#include "fleet/run.h"
#include "ledger/revisions.h"

typedef struct FleetView FleetView;

/* Asks all of @results; @options->work is not used. One that cannot be asked becomes FLEET_FAILED;
 * the others stay as they are. NULL: the tenants' ledger cannot be read. Caller owns; must not
 * outlive the databases. */
FleetView *fleet_look(const FleetOptions *options, GPtrArray *results, GError **error);
void fleet_view_free(FleetView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FleetView, fleet_view_free)
/* NULL if it could not be asked. Tenants in the same state have the same ones. Borrowed. */
const LedgerRevisions *fleet_view_find(const FleetView *view, const Database *database);
