/*
 * api/server.h - the HTTP face: routes, one thread a connection, and a drain that fails nothing.
 *
 * A thread a connection, because a request may wait for the database while the proxy's health check
 * must not. Draining: /healthz and /readyz say 503, so that a proxy sends no more; requests that
 * come all the same are answered, with `Connection: close`.
 */
#pragma once

#include "api/pool.h"

typedef struct Server Server;

/* Listens on 127.0.0.1:@port, or NULL with errno set. Borrows @pool. */
Server *server_new(guint16 port, Pool *pool);
/* Returns once no request is open and none came for @quiet_ms, but not before @least_ms; false if
 * that took longer than @timeout_ms. */
bool server_drain(Server *server, gint64 least_ms, gint64 quiet_ms, gint64 timeout_ms);
/* Stops listening and ends all connections. */
void server_free(Server *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Server, server_free)
