/*
 * ledger/throttles.h - what holds a backfill back, and what has held it: a row a signal.
 */
#pragma once

#include "ledger/ledger.h"

typedef struct {
    char *signal; /* "replica lag" */
    gint64 stops, held_ms;
    char *cause; /* of the last stop: "replica lag 70 MB > 64 MB (replica r1)" */
    double value, limit;
    char *holder;  /* who or what it was about: "replica r1"; NULL */
    char *last_at; /* when it was last held */
} LedgerThrottle;
void ledger_throttle_free(LedgerThrottle *throttle);

/* Those of @backfill, the longest first. Element-type LedgerThrottle *. Caller owns. */
GPtrArray *ledger_load_throttles(PgConn *conn, gint64 backfill, GError **error);

/* The backfill is held from now on: what @throttle says (signal, cause, value, limit, holder are
 * read). Counts as a stop. */
bool ledger_begin_throttle(PgConn *conn, gint64 backfill, const LedgerThrottle *throttle,
                           GError **error);
/* It was held by @signal for @add_ms more, and still is: @text says how. */
bool ledger_add_throttle(PgConn *conn, gint64 backfill, const char *signal, const char *text,
                         gint64 add_ms, GError **error);
/* Nothing holds it any more. */
bool ledger_end_throttle(PgConn *conn, gint64 backfill, GError **error);
