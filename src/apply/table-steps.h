/*
 * apply/table-steps.h - what a mapping between two tables adds to the plan of each phase. Private
 * to the room.
 */
#pragma once

#include "apply/phase.h"
#include "apply/plan.h"

/* Behind all others: the old table is canonical, and the triggers are there, once the server has
 * checked both directions. */
bool table_steps_expand(const Phase *phase, Plan *plan, GError **error);
/* In the one transaction of a cutover or its undo: the other table is canonical. */
bool table_steps_turn(const Phase *phase, Plan *plan, bool is_cut_over, GError **error);
/* Before everything else of a contract or downgrade: triggers and functions go. */
bool table_steps_remove(const Phase *phase, Plan *plan, GError **error);
/* ANALYZE of the tables that were filled. */
bool table_steps_analyze(const Phase *phase, Plan *plan, GError **error);
