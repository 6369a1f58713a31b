/*
 * revision/revision-set.h - a set of a graph's revisions, and walks over it: all linear.
 */
#pragma once

#include "revision/graph.h"

/* Must not outlive its graph. */
typedef struct RevisionSet RevisionSet;
RevisionSet *revision_set_new(const Graph *graph);
RevisionSet *revision_set_copy(const RevisionSet *set);
void revision_set_free(RevisionSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RevisionSet, revision_set_free)

void revision_set_add(RevisionSet *set, const Revision *revision);
void revision_set_remove(RevisionSet *set, const Revision *revision);
bool revision_set_has(const RevisionSet *set, const Revision *revision);
guint revision_set_count(const RevisionSet *set);
/* Union, difference and intersection with another set of the same graph, in place. */
void revision_set_add_all(RevisionSet *set, const RevisionSet *other);
void revision_set_remove_all(RevisionSet *set, const RevisionSet *other);
void revision_set_keep_all(RevisionSet *set, const RevisionSet *other);
/* Its members in the graph's order. Element-type const Revision *, container owned by the caller.
 */
GPtrArray *revision_set_list(const RevisionSet *set);

/* Adds to @set all that is above (below) its members over edges of @kinds. */
void revision_set_add_ancestors(RevisionSet *set, EdgeKinds kinds);
void revision_set_add_descendants(RevisionSet *set, EdgeKinds kinds);
/* The members that no other member is below over edges of @kinds: over all of them, what a set of
 * applied revisions has as its heads. Caller owns. */
RevisionSet *revision_set_heads(const RevisionSet *set, EdgeKinds kinds);

/* All that belongs to the branch that @labelled begins: it, its descendants, and its ancestors back
 * to the branch point (the nearest ancestor with another child, which is not in it). Caller owns.
 */
RevisionSet *graph_branch(const Graph *graph, const Revision *labelled);
