/*
 * fleet/databases.h - the databases that one command is for: a list, what a query yields, or the
 * tenants' schemas of one database.
 */
#pragma once

#include "conf/settings.h"

typedef struct {
    char *name; /* as given, else host:port/database; a tenant's is its schema. No two are equal */
    char *url;  /* secret: for pg_connect alone */
    char *schema; /* NULL: not a tenant of a shared database */
    bool is_canary;
} Database;

/* Those that databases.* of @settings name, in the list's order, schemas by name; empty if there
 * are none. @only (char *; NULL: all): patterns with * and ?, of which a name must match one.
 * ERROR_CONFIG: a URL that cannot be read (it is not shown), a name that two have, a canary that is
 * none of them; ERROR_USAGE: one of @only that matches nothing; and what asking the database may
 * give. Element-type Database *. Caller owns. */
GPtrArray *databases_list(const Settings *settings, const GPtrArray *only, GError **error);
