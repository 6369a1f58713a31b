/*
 * pg/url.h - what a database URL says, without connecting.
 */
#pragma once

#include <glib.h>

/* "host:port/database" of @url, without credentials: what it is called in results. ERROR_CONFIG if
 * it cannot be read; the message does not show it. Caller owns. */
char *pg_url_target(const char *url, GError **error);
/* @url with another database: the same server, user and parameters, in libpq's key=value form. May
 * hold a password. ERROR_CONFIG as above. Caller owns. */
char *pg_url_with_database(const char *url, const char *name, GError **error);
