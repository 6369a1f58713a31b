/*
 * ledger/script.h - the ledger's part of a script that psql runs, for who may not connect from
 * here.
 */
#pragma once

#include "ledger/revisions.h"

/* Creates the ledger, or upgrades an older one; nothing where it is current. For psql with
 * ON_ERROR_STOP, outside of a transaction. Caller owns. */
char *ledger_script(void);
/* Raises an error unless no sluice is at work, and keeps others away until the session ends. Caller
 * owns. */
char *ledger_lock_script(void);
/* Begins an `\if` that holds unless the revision has reached @reached or the end of its life;
 * STATE_PENDING: that holds if it is known at all. Caller owns. */
char *ledger_guard_script(const char *id, RevisionState reached);
/* Each raises an error: unless all of @ids (char *) are applied; if a mapping of another revision
 * than @ids is in flight on one of @tables ("schema.name"), for the triggers of a table are made
 * from all of its mappings; if @id is cut over or contracted. Caller owns. */
char *ledger_ground_script(GPtrArray *ids);
char *ledger_mappings_script(GPtrArray *tables, GPtrArray *ids);
char *ledger_downgrade_script(const char *id);
