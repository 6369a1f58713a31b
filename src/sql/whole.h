/*
 * sql/whole.h - what of a SELECT is about all its rows at once, so that no part can have it?
 * Private to the room.
 */
#pragma once

#include "sql/tree.h"

/* "GROUP BY", ..: the first such clause; NULL: none. Aggregates are for the server to tell. */
const char *whole_clause(const PgQuery__SelectStmt *select);
