/*
 * demo/proxy.h - what HAProxy says and, for the naive way, is told; over its runtime socket.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    int old_up, new_up; /* servers that pass their health checks */
    double new_share;   /* of the traffic, by weights of servers that take some; 0..1 */
} ProxyState;

/* ERROR_CONNECTION if the socket does not answer. */
bool proxy_read(const char *socket_path, ProxyState *ret_state, GError **error);
/* Sends `command`; any reply but an empty one is an error. */
bool proxy_tell(const char *socket_path, const char *command, GError **error);
