/*
 * sql/driving.h - which table of a backfill's statement is gone through, and can it be in parts?
 * Private to the room.
 */
#pragma once

#include "sql/tree.h"

typedef struct {
    const SqlTree *tree;
    const PgQuery__RangeVar *target; /* is it by default; NULL: it cannot be (INSERT) */
    PgQuery__Node *const *items;     /* of the FROM list */
    size_t n_items;
    const char *named; /* by the author, or NULL */
    Place named_place;
} DrivingChoice;

/* The named one, else the target, else the first table of the FROM list that may be. Not one that
 * stands on the side of an outer join which may be missing: the rows that lack it would be in no
 * part. Borrowed. ERROR_SQL. */
const PgQuery__RangeVar *driving_choose(const DrivingChoice *choice, GError **error);

/* What names the table inside the statement. Borrowed. */
const char *relation_alias(const PgQuery__RangeVar *relation);

/* The token behind the name (`shop.users`, `users *`) that begins at token @name. */
guint driving_name_end(const SqlTree *tree, guint name, guint end);

/* "GROUP BY", ..: the first clause of a SELECT that is about all its rows at once, so that no part
 * can have it; NULL: none. Aggregates are for the server to tell. */
const char *whole_clause(const PgQuery__SelectStmt *select);
