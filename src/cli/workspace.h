/*
 * cli/workspace.h - what a command that changes the database works on: a session, the revisions,
 * and the context that apply/ wants.
 */
#pragma once

#include "apply/apply.h"
#include "backfill/backfill.h"
#include "cli/command.h"

typedef struct {
    PgConn *conn;
    Graph *graph;
    ApplyContext apply;
    BackfillContext backfill;
} Workspace;

/* Reads the revisions, then connects as "sluice/@purpose". A project with two heads is an error. */
bool workspace_open(Workspace *workspace, const App *app, const char *purpose, GError **error);
void workspace_clear(Workspace *workspace);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Workspace, workspace_clear)
