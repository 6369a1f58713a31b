/*
 * ledger/tenant.h - one ledger for all tenants of a database: the keys of their revisions. Private
 * to the room.
 *
 * In a session that has entered a tenant's schema (pg_enter_schema) a revision's key is
 * "<schema>/<id>", for ids hold no '/'; elsewhere it is the id. Who calls this room knows ids
 * alone.
 */
#pragma once

#include "pg/conn.h"

/* As column sluice.revision.tenant has it: "" where no schema was entered. Borrowed. */
const char *ledger_tenant(const PgConn *conn);
/* NULL for a NULL @id. Caller owns. */
char *ledger_key(const PgConn *conn, const char *id);
/* The id in @key, which is one of @conn's tenant; a key of any other stays whole. Borrowed from
 * @key. */
const char *ledger_id(const PgConn *conn, const char *key);
