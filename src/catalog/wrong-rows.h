/*
 * catalog/wrong-rows.h - the rows that an author's verify query returns: each of them is wrong.
 */
#pragma once

#include "pg/conn.h"

/* How many rows @query returns, and the first @most of them as text, "(a@b.c,2); (d@e.f,3)"; NULL
 * where there are none. Caller owns. */
bool catalog_wrong_rows(PgConn *conn, const char *query, int most, gint64 *ret_count,
                        char **ret_examples, GError **error);
