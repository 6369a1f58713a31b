/*
 * rehearse/copy.h - the private server: the copy of production, and copies of that.
 */
#pragma once

#include "pg/server.h"
#include "rehearse/rehearse.h"

typedef struct {
    PgServer *server;
    char *folder;
    PgConn *admin;          /* in the database postgres */
    Settings settings;      /* those given, with time enough */
    char *url;              /* of the copy of production */
    MigrateContext context; /* its session; conn NULL while it is copied */
    const RehearseOptions *options;
} Copy;

/* Starts the server and brings the copy to production's state, with rows if asked. Adds to @notes
 * (char *) what it could not do. Must be cleared after an error too, and not be moved. */
bool copy_open(Copy *copy, const RehearseOptions *options, GPtrArray *notes, GError **error);
void copy_clear(Copy *copy);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Copy, copy_clear)

/* Another database @name with all that is in the copy now, in place of an older one. Its URL;
 * caller owns. */
char *copy_clone(Copy *copy, const char *name, GError **error);
/* A context like the copy's for the database at @url. The caller disconnects its session. */
bool copy_connect(Copy *copy, const char *url, MigrateContext *ret_context, GError **error);

/* Runs a phase by the rooms that run it in production. @revision: the graph's entry. */
bool copy_run_phase(const MigrateContext *context, const Revision *revision, const char *phase,
                    GError **error);
