/*
 * ledger/backfills.h - backfills and the ranges that their workers do: what is done, and what is
 * wanted.
 *
 * A worker's transaction writes its own chunk and nothing else here. Planning, folding and the end
 * of a pass are short transactions of whoever holds the planning lock (backfill/pass.h). `wanted`
 * is written by control commands alone, and announced on LEDGER_BACKFILL_CHANNEL.
 */
#pragma once

#include "base/json.h"
#include "ledger/ledger.h"

#define LEDGER_BACKFILL_CHANNEL "sluice_backfill"

typedef enum {
    LEDGER_BACKFILL_RUNNING,
    LEDGER_BACKFILL_DONE,
    LEDGER_BACKFILL_FAILED,
    LEDGER_BACKFILL_CANCELLED,
    LEDGER_BACKFILL_QUARANTINED, /* all is done but rows that wait in ledger/quarantine.h */
} LedgerBackfillState;
const char *ledger_backfill_state_name(LedgerBackfillState state);

typedef enum { LEDGER_WANT_RUN, LEDGER_WANT_PAUSE, LEDGER_WANT_CANCEL } LedgerWanted;

/* One statement of one revision, on one table (a leaf, where it is partitioned). The rows of a
 * table are in the order of the statements. */
typedef struct {
    gint64 id;
    char *revision;
    int ordinal;
    char *relation;  /* qualified and quoted */
    char *statement; /* the plain one, over the whole table */
    LedgerBackfillState state;
    LedgerWanted wanted;
    int pass;                   /* from 1 */
    gint64 next_page, end_page; /* of this pass: planned up to here, and where it ends */
    gint64 pages_done;          /* of this pass; a range that is partly done counts in part */
    int range_pages, parts;     /* of the ranges planned next */
    char *key_index;  /* walks along this index, and all that is called pages counts rows; NULL */
    char *next_key;   /* of a walk along a key: where the next range begins; NULL: at the first */
    gint64 rows;      /* updated in all passes, by everybody */
    gint64 pass_rows; /* folded ranges of this pass alone */
    gint64 last_pass_rows;       /* -1: there was none, or it skipped some: no measure */
    gint64 skipped;              /* of folded ranges of this pass: locked by an app */
    gint64 open_ranges;          /* planned and not folded: a pass ends when there are none */
    bool again;                  /* one more pass is wanted, whatever this one finds */
    gint64 size_before;          /* bytes of the table */
    json_t *indexes_before;      /* name of each of its indexes -> bytes */
    gint64 wal_bytes;            /* that the server wrote during its parts */
    gint64 updates, hot_updates; /* of its parts: how many touched no index */
    json_t *settings;            /* by backfill set: option ("workers") -> its text */
    char *throttle;              /* what holds it now; NULL: nothing */
    gint64 throttled_ms;
    gint64 elapsed_ms; /* since it began, or until it was done */
    char *error;       /* why it failed; NULL */
    char *started_at;
    char *finished_at; /* NULL: not done */
} LedgerBackfill;

void ledger_backfill_free(LedgerBackfill *backfill);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LedgerBackfill, ledger_backfill_free)

/* Of @revision, or of all where it is NULL; in order. Element-type LedgerBackfill *. Caller owns.
 */
GPtrArray *ledger_load_backfills(PgConn *conn, const char *revision, GError **error);
/* ERROR_STATE if it is gone (its revision was downgraded). Caller owns. */
LedgerBackfill *ledger_load_backfill(PgConn *conn, gint64 id, GError **error);

/* Adds a row for @plan (revision, relation, statement, end_page, range_pages, parts, key_index
 * are read), the @nth (from 0) of its revision for that relation, unless it is there. */
bool ledger_add_backfill(PgConn *conn, const LedgerBackfill *plan, int nth, GError **error);
/* Its work begins now, with a table of this size; nothing if a range was planned before. */
bool ledger_begin_backfill(PgConn *conn, gint64 id, guint32 table, gint64 end_page, gint64 size,
                           GError **error);
