/*
 * rehearse/clone.h - a copy of production that the user made: is it one, and nobody's own?
 */
#pragma once

#include "rehearse/rehearse.h"

/* Looks at the database of @options->clone_url. ERROR_STATE where it is the configured database, or
 * somebody else is in it. A note where it shares the configured database's server. Its name; caller
 * owns. */
char *clone_inspect(const RehearseOptions *options, Rehearsal *result, GError **error);
/* ERROR_OWNER if another rehearsal works in the server of @conn, and goes on to; its own claim ends
 * with @conn. */
bool clone_reserve(PgConn *conn, const Clock *clock, GError **error);
/* ERROR_STATE where the ledger at @conn, a copy of the clone, has what production's does not, or is
 * none although production has one. */
bool clone_check_ledger(PgConn *conn, const RehearseOptions *options, GError **error);
