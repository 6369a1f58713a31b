/*
 * demo/database.h - the database of the demo: roles, rows, and what is asked about it at the end.
 */
#pragma once

#include <jansson.h>

#include "demo/stage.h"

/* Roles and an empty database: notes_owner runs sluice and owns the tables, notes_app is the app,
 * analyst reads, notes_job writes columns that nobody renames. */
bool database_create(const Stage *stage, GError **error);
/* 300,000 users and as many notes, with the values that the load expects; ANALYZE. */
bool database_fill(const Stage *stage, GError **error);

/* Rows whose old and new name differ, counted by the demo itself in one snapshot. */
bool database_count_mismatches(const Stage *stage, gint64 *ret_rows, GError **error);
/* Bytes of users. */
bool database_size_of_users(const Stage *stage, gint64 *ret_bytes, GError **error);
/* Is full_name gone, and nothing of sluice's left on the table? */
bool database_is_contracted(const Stage *stage, bool *ret_contracted, GError **error);
