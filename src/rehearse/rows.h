/*
 * rehearse/rows.h - made-up rows in the tables of the copy.
 */
#pragma once

#include "rehearse/rehearse.h"

/* As many as @options wants. A table that refuses them stays empty, and is told of in @notes
 * (char *). */
bool rows_fill(PgConn *conn, const RehearseOptions *options, GPtrArray *notes, GError **error);
