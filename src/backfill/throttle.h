/*
 * backfill/throttle.h - what holds a backfill, told and written down: what it is, who it is about,
 * and for how long.
 *
 * Every process that runs the backfill is held; one of them writes, or the time would count twice.
 */
#pragma once

#include "backfill/task.h"
#include "signals/signals.h"

typedef struct Throttle Throttle;

/* All outlive the result. */
Throttle *throttle_new(const BackfillContext *context, PgConn *conn, const BackfillTask *task);
void throttle_free(Throttle *throttle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Throttle, throttle_free)

/* @hold: what holds it now; NULL: nothing. Each stop counts in the ledger under its signal, with
 * the time that it lasted, kept up while it lasts; one that is long is an event too. */
bool throttle_see(Throttle *throttle, const SignalReading *hold, GError **error);

/* Of all processes of the backfill one writes down what is so for all of them: is it this one? */
bool throttle_is_scribe(const Throttle *throttle);

/* What holds it; NULL: nothing. Borrowed until the next look. */
const char *throttle_text(const Throttle *throttle);
