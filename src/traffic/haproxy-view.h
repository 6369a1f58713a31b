/*
 * traffic/haproxy-view.h - what HAProxy says about one backend, at one moment.
 *
 * Private to the room. Only looks, and judges little: it must go on working when somebody changed
 * HAProxy's configuration in the middle of a rollout, or there would be no way back.
 */
#pragma once

#include <stdbool.h>

#include "traffic/traffic.h"

typedef struct {
    char *name;
    Pool pool;       /* POOL_N: in neither */
    bool maintained; /* in maintenance, by hand or as a server that it tracks is */
    bool drained;    /* the same for drain */
    bool running;    /* passes its checks */
    bool backup;     /* serves only when all others are down */
    gint64 weight;
    gint64 open, total, bad;
} Server;

typedef struct {
    GPtrArray *servers; /* Server * */
    char *algorithm;    /* of `balance`; "" if HAProxy does not tell */
    gint64 epoch;
} View;

/* ERROR_CONNECTION, or ERROR_CONFIG for an unknown backend. @object names the backend in messages.
 * Caller owns. */
View *view_read(const Settings *settings, const Clock *clock, const char *object, GError **error);
void view_free(View *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(View, view_free)

/* NULL if there is no server of that name. Borrowed. */
const Server *view_find(const View *view, const char *name);
