/*
 * apply/sync-steps.h - the steps of a plan that sluice derives from mappings, with their records.
 *
 * Triggers are made from all mappings in flight on a table; the ledger keeps with each of these the
 * text that is installed now.
 */
#pragma once

#include "apply/phase.h"
#include "ledger/mappings.h"

/* expand: triggers and checks behind the ADD COLUMNs, in their run (or behind all, where the
 * columns exist already). @plan is cut. Checks each mapping first. */
bool sync_steps_expand(const Phase *phase, Plan *plan, GError **error);
/* finish: VALIDATE of what expand added; and ANALYZE, for behind the section. */
bool sync_steps_validate(const Phase *phase, Plan *plan, GError **error);
bool sync_steps_analyze(const Phase *phase, Plan *plan, GError **error);
/* contract: SET NOT NULL, then the triggers without this revision's mappings. */
bool sync_steps_contract(const Phase *phase, Plan *plan, GError **error);
/* downgrade: the triggers without this revision's mappings. */
bool sync_steps_remove(const Phase *phase, Plan *plan, GError **error);

/* cutover and its undo: the triggers of each table whose columns @section (may be NULL) renames,
 * with the new names, in the plan's one run. @plan is cut. */
bool sync_steps_rename(const Phase *phase, Plan *plan, const Section *section, GError **error);

/* The triggers of @row's table, as they should be now; no step if they are. */
bool sync_steps_renew(const ApplyContext *context, Plan *plan, const LedgerMapping *row,
                      GError **error);
