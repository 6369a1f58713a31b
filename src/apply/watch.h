/*
 * apply/watch.h - a long statement, watched from a second session: how far it is, and for whom it
 * waits.
 */
#pragma once

#include "apply/apply.h"

typedef struct Watch Watch;

/* Begins to watch what @context->conn runs from now on; @what names it. A statement shorter than a
 * second costs nothing. A request to stop (base/stop.h) cancels the statement. Never fails: without
 * a second session there is just no progress. */
Watch *watch_start(const ApplyContext *context, const char *what);
/* Before the connection is used for anything else. */
void watch_stop(Watch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Watch, watch_stop)