/* A failed, cancelled or quarantined one runs again, if `wanted` says so. */
bool ledger_restart_backfill(PgConn *conn, gint64 id, GError **error);
/* DONE also writes its time; @error_text NULL for DONE and CANCELLED. Only a running one changes,
 * so that the first reason stays. */
bool ledger_end_backfill(PgConn *conn, gint64 id, LedgerBackfillState state, const char *error_text,
                         GError **error);

/* One that is done, and has rows to do again, begins another pass; nothing if another process was
 * quicker. */
bool ledger_reopen_backfill(PgConn *conn, gint64 id, gint64 end_page, GError **error);

/* pause, resume, cancel: of @revision's backfills that are not done. *@ret_count: how many. */
bool ledger_want_backfill(PgConn *conn, const char *revision, LedgerWanted wanted,
                          gint64 *ret_count, GError **error);
/* backfill set: of @revision's backfills that are not done. @settings: option ("workers") -> its
 * text, or JSON's null: no longer set; what it does not name stays. */
bool ledger_set_backfill(PgConn *conn, const char *revision, const json_t *settings,
                         GError **error);

/* A range of pages, or of rows along a key, in parts. */
typedef struct {
    gint64 backfill;
    int pass;
    gint64 first_page, end_page;
    int parts, parts_done;
    char *low,
        *high; /* of rows: "'17'::bigint, 'a'::text": behind low, up to high; NULL: no bound */
} LedgerChunk;
void ledger_chunk_clear(LedgerChunk *chunk);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LedgerChunk, ledger_chunk_clear)

/* Those not done, in order. Element-type LedgerChunk. Caller owns. */
GArray *ledger_load_open_chunks(PgConn *conn, gint64 backfill, GError **error);
/* Under the claim: reads parts_done again and counts the attempt. *@ret_open false: it is done. */
bool ledger_begin_chunk(PgConn *conn, LedgerChunk *chunk, bool *ret_open, GError **error);
/* SQL for the beginning of a part's transaction: what the server had done to table @oid until then;
 * ledger_finish_part takes the difference. Caller owns. */
char *ledger_mark_part(guint32 oid);
typedef struct {
    LedgerWanted wanted; /* meanwhile, by others */
    LedgerBackfillState state;
    gint64 wal_bytes; /* that the server wrote since the mark; 0: there was none */
} LedgerPartOutcome;
/* Inside the part's transaction: the checkpoint. ERROR_STATE if somebody else did the part (the
 * transaction must then be rolled back). */
bool ledger_finish_part(PgConn *conn, LedgerChunk *chunk, gint64 rows, gint64 skipped,
                        LedgerPartOutcome *ret_outcome, GError **error);
/* Inside the transaction of a piece of a part: what it did; the part is not done by it. */
bool ledger_count_piece(PgConn *conn, const LedgerChunk *chunk, gint64 rows, GError **error);
bool ledger_fail_chunk(PgConn *conn, const LedgerChunk *chunk, const char *message, GError **error);

/* Planning, each inside the caller's transaction: takes done ranges into the backfill's sums; plans
 * up to @count more of @range_pages, in so many parts; begins the next pass. */
bool ledger_fold_chunks(PgConn *conn, gint64 backfill, GError **error);
bool ledger_plan_chunks(PgConn *conn, const LedgerBackfill *backfill, int range_pages, int parts,
                        int count, GError **error);
/* One more range of @rows along the key, up to @high (an array literal of SQL values; NULL: it is
 * the last). */
bool ledger_plan_key_chunk(PgConn *conn, gint64 backfill, int rows, int parts, const char *high,
                           GError **error);
bool ledger_begin_pass(PgConn *conn, gint64 backfill, gint64 end_page, int range_pages, int parts,
                       GError **error);
