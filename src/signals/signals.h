/*
 * signals/signals.h - what the server feels: one file a signal, one row each in signals[]
 * (signals.c).
 */
#pragma once

#include "base/report.h"
#include "conf/settings.h"
#include "pg/conn.h"

typedef struct {
    const char *name; /* "replica lag" */
    double value, limit;
    char *text; /* "replica lag 70 MB > 64 MB (replica r1)"; NULL if within its limit */
} SignalReading;

/* Samples every signal that @settings limits, on @conn (of its own: never a worker's). @our_pids:
 * backends whose blocking counts. The result is the worst one over its limit in *@ret_reading (text
 * non-NULL), or text NULL if all is well. A required signal that cannot be measured is ERROR_STATE
 * with the GRANT that is missing (fail closed). */
bool signals_sample(PgConn *conn, const Settings *settings, GArray *our_pids,
                    SignalReading *ret_reading, GError **error);
void signal_reading_clear(SignalReading *reading);
