/*
 * migrate/scratch.h - a private, empty server on which revisions are tried, gone with the struct.
 */
#pragma once

#include "migrate/migrate.h"
#include "pg/server.h"

typedef struct {
    char *folder;
    PgServer *server;
    Settings settings; /* those given, with time enough: strings borrowed */
    MigrateContext context;
} Scratch;

/* @settings and @graph are borrowed. ERROR_STATE: no server binaries. Must be cleared after an
 * error too, and not be moved. */
bool scratch_open(Scratch *scratch, const Settings *settings, const Clock *clock,
                  const Graph *graph, GError **error);
void scratch_clear(Scratch *scratch);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Scratch, scratch_clear)
