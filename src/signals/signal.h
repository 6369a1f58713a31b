/*
 * signals/signal.h - private: what one signal is to signals.c.
 */
#pragma once

#include "signals/signals.h"

/* When the server had written how much. */
typedef struct {
    gint64 at_ms;
    gint64 written; /* bytes of WAL since its beginning */
} WalMark;

struct Signals {
    PgConn *conn;
    const Settings *settings;
    const Clock *clock;
    GArray *marks; /* WalMark, oldest first: as far back as the lag limit asks */
};

/* Adds its reading to *@reading (text NULL: within its limit). */
bool signal_replica_lag(Signals *signals, GArray *our_pids, SignalReading *reading, GError **error);
bool signal_blocked(Signals *signals, GArray *our_pids, SignalReading *reading, GError **error);
