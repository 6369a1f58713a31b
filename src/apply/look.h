/*
 * apply/look.h - look before you lock: waits, outside of every lock queue, while somebody holds
 * what we need and will not end soon.
 *
 * A request that queues makes all later ones queue behind it; so sluice only queues when the queue
 * is likely to move within the stall budget.
 */
#pragma once

#include "apply/apply.h"
#include "locks/locks.h"

typedef struct {
    const ApplyContext *context;
    const char *what;     /* "expand of 3f2a9c1b7d20" */
    gint64 give_up_at_ms; /* monotonic */
    char *said;           /* the pids last reported */
    bool push_autovacuum; /* result: a plain autovacuum is in the way, and may be made to yield */
    int may_push;         /* -1: not asked yet */
} Look;

void look_init(Look *look, const ApplyContext *context, const char *what);
void look_clear(Look *look);

/* Returns when nothing unwise is in the way of @needs (LockNeed *), or with ERROR_LOCK that names
 * the blockers and how to end them. Reports each change of the cause once. */
bool look_wait(Look *look, GPtrArray *needs, GError **error);
/* ERROR_LOCK: @attempts tries within the time to wait had no lock on @needs. Returns false. */
bool look_give_up(const Look *look, GPtrArray *needs, int attempts, GError **error);

/* So many are named in a message. */
enum { LOOK_NAMED = 5 };
/* "ACCESS EXCLUSIVE on public.users, SHARE on public.teams, and on 3 more" behind the first @most.
 * Caller owns. */
char *look_describe_needs(GPtrArray *needs, guint most);
