/*
 * cli/lint-scope.h - what `sluice lint` is to look at: revisions of the folder, or plain files.
 */
#pragma once

#include "cli/command.h"
#include "pg/conn.h"
#include "revision/graph.h"

typedef struct {
    const char *since;  /* git ref: only what changed since; NULL: all */
    bool offline;       /* ask no database */
    bool from_database; /* plain files: begin with the configured database's schema */
    const char *const *words;
} LintRequest;

typedef struct {
    Graph *graph;                  /* of the folder; NULL: plain files */
    GHashTable *reported;          /* ids; NULL: all of the graph */
    GPtrArray *paths;              /* char *: plain files */
    char *standard_input;          /* NULL: it is not read */
    GHashTable *edited, *inserted; /* paths: lint/lint.h */
    PgConn *conn;                  /* NULL: no database is asked */
} LintScope;

/* ERROR_USAGE, ERROR_CONFIG, ERROR_CONNECTION; ERROR_STATE: git. */
bool lint_scope_find(LintScope *scope, const App *app, const LintRequest *request, GError **error);
void lint_scope_clear(LintScope *scope);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LintScope, lint_scope_clear)
