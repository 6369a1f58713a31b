/*
 * signals/signals.h - what the server feels: one file a signal, one row each in the table of
 * signals.c.
 *
 * A signal holds from the moment at which its value is above its limit, until it has been well
 * below it for a while. A Signals remembers what it saw, because one look is not enough: a replica
 * that is stuck reports the lag it had before, so the time it is behind comes from our own record
 * of when which WAL was written.
 *
 * What is required and cannot be measured holds too; before anything ran, it is an error.
 */
#pragma once

#include "base/clock.h"
#include "base/report.h"
#include "conf/settings.h"
#include "pg/conn.h"

typedef enum {
    SIGNAL_COUNT,
    SIGNAL_MS,
    SIGNAL_BYTES,
    SIGNAL_RATE,  /* bytes a second */
    SIGNAL_SHARE, /* 0..1 */
} SignalUnit;

typedef struct {
    const char *name; /* "replica lag" */
    SignalUnit unit;
    double value, limit;
    char *holder; /* who or what it is about: "replica r1"; NULL */
    char *text;   /* one line: "replica lag 70 MB > 64 MB (replica r1)" */
} SignalReading;

/* For whom it is measured. */
typedef struct {
    GArray *pids;  /* int: sessions of ours whose blocking counts */
    guint32 table; /* oid of the one that is written */
    bool prunes;   /* it counts on dead rows being pruned: an old snapshot matters */
} SignalSubject;

typedef struct Signals Signals;

/* Looks over @conn, which must be of its own: never a worker's. All outlive the result, but
 * @settings may be replaced. */
Signals *signals_new(PgConn *conn, const Settings *settings, const Clock *clock,
                     const Report *report);
void signals_free(Signals *signals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Signals, signals_free)

/* From now on these limits. */
void signals_set(Signals *signals, const Settings *settings);

/* Samples every signal that the settings limit. *@ret_hold: of those that hold the one furthest
 * over its limit; NULL: all is well; borrowed until the next call. At the first call a required
 * signal that cannot be measured is ERROR_STATE with the GRANT that is missing, or what the server
 * said; later it holds. Optional ones are said. ERROR_CONNECTION: nothing is known. */
bool signals_sample(Signals *signals, const SignalSubject *subject, const SignalReading **ret_hold,
                    GError **error);

/* *@ret_apps: are apps at work, which would feel one who works all the time? A session of somebody
 * else has done something within the last second, and since ours began. One that our role may not
 * look into counts. */
bool signals_see_apps(Signals *signals, bool *ret_apps, GError **error);

/* The oldest snapshot, while it is older than its limit and backfill.old_xmin does not wait for it;
 * else NULL. Borrowed until the next sample. */
const SignalReading *signals_old_xmin(const Signals *signals);
