/*
 * lint/fates.h - which names of columns a file gives, takes and gives another type, so that a rule
 * that looks for one need not walk the file for each statement.
 */
#pragma once

#include "lint/input.h"

typedef enum {
    FATE_GIVEN,    /* ADD COLUMN, RENAME .. TO */
    FATE_GIVEN_UP, /* RENAME */
    FATE_RETYPED,  /* ALTER COLUMN TYPE */
} Fate;

/* Of the file's statements; a set. Caller owns. */
GHashTable *fates_of(const GPtrArray *units);
/* May a statement of the file do that to the column? Schemas are not looked at, and what a body of
 * code does is not known: then it may. */
bool fates_may(const LintFile *file, Fate fate, DdlName relation, const char *column);
