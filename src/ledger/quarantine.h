/*
 * ledger/quarantine.h - rows that the server refused to a backfill: the rest goes on without them,
 * and nothing that needs all rows until each is mended or skipped.
 *
 * A row is known by its key, and by its version (tid and xmin): one that somebody changed is
 * another version, and is tried again.
 */
#pragma once

#include "ledger/ledger.h"

typedef struct {
    char *revision;
    char *relation; /* qualified and quoted */
    char *key;      /* "id = 17"; the place, where the table has no primary key */
    char *tid, *xmin;
    char *sqlstate, *message;
    char *found_at;
    bool skipped;
    char *reason, *skipped_by; /* NULL: not skipped */
} LedgerQuarantined;
void ledger_quarantined_free(LedgerQuarantined *row);

/* Of one backfill, or of all of @revision (@backfill 0; NULL: of all revisions), by relation and
 * key. Element-type LedgerQuarantined *. Caller owns. */
GPtrArray *ledger_load_quarantine(PgConn *conn, const char *revision, gint64 backfill,
                                  GError **error);
/* How many of @rows wait for somebody. */
guint ledger_count_open(const GPtrArray *rows);

/* @row's key, tid, xmin, sqlstate and message are read; one that is known by its key stays skipped
 * where it was. */
bool ledger_quarantine_row(PgConn *conn, gint64 backfill, const LedgerQuarantined *row,
                           GError **error);
/* Forgets the row, and wants one more pass. */
bool ledger_release_row(PgConn *conn, gint64 backfill, const LedgerQuarantined *row,
                        GError **error);
/* Forgets those of @revision that are not skipped: one more pass tries them again. */
bool ledger_retry_rows(PgConn *conn, const char *revision, gint64 *ret_count, GError **error);
/* Leaves the row of @key as it is, for good. *@ret_count: 0 if there is none of that key. */
bool ledger_skip_row(PgConn *conn, const char *revision, const char *key, const char *reason,
                     gint64 *ret_count, GError **error);
