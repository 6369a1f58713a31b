/*
 * lint/pieces.h - a text that does not parse as a whole, cut into statements.
 *
 * psql's own lines (`\connect`) and the rows behind COPY .. FROM stdin are no statements, and left
 * out.
 */
#pragma once

#include <glib.h>

typedef struct {
    gsize start, end; /* bytes, without comments and blanks around it, and its semicolon */
} Piece;

/* Element-type Piece. Caller owns. */
GArray *pieces_cut(const char *text);

/* What is wrong with @sql, which the grammar refused with @error: "newer than the grammar
 * (PostgreSQL 15): .." where it looks like that, else the parser's words. Caller owns. */
char *pieces_problem(const char *sql, const GError *error);
