/*
 * demo/stage.h - everything that stands before the play begins: PostgreSQL with a replica, the
 * database with its roles and rows, HAProxy, the old version's instances.
 *
 * What is kept (logs, the report) is in the demo folder; all else lives in a short private folder
 * below /tmp, for the path of a socket is limited and root's PostgreSQL runs as another user.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "demo/child.h"
#include "demo/timeline.h"
#include "fleet/fleet.h"
#include "pg/server.h"

enum { USER_COUNT = 300 * 1000, NOTE_COUNT = 300 * 1000 };

typedef struct {
    Timeline *timeline;
    char *programs; /* folder of demo, load, notes-api-1, .. */
    char *sluice;   /* the program */
    char *source;   /* examples/notes: sluice.yaml, migrations, haproxy.cfg */
    char *folder;   /* build/demo */
    char *private;  /* below /tmp */

    PgServer *server;
    char *admin_url; /* superuser */
    char *owner_url; /* runs sluice; owns the tables */
    char *app_url;
    char *analyst_url;
    char *job_url; /* the writer of other columns */

    Fleet *fleet;
    Child *proxy;
    int proxy_port;
    char *proxy_socket;
    GStrv env; /* what sluice needs in its environment */
} Stage;

/* Names everything, makes the two folders; @folder: the demo's; @sluice: the
 * program, NULL: the one of this build. */
Stage *stage_new(Timeline *timeline, const char *folder, const char *sluice, GError **error);
/* Starts everything. After an error it stands as far as it came. */
bool stage_set(Stage *stage, GError **error);
/* Stops what runs, by pid, and removes the private folder. */
void stage_free(Stage *stage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stage, stage_free)

/* As if its machine had crashed, then up again: returns once it accepts sessions. */
bool stage_crash_database(Stage *stage, GError **error);
bool stage_restart_database(Stage *stage, GError **error);
/* Until every instance that runs has answered a request that needed the database. */
bool stage_wait_instances(Stage *stage, GError **error);
