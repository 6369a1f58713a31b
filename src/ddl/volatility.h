/*
 * ddl/volatility.h - which functions are volatile, of those that come with PostgreSQL; private to
 * the room.
 */
#pragma once

#include "ddl/expression.h"

/* False: there is no such function in pg_catalog. KNOWN_MAYBE: by its arguments. */
bool volatility_of_server_function(const char *name, Known *ret_volatile);
/* The same for well-known ones of extensions and of servers newer than the table. */
bool volatility_of_extension_function(const char *name, Known *ret_volatile);
