/*
 * traffic/haproxy-socket.h - one command over HAProxy's stats socket, and what its replies mean.
 *
 * Private to the room. The runtime API has no status codes: a reply to a change is empty, or a
 * sentence that says what is wrong.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/clock.h"

/* Sends @command (one line, several joined by ";") and reads the reply to its end, within two
 * seconds. ERROR_CONNECTION names @path; ERROR_CONFIG if the path is too long for a socket. The
 * reply without the blank lines around it. Caller owns. */
char *haproxy_ask(const char *path, const Clock *clock, const char *command, GError **error);

/* True if @reply to a change of @object ("backend 'app'") is empty; else what it says, as
 * ERROR_CONFIG with the next step. */
bool haproxy_check_reply(const char *reply, const char *object, GError **error);
