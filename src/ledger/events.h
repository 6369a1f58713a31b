/*
 * ledger/events.h - who did what, when, with which evidence: append-only, each row with the hash of
 * the one before. And approvals, which bind to the digest of a plan.
 */
#pragma once

#include "base/json.h"
#include "ledger/ledger.h"

/* Appends in a short transaction of its own (never inside a DDL or chunk transaction: asserts it).
 * @kind one word ("expanded", "gate", "weight", "abort"); @revision may be NULL, @rollout 0; takes
 * over @take_data (may be NULL). No secret goes in. */
bool ledger_append_event(PgConn *conn, const char *kind, const char *revision, gint64 rollout,
                         const char *text, json_t *take_data, GError **error);

typedef struct {
    const char *kind;
    const char *revision; /* may be NULL */
    gint64 rollout;       /* or 0 */
    const char *text;
    json_t *data; /* borrowed; may be NULL */
    gint64 at_us; /* when it happened, by g_get_monotonic_time; 0: now */
} LedgerNewEvent;
/* The same for several, in their order, in one statement. */
bool ledger_append_events(PgConn *conn, const LedgerNewEvent *events, guint count, GError **error);

typedef struct {
    gint64 id;
    char *at; /* ISO text, UTC */
    char *actor, *kind, *text;
    char *revision; /* or NULL */
    gint64 rollout; /* or 0 */
    json_t *data;   /* or NULL */
} LedgerEvent;
void ledger_event_free(LedgerEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LedgerEvent, ledger_event_free)
/* The newest @limit events with an id above @after, oldest first; of @revision alone unless it is
 * NULL. None where there is no ledger. Element-type LedgerEvent *. Caller owns. */
GPtrArray *ledger_load_events(PgConn *conn, const char *revision, gint64 after, gint64 limit,
                              GError **error);
/* The last event of each revision whose kind is one of @kinds (NULL-ended). Needs a ledger.
 * Element-type LedgerEvent *. Caller owns. */
GPtrArray *ledger_load_last_events(PgConn *conn, const char *const *kinds, GError **error);

/* Kinds of the events of phases, by commas. */
typedef struct {
    const char *begun, *ended;
    const char *undone; /* of those that end one: the revision is not expanded any more */
} LedgerPhaseKinds;
typedef struct {
    char *revision;
    char *kind; /* of the last event of a phase; NULL: there is none */
} LedgerUnsettled;
/* Revisions whose last event need not be what the ledger says, for its process may have died: a
 * phase was begun, or they are expanded and nothing was said of it. Few, as a rule none. Needs a
 * ledger. Element-type LedgerUnsettled *. Caller owns. */
GPtrArray *ledger_load_unsettled(PgConn *conn, const LedgerPhaseKinds *kinds, GError **error);

/* The last event of any revision whose kind is one of @kinds; *@ret_event NULL if there is none.
 * Needs a ledger. */
bool ledger_load_last_event(PgConn *conn, const char *const *kinds, LedgerEvent **ret_event,
                            GError **error);

/* Recomputes the chain; *@ret_broken: id of the first row that does not fit, or 0. */
bool ledger_verify_events(PgConn *conn, gint64 *ret_broken, GError **error);

/* One approval of @gate ("cutover") by @who for @plan_digest; a second one by the same name changes
 * nothing. */
bool ledger_add_approval(PgConn *conn, const char *gate, const char *plan_digest, const char *who,
                         const char *comment, GError **error);
/* Names that approved, each once. Element-type char *. */
GPtrArray *ledger_load_approvals(PgConn *conn, const char *gate, const char *plan_digest,
                                 GError **error);
