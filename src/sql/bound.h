/*
 * sql/bound.h - a backfill's one plain statement, checked and made ready to run over a part of its
 * table.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"

typedef enum { BACKFILL_UPDATE, BACKFILL_DELETE } BackfillKind;

typedef struct {
    BackfillKind kind;
    char *schema; /* of the driving table; NULL: search_path */
    char *table;
    char *alias;        /* how the statement names the table: alias or table name, quoted */
    char *set;          /* "display_name = full_name": NULL for DELETE */
    char *where;        /* the excluding condition, never NULL */
    GPtrArray *columns; /* char *: columns that are set */
} SqlBackfill;

/* Parses @text (one UPDATE or DELETE). ERROR_SQL with a place and the line to add, if its WHERE
 * does not exclude finished rows in a form that can be checked: for the columns set, `col IS NULL
 * AND expr IS NOT NULL` (the second half may be left out when expr is a constant) or `col IS
 * DISTINCT FROM expr`, unless @finished_when (the author's own condition; may be NULL) is given.
 * UPDATE .. FROM, CTEs, RETURNING, INSERT .. SELECT are refused by name: not yet. Caller owns. */
SqlBackfill *sql_backfill_parse(const char *text, Place origin, const char *finished_when,
                                GError **error);
void sql_backfill_free(SqlBackfill *backfill);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqlBackfill, sql_backfill_free)
