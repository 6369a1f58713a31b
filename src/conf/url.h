/*
 * conf/url.h - a database URL as web frameworks write it -> as libpq reads it.
 */
#pragma once

#include <glib.h>

/* "postgres://", "postgresql+asyncpg://" become "postgresql://" (asyncpg's `ssl=` becomes
 * `sslmode=`); libpq's key=value form is left alone. ERROR_CONFIG for anything else, the password
 * redacted. Caller owns. */
char *url_normalise(const char *text, GError **error);
