/*
 * signals/signals.h - what the server feels: one file a signal, one row each in the table of
 * signals.c.
 *
 * A Signals remembers what it saw, because one look is not enough: a replica that is stuck reports
 * the lag it had before, so the time it is behind comes from our own record of when which WAL was
 * written.
 */
#pragma once

#include "base/clock.h"
#include "conf/settings.h"
#include "pg/conn.h"

typedef struct {
    const char *name; /* "replica lag" */
    double value, limit;
    char *text; /* "replica lag 70 MB > 64 MB (replica r1)"; NULL if within its limit */
} SignalReading;
void signal_reading_clear(SignalReading *reading);

typedef struct Signals Signals;

/* Looks over @conn, which must be of its own: never a worker's. All three outlive the result. */
Signals *signals_new(PgConn *conn, const Settings *settings, const Clock *clock);
void signals_free(Signals *signals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Signals, signals_free)

/* Samples every signal that the settings limit. @our_pids: element-type int, backends whose
 * blocking counts. *@ret_reading: the one furthest over its limit, or text NULL if all is well. A
 * required signal that cannot be measured is ERROR_STATE with the GRANT that is missing (fail
 * closed). */
bool signals_sample(Signals *signals, GArray *our_pids, SignalReading *ret_reading, GError **error);
