/*
 * revision/graph.h - all revisions of a folder: who revises whom, who requires whom.
 *
 * A graph with branches and merges. Two heads are no error here: whoever needs one head asks the
 * targets (revision/target.h). A cycle (over Revises and Requires), a missing parent or
 * requirement, a duplicate id and a label used twice are errors that name the files. The order is
 * topological over both kinds of edge: one branch is followed down as far as possible, ties go by
 * file name.
 */
#pragma once

#include "revision/revision.h"

typedef struct Graph Graph;

typedef enum {
    EDGE_REVISES = 1 << 0,
    EDGE_REQUIRES = 1 << 1,
    EDGE_ALL = EDGE_REVISES | EDGE_REQUIRES,
} EdgeKinds;

/* Reads every *.sql of @folder (not recursive); headers only. ERROR_CONFIG: folder missing (hint:
 * `sluice init`), or any of the errors above. Caller owns. */
Graph *graph_load(const char *folder, GError **error);
void graph_free(Graph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Graph, graph_free)

/* Parents and requirements before those that name them; Revision.index is the place. */
guint graph_count(const Graph *graph);
const Revision *graph_get(const Graph *graph, guint index);
/* By its whole id; NULL if there is none. Borrowed. */
const Revision *graph_find(const Graph *graph, const char *id);
/* By a branch label; NULL if no revision has it. Borrowed. */
const Revision *graph_find_label(const Graph *graph, const char *label);
/* What a requirement names: an id or a label, checked at load. Borrowed, never NULL. */
const Revision *graph_required(const Graph *graph, const Requirement *requirement);
/* Those that no other revises, in order. Element-type const Revision *, container owned by the
 * caller. The same for the first ones, the parents and the children of one. */
GPtrArray *graph_heads(const Graph *graph);
GPtrArray *graph_bases(const Graph *graph);
GPtrArray *graph_parents(const Graph *graph, const Revision *revision);
GPtrArray *graph_children(const Graph *graph, const Revision *revision);
/* Those that require it. Container owned by the caller. */
GPtrArray *graph_requirers(const Graph *graph, const Revision *revision);
/* The id or label that looks most like @word, for a hint; NULL if none does. Borrowed. */
const char *graph_nearest(const Graph *graph, const char *word);
/* The revision of the graph with the same id as @revision, with all its sections. Caller owns. */
Revision *graph_read(const Graph *graph, const Revision *revision, GError **error);
/* True if @ancestor is @revision or above it, by Revises alone. Unknown ids: false. For many
 * questions make a set once (revision/revision-set.h). */
bool graph_is_ancestor(const Graph *graph, const char *ancestor, const char *revision);
