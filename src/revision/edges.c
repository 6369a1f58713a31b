#include "revision/edges.h"

#include <stdlib.h>
#include <string.h>

static int
compare_ends(const void *a, const void *b)
{
    const Edge *left = a, *right = b;

    return left->to < right->to ? -1 : left->to > right->to;
}

static void
sort_ends(const Edges *edges, guint count)
{
    for (guint i = 0; i < count; i++)
        if (edges->starts[i + 1] - edges->starts[i] > 1)
            qsort(edges->edges + edges->starts[i], edges->starts[i + 1] - edges->starts[i],
                  sizeof(Edge), compare_ends);
}

Edges *
edges_new(guint count, const GArray *links, bool down)
{
    Edges *edges = g_new(Edges, 1);
    g_autofree guint *next = g_new(guint, count + 1);

    *edges = (Edges){.starts = g_new0(guint, count + 1), .edges = g_new(Edge, links->len)};
    for (guint i = 0; i < links->len; i++) {
        const Link *link = &g_array_index(links, Link, i);
        edges->starts[(down ? link->to : link->from) + 1]++;
    }
    for (guint i = 0; i < count; i++)
        edges->starts[i + 1] += edges->starts[i];
    memcpy(next, edges->starts, (count + 1) * sizeof *next);
    for (guint i = 0; i < links->len; i++) {
        const Link *link = &g_array_index(links, Link, i);
        const guint at = next[down ? link->to : link->from]++;
        edges->edges[at] = (Edge){.to = down ? link->from : link->to, .kind = link->kind};
    }
    sort_ends(edges, count);
    return edges;
}

void
edges_free(Edges *edges)
{
    if (edges == NULL)
        return;
    g_free(edges->starts);
    g_free(edges->edges);
    g_free(edges);
}

/* Kahn's order with a stack: what has just become free is followed before its siblings. Pushed
 * backwards, the first by file name is taken first. */
GArray *
edges_order(guint count, const GArray *links)
{
    g_autoptr(Edges) below = edges_new(count, links, true);
    g_autofree guint *waits = g_new0(guint, count);
    g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(guint));
    GArray *order = g_array_sized_new(FALSE, FALSE, sizeof(guint), count);

    for (guint i = 0; i < links->len; i++)
        waits[g_array_index(links, Link, i).from]++;
    for (guint i = count; i-- > 0;)
        if (waits[i] == 0)
            g_array_append_val(stack, i);
    while (stack->len > 0) {
        const guint at = g_array_index(stack, guint, stack->len - 1);

        g_array_set_size(stack, stack->len - 1);
        g_array_append_val(order, at);
        for (guint k = below->starts[at + 1]; k-- > below->starts[at];) {
            const guint child = below->edges[k].to;
            if (--waits[child] == 0)
                g_array_append_val(stack, child);
        }
    }
    return order;
}

/* For each of those that are not ordered, one link to another of them: each has one, for it waits
 * for something. */
static Link *
links_onwards(guint count, const GArray *links, const GArray *ordered)
{
    g_autofree bool *placed = g_new0(bool, count);
    Link *onwards = g_new0(Link, count);

    for (guint i = 0; i < ordered->len; i++)
        placed[g_array_index(ordered, guint, i)] = true;
    for (guint i = links->len; i-- > 0;) {
        const Link *link = &g_array_index(links, Link, i);
        if (!placed[link->from] && !placed[link->to])
            onwards[link->from] = *link;
    }
    return onwards;
}

/* Follows the links upwards until a revision comes again: that one is on a cycle. */
GArray *
edges_cycle(guint count, const GArray *links, const GArray *ordered)
{
    g_autofree Link *onwards = links_onwards(count, links, ordered);
    g_autofree bool *seen = g_new0(bool, count);
    GArray *cycle = g_array_new(FALSE, FALSE, sizeof(Link));
    guint at = 0, first;

    while (onwards[at].kind == 0)
        at++;
    for (; !seen[at]; at = onwards[at].to)
        seen[at] = true;
    first = at;
    do {
        g_array_append_val(cycle, onwards[at]);
        at = onwards[at].to;
    } while (at != first);
    return cycle;
}
