/*
 * pg/lock.h - session advisory locks, by polling.
 *
 * Never pg_advisory_lock: a waiter blocked in it holds a snapshot, and the holder's CREATE INDEX
 * CONCURRENTLY then deadlocks with it. A key's high 16 bits are sluice's own (0x51CE).
 */
#pragma once

#include "base/clock.h"
#include "pg/conn.h"

typedef enum {
    PG_LOCK_MIGRATOR = 1, /* expand, finish, cutover, contract, downgrade */
    PG_LOCK_LEDGER = 2,   /* creating or upgrading the ledger itself */
    PG_LOCK_ROLLOUT = 3,  /* + rollout id */
    PG_LOCK_BACKFILL = 4, /* + backfill id: planning and folding, as a transaction lock */
    PG_LOCK_RANGE = 5,    /* + backfill id and first page: a claim */
} PgLockClass;

/* 0x51CE << 48 | class << 40 | hash of (a, b) in 40 bits: a in 8, b in 32, both modulo. */
gint64 pg_lock_key(PgLockClass class, gint64 a, gint64 b);
/* PG_LOCK_MIGRATOR of the schema that @conn has entered, so that tenants do not wait for each
 * other; of the database where it has entered none. */
gint64 pg_migrator_key(const PgConn *conn);

bool pg_try_lock(PgConn *conn, gint64 key, bool *ret_got, GError **error);
/* The transaction form; freed by COMMIT or ROLLBACK. */
bool pg_try_transaction_lock(PgConn *conn, gint64 key, bool *ret_got, GError **error);
bool pg_unlock(PgConn *conn, gint64 key, GError **error);

/* Who holds @key: "sluice/upgrade on 10.0.0.5, pid 4711, since 12:04:11", or NULL if nobody does
 * (or on an error, which is not reported: this is for messages). Caller owns. */
char *pg_lock_holder(PgConn *conn, gint64 key);

/* Polls until got or @timeout_ms is over (then ERROR_OWNER, naming the holder). @on_wait is called
 * once per holder seen with its description; may be NULL. */
bool pg_poll_lock(PgConn *conn, gint64 key, const Clock *clock, gint64 timeout_ms,
                  void (*on_wait)(void *data, const char *holder), void *data, GError **error);

/* A session that holds one of sluice's locks. */
typedef struct {
    PgLockClass class;
    gint64 number; /* of the rollout, the backfill; of the migrator of a tenant one of its own; else
                      0 */
    int pid;
    char *application; /* "sluice/upgrade"; may be "" */
    char *role;
    char *host;  /* "this host" for a local one */
    char *since; /* ISO text, UTC: when its session began */
    char *state; /* "active", "idle"; may be "" */
    char *query; /* what it runs, or ran last; may be "" */
} PgLockHolder;

const char *pg_lock_class_name(PgLockClass class); /* "migrator" */
/* All of them in this database, by class and number. Element-type PgLockHolder *. Caller owns. */
GPtrArray *pg_load_lock_holders(PgConn *conn, GError **error);
void pg_lock_holder_free(PgLockHolder *holder);
/* Is it a session of sluice, by its application name? */
bool pg_lock_holder_is_ours(const PgLockHolder *holder);
/* Does it hold the lock that a migrator in @conn's schema needs? */
bool pg_lock_holder_is_migrator(const PgLockHolder *holder, const PgConn *conn);
/* Ends its session, if that still is one of sluice's and holds the class; its transaction is
 * rolled back. *@ret_ended false: it has gone by itself. ERROR_SQL: the right is missing. */
bool pg_end_lock_holder(PgConn *conn, const PgLockHolder *holder, bool *ret_ended, GError **error);
