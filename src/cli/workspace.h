/*
 * cli/workspace.h - what a command that changes the database works on: a session, the revisions,
 * and the context that apply/ wants.
 */
#pragma once

#include "apply/apply.h"
#include "backfill/backfill.h"
#include "cli/command.h"
#include "migrate/migrate.h"

typedef struct {
    PgConn *conn;
    Graph *graph;
    ApplyContext apply;
    BackfillContext backfill;
} Workspace;

/* Is it clear which one database @command is for? ERROR_CONFIG, ERROR_USAGE. */
bool workspace_check_database(const Settings *settings, const char *command, GError **error);
/* Reads the revisions, then connects as "sluice/@purpose". */
bool workspace_open(Workspace *workspace, const App *app, const char *purpose, GError **error);
/* What the ledger has, for who is going to change it, or with @dry_run for who only looks. Warns of
 * revisions that the database has and no file. Where another tool's table is kept true, the ledger
 * has followed it (with @dry_run a warning says where it would). Caller owns. */
LedgerRevisions *workspace_load_revisions(const Workspace *workspace, bool dry_run, GError **error);
/* The context that migrate/ wants, silent. */
MigrateContext workspace_migrate(const Workspace *workspace, bool dry_run);
void workspace_clear(Workspace *workspace);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Workspace, workspace_clear)
