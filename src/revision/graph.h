/*
 * revision/graph.h - all revisions of a folder, in order.
 *
 * On this road the graph is one chain: two heads, a cycle, a missing parent and a duplicate id are
 * errors that name the files.
 */
#pragma once

#include "revision/revision.h"

typedef struct Graph Graph;

/* Reads every *.sql below @folder (not recursive); headers only. ERROR_CONFIG: folder missing
 * (hint: `sluice init`), or any of the errors above; ERROR_STATE for two heads where @allow_heads
 * is false. Caller owns. */
Graph *graph_load(const char *folder, bool allow_heads, GError **error);
void graph_free(Graph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Graph, graph_free)

/* Parents before children. */
guint graph_count(const Graph *graph);
const Revision *graph_get(const Graph *graph, guint index);
/* Element-type const Revision *, container owned by the caller. */
GPtrArray *graph_heads(const Graph *graph);
/* An id, a unique prefix of one (4 digits or more), "head", "base" (NULL revision), "+N"/"-N" are
 * not resolved here. ERROR_USAGE: none or several match; the nearest ids are named. */
bool graph_resolve(const Graph *graph, const char *target, const Revision **ret_revision,
                   GError **error);
/* The revision of the graph with the same id as @revision, with all its sections. Caller owns. */
Revision *graph_read(const Graph *graph, const Revision *revision, GError **error);
/* True if @ancestor is @revision or above it. Unknown ids: false. */
bool graph_is_ancestor(const Graph *graph, const char *ancestor, const char *revision);
