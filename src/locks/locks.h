/*
 * locks/locks.h - the locks that statements will take, on which relations; and who is in the way.
 */
#pragma once

#include "base/clock.h"
#include "pg/conn.h"
#include "sql/script.h"

typedef struct {
    guint32 oid;
    char *quoted;  /* qualified */
    char kind;     /* relkind */
    LockMode mode; /* the strongest that any of the statements takes */
    bool lockable; /* LOCK TABLE can and may take it: table or partitioned table we may lock */
} LockNeed;

/* What @statements (const SqlStatement *) need, merged by relation, in the one order in which
 * everybody takes them (parent before child, then oid): both sides of a foreign key, partitions,
 * inheritance children, the table of an index. Relations that do not exist yet are left out.
 * *@ret_unknown: at least one statement's locks cannot be known. Element-type LockNeed *. Caller
 * owns. */
GPtrArray *locks_resolve(PgConn *conn, GPtrArray *statements, bool *ret_unknown, GError **error);

typedef struct {
    int pid;           /* 0: a prepared transaction */
    char *description; /* "pid 4711 psql (analyst), idle in transaction for 12 s: select .." */
    gint64 age_ms;     /* of its transaction */
    char *remedy;      /* the statement that ends it: "SELECT pg_terminate_backend(4711);" */
    bool is_autovacuum;
    bool is_wraparound; /* an autovacuum that must not be ended */
    bool is_waiting;    /* not a holder: another strong request that already queues */
} Blocker;

/* Call it outside of a transaction: inside, the server shows activity as it was when first asked.
 * Those conflicting holders (and strong waiters) that make queueing unwise: transactions older than
 * max(4 * @budget_ms, 200 ms), idle in transaction for longer than @budget_ms, prepared, a vacuum,
 * a concurrent index build or validation; and another waiting request of a mode that conflicts with
 * ROW EXCLUSIVE. Short-lived holders are no reason to wait and are left out. Element-type Blocker
 * *. */
GPtrArray *locks_blockers(PgConn *conn, GPtrArray *needs, gint64 budget_ms, GError **error);
void blocker_free(Blocker *blocker);
void lock_need_free(LockNeed *need);
