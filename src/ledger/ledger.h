/*
 * ledger/ledger.h - sluice's own schema in the target database: install, upgrade, find.
 *
 * All SQL on schema `sluice` lives in this room; its DDL is sql/ledger-<version>.sql, embedded at
 * build time. Modules: revisions (states), steps (journal of DDL), backfills (and their chunks),
 * mappings (what sync installed), rollouts, events (append-only, hash-chained), approvals. What
 * must be atomic with DDL or with rows is written by the caller's transaction; everything else is a
 * short transaction of its own.
 */
#pragma once

#include "pg/conn.h"

enum { LEDGER_VERSION = 1 };

/* Is there a ledger, of which version (0: none)? Reads only. ERROR_STATE if it is newer than this
 * program. */
bool ledger_find(PgConn *conn, int *ret_version, GError **error);
/* Creates or upgrades it, under PG_LOCK_LEDGER by polling, in one transaction; nothing if it is
 * current. ERROR_SQL with a hint that names the GRANT, where the role may not. */
bool ledger_ensure(PgConn *conn, GError **error);

/* "user@host", for the ledger's `who` columns; SLUICE_ACTOR overrides it. Caller owns. */
char *ledger_actor(void);
