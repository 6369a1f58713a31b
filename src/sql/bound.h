/*
 * sql/bound.h - the plain statements of a backfill, checked and taken apart, so that each can run
 * over a part of its driving table.
 *
 * The driving table is the one whose rows are gone through: the table that is written, or one of
 * the FROM list. A part is the statement with a condition on that table's rows added; the parts
 * together do what the whole would.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"

typedef enum { BACKFILL_UPDATE, BACKFILL_DELETE, BACKFILL_INSERT } BackfillKind;

/* A line `-- sluice: ..` of the section: it belongs to the statement that it stands before or in;
 * behind the last one, to the last. */
typedef enum {
    REMARK_FINISHED_WHEN, /* a condition: true for a row that is done */
    REMARK_DRIVING_TABLE, /* its alias, or its name as written */
    REMARK_WALK,          /* "pages", "key", "key <index>" */
    REMARK_N
} SqlRemarkKind;

typedef struct {
    SqlRemarkKind kind;
    char *text;
    Place place;
} SqlRemark;

typedef struct {
    char *schema; /* NULL: search_path */
    char *table;
    char *alias; /* how the statement names it, quoted */
} SqlSource;

/* In which order the driving table's rows are gone through. */
typedef enum { WALK_DEFAULT, WALK_PAGES, WALK_KEY } SqlWalk;

typedef struct {
    BackfillKind kind;
    SqlSource target;   /* is written */
    SqlSource driving;  /* is gone through: the target, or a table of the FROM list */
    bool drives_target; /* both are the same */
    char *set;          /* UPDATE: "display_name = full_name" */
    char *select;       /* INSERT: what it selects */
    char *from;         /* FROM or USING: in front of the driving table's name; NULL: none */
    char *from_rest;    /* and behind its name; NULL where it is not of the FROM list */
    char *where;        /* the excluding condition, never NULL */
    GPtrArray *columns; /* char *: set or inserted */
    GPtrArray *key;     /* char *: of ON CONFLICT (..); empty: none named */
    SqlWalk walk;
    char *walk_index;     /* WALK_KEY: as the author names it; NULL: any */
    bool finished_by_key; /* INSERT: done is what the key finds; else the WHERE tells */
} SqlBackfill;

/* Parses @text: UPDATE, UPDATE .. FROM, DELETE, DELETE .. USING, INSERT .. SELECT .. ON CONFLICT DO
 * NOTHING, one or several. ERROR_SQL with a place and the line to add where a row that is done
 * would come again: an UPDATE's WHERE must exclude what it has set, in a form that can be checked
 * (sql/finished.h), an INSERT names its key in ON CONFLICT, or a remark of @remarks (SqlRemark *;
 * may be NULL) tells. What cannot be cut into parts (GROUP BY, WITH, LIMIT, ..) is refused by name.
 * Element-type SqlBackfill *. Caller owns. */
GPtrArray *sql_backfills_parse(const char *text, Place origin, const GPtrArray *remarks,
                               GError **error);
void sql_backfill_free(SqlBackfill *backfill);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqlBackfill, sql_backfill_free)

void sql_remark_free(SqlRemark *remark);
