/*
 * catalog/names.h - names as they are written in a statement, against tables and columns.
 *
 * Where only one side names a schema, the search_path decides which table is meant; here such names
 * match, for every use is a refusal or a grouping where too much is the safe side.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* "users.name" or "public.users.name" means @column of @table ("users", "public.users"). */
bool name_is_column(const char *written, const char *table, const char *column);
/* "users" or "public.users" means @table. */
bool name_is_table(const char *written, const char *table);
