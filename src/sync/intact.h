/*
 * sync/intact.h - are the triggers of a table still as they were installed?
 *
 * A trigger that was disabled, dropped, or no longer fires last lets the two shapes part in
 * silence.
 */
#pragma once

#include "pg/conn.h"

/* Appends to @problems (element-type char *) what is wrong with the triggers of @schema.@table,
 * which has a mapping in flight: each names the trigger and the table. */
bool sync_find_problems(PgConn *conn, const char *schema, const char *table, GPtrArray *problems,
                        GError **error);
