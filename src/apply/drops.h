/*
 * apply/drops.h - what a section drops, against the mappings in flight of other revisions. Private
 * to the room.
 */
#pragma once

#include "apply/phase.h"

/* ERROR_STATE if a mapping of another revision, on one table or between two, works on what @section
 * (may be NULL) drops. */
bool drops_check(const Phase *phase, const Section *section, GError **error);
