/*
 * backfill/control.h - the controller: holds and ends the workers by what is wanted and by what the
 * server feels, and tells how far they are. It has a connection of its own.
 */
#pragma once

#include "backfill/run.h"
#include "signals/signals.h"

typedef struct Control Control;

/* @conn must be nobody else's; it is reconnected when it is lost, and @signals look over it.
 * @threads: where the workers that it starts are put, for the caller to join. All outlive the
 * result. */
Control *control_new(const BackfillContext *context, PgConn *conn, const BackfillTask *task,
                     Signals *signals, GPtrArray *threads);
void control_free(Control *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Control, control_free)

/* Starts the workers, and watches @run until its last worker has left. *@ret_paused: it was ended
 * by a pause. False with the reason for which it was ended otherwise: cancelled, failed, stopped,
 * unmeasurable. */
bool control_watch(Control *control, Run *run, bool *ret_paused, GError **error);
