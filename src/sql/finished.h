/*
 * sql/finished.h - is a WHERE false for every row that an UPDATE has been over? Private to the
 * room.
 */
#pragma once

#include "sql/tree.h"

/* What an UPDATE sets, and by which name it calls its table. */
typedef struct {
    PgQuery__Node *const *targets; /* ResTarget */
    size_t n_targets;
    const char *alias;
    bool self_joined; /* its FROM reads the same table, by another name */
} Assignments;

/* Proven by form alone: for the columns set, `col IS NULL AND expr IS NOT NULL` (the second half
 * may be left out where expr is never NULL) or `col IS DISTINCT FROM expr`. Columns lose the
 * qualifier @alias in both trees, so that users.name and name are the same. */
bool finished_is_excluded(const Assignments *set, PgQuery__Node *where);

/* Can the expression never be NULL, by its form alone? */
bool finished_is_never_null(const PgQuery__Node *node);
/* Does the statement change what @expression reads, or does it have another value each time? Then a
 * condition on it proves nothing. */
bool finished_is_moved(const Assignments *set, PgQuery__Node *expression);
