/*
 * pg/url.h - what a database URL says, without connecting.
 */
#pragma once

#include <glib.h>

/* "host:port/database" of @url, without credentials: what it is called in results. ERROR_CONFIG if
 * it cannot be read; the message does not show it. Caller owns. */
char *pg_url_target(const char *url, GError **error);
