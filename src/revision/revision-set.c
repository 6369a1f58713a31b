#include "revision/revision-set.h"

#include <string.h>

#include "revision/edges.h"

struct RevisionSet {
    const Graph *graph;
    guint count;
    bool *has; /* by Revision.index */
};

RevisionSet *
revision_set_new(const Graph *graph)
{
    RevisionSet *set = g_new(RevisionSet, 1);

    *set = (RevisionSet){.graph = graph, .has = g_new0(bool, graph_count(graph))};
    return set;
}

RevisionSet *
revision_set_copy(const RevisionSet *set)
{
    RevisionSet *copy = revision_set_new(set->graph);

    revision_set_add_all(copy, set);
    return copy;
}

void
revision_set_free(RevisionSet *set)
{
    if (set == NULL)
        return;
    g_free(set->has);
    g_free(set);
}

static void
put(RevisionSet *set, guint index, bool has)
{
    if (set->has[index] == has)
        return;
    set->has[index] = has;
    set->count += has ? 1 : -1U;
}

void
revision_set_add(RevisionSet *set, const Revision *revision)
{
    put(set, revision->index, true);
}

void
revision_set_remove(RevisionSet *set, const Revision *revision)
{
    put(set, revision->index, false);
}

bool
revision_set_has(const RevisionSet *set, const Revision *revision)
{
    return set->has[revision->index];
}

guint
revision_set_count(const RevisionSet *set)
{
    return set->count;
}

void
revision_set_add_all(RevisionSet *set, const RevisionSet *other)
{
    for (guint i = 0; i < graph_count(set->graph); i++)
        if (other->has[i])
            put(set, i, true);
}

void
revision_set_remove_all(RevisionSet *set, const RevisionSet *other)
{
    for (guint i = 0; i < graph_count(set->graph); i++)
        if (other->has[i])
            put(set, i, false);
}

void
revision_set_keep_all(RevisionSet *set, const RevisionSet *other)
{
    for (guint i = 0; i < graph_count(set->graph); i++)
        if (!other->has[i])
            put(set, i, false);
}

GPtrArray *
revision_set_list(const RevisionSet *set)
{
    GPtrArray *list = g_ptr_array_sized_new(set->count);

    for (guint i = 0; i < graph_count(set->graph); i++)
        if (set->has[i])
            g_ptr_array_add(list, (gpointer) graph_get(set->graph, i));
    return list;
}

/* Is one of @set at the other end of an edge of @kinds? */
static bool
touches(const RevisionSet *set, const Edges *edges, guint index, EdgeKinds kinds)
{
    for (guint k = edges->starts[index]; k < edges->starts[index + 1]; k++)
        if ((edges->edges[k].kind & kinds) && set->has[edges->edges[k].to])
            return true;
    return false;
}

/* The graph's order makes one pass enough: whoever is named comes earlier. */
void
revision_set_add_ancestors(RevisionSet *set, EdgeKinds kinds)
{
    const Edges *below = graph_edges_below(set->graph);

    for (guint i = graph_count(set->graph); i-- > 0;)
        if (!set->has[i] && touches(set, below, i, kinds))
            put(set, i, true);
}

void
revision_set_add_descendants(RevisionSet *set, EdgeKinds kinds)
{
    const Edges *above = graph_edges_above(set->graph);

    for (guint i = 0; i < graph_count(set->graph); i++)
        if (!set->has[i] && touches(set, above, i, kinds))
            put(set, i, true);
}

RevisionSet *
revision_set_heads(const RevisionSet *set, EdgeKinds kinds)
{
    g_autoptr(RevisionSet) above = revision_set_new(set->graph);
    const Edges *below = graph_edges_below(set->graph);
    RevisionSet *heads = revision_set_new(set->graph);

    /* above: what has a member below it, through members or not. */
    for (guint i = graph_count(set->graph); i-- > 0;) {
        if (touches(set, below, i, kinds) || touches(above, below, i, kinds))
            put(above, i, true);
        else if (set->has[i])
            put(heads, i, true);
    }
    return heads;
}

/* The only parent, if this is its only child; NULL: there the branch begins. */
static const Revision *
parent_within(const Graph *graph, const Revision *revision)
{
    g_autoptr(GPtrArray) parents = graph_parents(graph, revision);
    g_autoptr(GPtrArray) siblings =
        parents->len == 1 ? graph_children(graph, parents->pdata[0]) : NULL;

    return siblings && siblings->len == 1 ? parents->pdata[0] : NULL;
}

RevisionSet *
graph_branch(const Graph *graph, const Revision *labelled)
{
    RevisionSet *branch = revision_set_new(graph);

    revision_set_add(branch, labelled);
    revision_set_add_descendants(branch, EDGE_REVISES);
    for (const Revision *at = labelled; at != NULL; at = parent_within(graph, at))
        revision_set_add(branch, at);
    return branch;
}

bool
graph_is_ancestor(const Graph *graph, const char *ancestor, const char *revision)
{
    const Revision *upper = graph_find(graph, ancestor), *lower = graph_find(graph, revision);
    g_autoptr(RevisionSet) lineage = NULL;

    if (upper == NULL || lower == NULL || upper->index > lower->index)
        return false;
    lineage = revision_set_new(graph);
    revision_set_add(lineage, lower);
    revision_set_add_ancestors(lineage, EDGE_REVISES);
    return revision_set_has(lineage, upper);
}
