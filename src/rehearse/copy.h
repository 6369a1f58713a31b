/*
 * rehearse/copy.h - the copy of production, and copies of that: databases of a server.
 */
#pragma once

#include "pg/server.h"
#include "rehearse/rehearse.h"

typedef struct {
    PgServer *server; /* ours, in @folder; NULL: that of the user's clone */
    char *folder;
    char *server_url;
    PgConn *admin;          /* in another database of that server */
    bool made;              /* databases in a server that is not ours */
    Settings settings;      /* those given, with time enough */
    char *url;              /* of the copy of production */
    MigrateContext context; /* its session; conn NULL while it is copied */
    const RehearseOptions *options;
} Copy;

/* Makes the copy and brings it to production's state: on a server of its own, with rows if asked,
 * or from the user's clone, beside it. Adds to @result's notes what it could not do. Must be
 * cleared after an error too, and not be moved; nothing is left then, but for the clone as it was.
 */
bool copy_open(Copy *copy, const RehearseOptions *options, Rehearsal *result, GError **error);
void copy_clear(Copy *copy);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Copy, copy_clear)

/* Another database ("measured", "fresh", "killed") with all that is in the copy now, in place of an
 * older one. Its URL; caller owns. */
char *copy_clone(Copy *copy, const char *name, GError **error);
/* The copy again as it was when the clone @name was made of it, in which nobody is. */
bool copy_restore(Copy *copy, const char *name, GError **error);
/* A context like the copy's for the database at @url. The caller disconnects its session. */
bool copy_connect(Copy *copy, const char *url, MigrateContext *ret_context, GError **error);

/* Runs a phase by the rooms that run it in production. @revision: the graph's entry. */
bool copy_run_phase(const MigrateContext *context, const Revision *revision, const char *phase,
                    GError **error);
