/*
 * revision/edges.h - who stands above and below whom, by index; for this room alone.
 *
 * Both directions as one array each, so that a walk over ten thousand revisions touches two blocks
 * of memory and recurses nowhere.
 */
#pragma once

#include "revision/graph.h"

typedef struct {
    guint from, to; /* from names to in its file */
    EdgeKinds kind;
} Link;

typedef struct {
    guint to;
    EdgeKinds kind;
} Edge;

typedef struct {
    guint *starts; /* count + 1 of them: of each revision its first edge */
    Edge *edges;   /* of one revision in ascending order of their ends */
} Edges;

/* Of @count revisions. @links: element-type Link; @down: from what is named to who names it. */
Edges *edges_new(guint count, const GArray *links, bool down);
void edges_free(Edges *edges);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Edges, edges_free)

/* The order that revision/graph.h promises, of what comes as 0 .. @count - 1 in the order of file
 * names: element-type guint; shorter than @count if there is a cycle. Caller owns. */
GArray *edges_order(guint count, const GArray *links);
/* A cycle among those that @ordered left out: element-type Link, each begins where the one before
 * it ends. Caller owns. */
GArray *edges_cycle(guint count, const GArray *links, const GArray *ordered);

/* Of a loaded graph. Borrowed. */
const Edges *graph_edges_above(const Graph *graph);
const Edges *graph_edges_below(const Graph *graph);
