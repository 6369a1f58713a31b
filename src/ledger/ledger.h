/*
 * ledger/ledger.h - sluice's own schema in the target database: install, upgrade, find.
 *
 * All SQL on schema `sluice` lives in this room; its DDL is sql/ledger-<version>.sql, embedded at
 * build time. Modules: revisions (states), steps (journal of DDL), backfills (and their chunks),
 * mappings and table-mappings (what sync installed), rollouts, events (append-only, hash-chained),
 * approvals. What must be atomic with DDL or with rows is written by the caller's transaction;
 * everything else is a short transaction of its own.
 */
#pragma once

#include "base/clock.h"
#include "pg/conn.h"

enum { LEDGER_VERSION = 5 };

/* Is there a ledger, of which version (0: none)? Reads only; not inside a transaction, which it
 * would break where there is none. ERROR_STATE if it is newer than this program, ERROR_SQL with the
 * GRANT that is missing if the role may not read it. */
bool ledger_find(PgConn *conn, int *ret_version, GError **error);
/* Creates or upgrades it, under PG_LOCK_LEDGER by polling, in one transaction; nothing if it is
 * current. ERROR_SQL with a hint that names the GRANT, where the role may not. */
bool ledger_ensure(PgConn *conn, const Clock *clock, GError **error);

/* "user@host", for the ledger's `who` columns; SLUICE_ACTOR overrides it. Caller owns. */
char *ledger_actor(void);

/* For this room's modules. The statements that bring a ledger of @version - 1 to @version. */
const char *ledger_ddl(int version);
/* True if @error says that there is no ledger here, or (of a query on what
 * came with a later version) an older one. */
bool ledger_is_absent(const GError *error);
/* ERROR_STATE if @version is newer than this program. */
bool ledger_check_version(PgConn *conn, int version, GError **error);
/* ERROR_STATE if @version is older than this program; the hint names the command that upgrades. */
bool ledger_check_upgraded(PgConn *conn, int version, GError **error);
/* Where @error is a missing right, adds the GRANT; returns false. */
bool ledger_hint_rights(PgConn *conn, GError **error);
