/*
 * rehearse/stall.h - whether an app would have waited for a statement.
 */
#pragma once

#include "rehearse/rehearse.h"

/* Of the statements from @first on, which are those of a phase. */
void stall_judge(Rehearsal *rehearsal, guint first);
