/*
 * rehearse/rehearse.h - runs revisions on a copy of production, and says what they did.
 *
 * Each phase is run twice. In another copy of the database, statement by statement, each in a
 * transaction of its own: there the locks that it really takes can be read, which apply/ would take
 * beforehand. Then by the rooms that run it in production, which takes the copy one step on. What
 * was foretold (locks/predict.h) is compared with what was seen.
 */
#pragma once

#include "base/json.h"
#include "locks/predict.h"
#include "migrate/migrate.h"

typedef struct {
    char *relation;
    LockMode taken;    /* 0: none */
    LockMode foretold; /* 0: none */
} RehearsedLock;

typedef struct {
    char *revision, *phase; /* "expand", "backfill", "finish", "cutover", "cutover undo", .. */
    char *statement;
    char *label;        /* of what sluice adds: "sync triggers on users"; NULL: the author's */
    guint run;          /* statements of a number share a transaction in production */
    bool transactional; /* false: its locks are gone when it ends, and were looked at meanwhile */
    GPtrArray *locks;   /* RehearsedLock *: on what was there before */
    GPtrArray *rewritten, *scanned; /* char *: tables */
    GPtrArray *differences;         /* char *: seen otherwise than foretold */
    char *stall; /* why the app would have waited longer than the budget; NULL: it would not */
    gint64 took_us, wal_bytes, size_bytes; /* of the database, may shrink */
} RehearsedStatement;

typedef struct {
    char *name; /* "up, down, up again" */
    bool ok;
    char *detail; /* what differs, or how much was tried; NULL: nothing to add */
} RehearsedCheck;

typedef struct {
    char *server;         /* "PostgreSQL 15.20"; NULL: it was not got to */
    gint64 budget_ms;     /* lock.stall_budget, as configured */
    bool on_clone;        /* real rows: what it took is what it takes */
    char *failed, *error; /* the statement at which it ended (may be NULL), why; NULL: it did not */
    GPtrArray *statements; /* RehearsedStatement * */
    GPtrArray *checks;     /* RehearsedCheck * */
    GPtrArray *notes;      /* char *: what the rehearsal could not do */
} Rehearsal;

/* For this room's modules. @take_difference NULL: passed. Borrowed. */
Rehearsal *rehearsal_new(gint64 budget_ms);
RehearsedCheck *rehearsal_add_check(Rehearsal *rehearsal, const char *name, char *take_difference);
void rehearsal_add_note(Rehearsal *rehearsal, const char *format, ...) G_GNUC_PRINTF(2, 3);

typedef struct {
    const Settings *settings;
    const Clock *clock;
    const Report *report;
    const Graph *graph;
    const LedgerRevisions *rows; /* what production has; NULL: nothing is applied */
    const GPtrArray *pending;    /* const Revision *: to rehearse, parents first */
    bool once;                   /* no ways back, no kills, no other order */
    const char *dump;            /* text of `pg_dump -s`; NULL: what is applied is replayed */
    gint64 rows_per_table;       /* synthetic; 0: none */
    const json_t *likeness;      /* rehearse_ask_statistics, before that; may be NULL */
    const char *clone_url; /* of a copy of production that may be copied, in place of all that;
                            * NULL: on a server of our own */
    PgConn *production;    /* the configured database, which the clone must not be; may be NULL */
} RehearseOptions;

/* How many rows @percent of each table's are, and how often which values are in them, as the
 * statistics of the server at @conn say (no row is read); without tables that were never analysed:
 * {"public.users": {"rows": 1200, "columns": {"name": {"nulls": 0.1, "distinct": -1, ..}}}}.
 * Caller owns. */
json_t *rehearse_ask_statistics(PgConn *conn, gint64 percent, GError **error);

/* False: it could not go on to its end, as where a statement fails. What it found until then is in
 * *@ret_rehearsal, always. Caller owns. */
bool rehearse_run(const RehearseOptions *options, Rehearsal **ret_rehearsal, GError **error);
void rehearsal_free(Rehearsal *rehearsal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rehearsal, rehearsal_free)
guint rehearsal_count_stalls(const Rehearsal *rehearsal);
guint rehearsal_count_failed(const Rehearsal *rehearsal);

/* {"server":..,"statements":[..],"checks":[..],"notes":[..]}. Caller owns. */
json_t *rehearsal_json(const Rehearsal *rehearsal);
/* For a terminal, and for a pull request. Caller owns. */
char *rehearsal_text(const Rehearsal *rehearsal);
char *rehearsal_markdown(const Rehearsal *rehearsal);
