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
