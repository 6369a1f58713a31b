/*
 * signals/signal.h - private: what one signal is to signals.c.
 */
#pragma once

#include "signals/series.h"
#include "signals/signals.h"

struct Signals {
    PgConn *conn;
    const Settings *settings;
    const Clock *clock;
    const Report *report;
    struct SignalState *states; /* of each row of the table */
    bool began;                 /* a whole sample was taken */

    /* What single looks cannot tell. */
    Series *written;     /* position of the WAL: for lags */
    Series *rate;        /* the same, for the rate */
    Series *xids;        /* next transaction id */
    Series *checkpoints; /* forced ones */
    double commit_ms;    /* smoothed; < 0: none yet */
};

typedef struct {
    const char *key;  /* in backfill.required_signals: "replica_lag" */
    const char *name; /* "replica lag" */
    int every_ms;     /* between two looks */
    const char *role; /* whose rights it takes; NULL: anybody's */
    bool asked;       /* limited only where somebody asked for it: always required */
    bool (*is_limited)(const Settings *settings);
    /* Sets unit, value, limit and holder (text where another one says more). */
    bool (*measure)(Signals *signals, const SignalSubject *subject, SignalReading *reading,
                    GError **error);
} SignalKind;

extern const SignalKind signal_replica_lag;
extern const SignalKind signal_slots;
extern const SignalKind signal_blocked;
extern const SignalKind signal_sessions;
extern const SignalKind signal_commit;
extern const SignalKind signal_wal_rate;
extern const SignalKind signal_archive;
extern const SignalKind signal_dead_rows;
extern const SignalKind signal_xmin;
extern const SignalKind signal_checkpoints;
extern const SignalKind signal_query;
extern const SignalKind signal_window;

/* "1.2GB", "3m 20s": a value of the reading. Caller owns. */
char *signal_format(SignalUnit unit, double value);

/* A column of a query, where it holds something. Caller owns. */
char *signal_text(const PgRows *rows, int column);

/* SQL: a row @a of pg_stat_activity as people know it: "pid 4711 psql (analyst)". */
#define SIGNAL_SESSION(a)                                                                          \
    "concat('pid ', " a ".pid, ' ' || nullif(" a ".application_name, ''), ' (' || " a              \
    ".usename || ')')"
