/*
 * author/name.h - the name of a revision's file, from the template of option
 * `revision.file_template`.
 *
 * What stands in braces is filled in: {id}, {slug}, {date} (20261121), {time} (205302), {year},
 * {month}, {day}, {hour}, {minute}, {second}; all in UTC. The name means nothing to sluice, which
 * goes by the header; it sorts and says something to people.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* "users display name": lower-case letters and digits of any script, the rest as '_', at most
 * @length characters; "revision" if nothing is left. Caller owns. */
char *name_slug(const char *title, guint length);

/* ERROR_CONFIG: an unknown brace, or a name that would not end with ".sql", holds a '/', or begins
 * with a dot. Caller owns. */
char *name_fill(const char *template, const char *id, const char *slug, GDateTime *now,
                GError **error);
