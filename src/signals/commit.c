/* How long a commit takes, tried with one of our own once a second: an empty logical message, the
 * least that makes the server flush WAL; it touches no table, and no subscriber applies it. Only
 * the server's own disk counts (synchronous_commit = local), for the replicas are another signal,
 * and waiting for one that is stuck would make us blind. What the statement before takes is the way
 * to the server and back, and is taken off. */

#include "signals/signal.h"

enum { EVERY_MS = 1000 };

/* Weight of the newest: one slow flush is no sign of anything. */
static const double SMOOTHING = 0.3;

static bool
is_limited(const Settings *settings)
{
    return settings->backfill_max_commit_ms > 0;
}

static gint64
now_us(const Signals *signals)
{
    return signals->clock->monotonic_us(signals->clock->data);
}

static bool
try_commit(Signals *signals, double *ret_ms, GError **error)
{
    gint64 began_us = 0, sent_us = 0;

    if (!pg_exec_script(signals->conn, "BEGIN; SET LOCAL synchronous_commit = local", error))
        return false;
    began_us = now_us(signals);
    if (!pg_exec(signals->conn, error, "SELECT pg_logical_emit_message(true, 'sluice', '')")) {
        pg_rollback(signals->conn);
        return false;
    }
    sent_us = now_us(signals);
    if (!pg_commit(signals->conn, error))
        return false;
    *ret_ms = (double) MAX(0, now_us(signals) - sent_us - (sent_us - began_us)) / 1000;
    return true;
}

static bool
measure(Signals *signals, const SignalSubject *subject G_GNUC_UNUSED, SignalReading *reading,
        GError **error)
{
    double ms = 0;

    if (!try_commit(signals, &ms, error))
        return false;
    signals->commit_ms =
        signals->commit_ms < 0 ? ms : signals->commit_ms + SMOOTHING * (ms - signals->commit_ms);
    reading->unit = SIGNAL_MS;
    reading->value = signals->commit_ms;
    reading->limit = (double) signals->settings->backfill_max_commit_ms;
    return true;
}

const SignalKind signal_commit = {
    .key = "commit",
    .name = "time of a commit",
    .every_ms = EVERY_MS,
    .is_limited = is_limited,
    .measure = measure,
};
