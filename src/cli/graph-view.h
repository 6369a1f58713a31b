/*
 * cli/graph-view.h - the revisions of the folder, as heads, branches, history, show and current
 * present them.
 */
#pragma once

#include "base/json.h"
#include "cli/command.h"
#include "ledger/revisions.h"
#include "revision/revision-set.h"

typedef struct {
    Graph *graph;
    RevisionSet *heads;     /* that nobody revises */
    RevisionSet *effective; /* that nobody revises or requires, not even through others */
    RevisionSet *applied;   /* what the database has; NULL: it was not asked */
    RevisionSet *current;   /* the heads of that; NULL the same */
} GraphView;

/* Reads the folder; with @ask_database also what the database of the settings has, in one query
 * that any role may make. */
bool graph_view_open(GraphView *view, const App *app, bool ask_database, GError **error);
/* @rows is what the database has. */
void graph_view_set_applied(GraphView *view, const LedgerRevisions *rows);
void graph_view_clear(GraphView *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GraphView, graph_view_clear)

/* " (shop) (head) (branch point)": what is worth knowing behind a title. Caller owns. */
char *graph_view_marks(const GraphView *view, const Revision *revision);
/* "a, b" and "a, b backfilled": as written behind Revises and Requires. Caller owns. */
char *graph_view_revises(const Revision *revision);
char *graph_view_requires(const Revision *revision);
/* "a, b" of the ids of @list (const Revision *). Caller owns. */
char *graph_view_ids(const GPtrArray *list);
/* The lines of a file's header; @verbose: also what the file does not say, its children, and who
 * requires it. */
void graph_view_print_header(const GraphView *view, Output *output, const Revision *revision,
                             bool verbose);
/* {"id":..,"revises":[..],"requires":[{"id":..,"state":..}],"labels":[..],"title":..,"created":..,
 * "path":..,"head":..,"effective_head":..,"branch_point":..,"merge":..}, and "applied" and
 * "current" where the database was asked. Caller owns. */
json_t *graph_view_json(const GraphView *view, const Revision *revision);
