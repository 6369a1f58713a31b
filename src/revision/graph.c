#include "revision/graph.h"

#include <string.h>

#include "base/text.h"

enum { PREFIX_LEAST = 4 };

struct Graph {
    GPtrArray *revisions; /* Revision *, parents before children */
    GHashTable *by_id;    /* id -> Revision *, both borrowed from there */
    GHashTable *parents;  /* a set of ids that are somebody's parent, borrowed */
};

static int
compare_paths(const void *a, const void *b)
{
    const Revision *left = *(Revision *const *) a, *right = *(Revision *const *) b;

    return strcmp(left->path, right->path);
}

static bool
read_folder(Graph *graph, const char *folder, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &cause);
    const char *name;

    if (dir == NULL) {
        const bool missing = g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT);
        error_set(error, ERROR_CONFIG, "cannot read the folder of revisions '%s': %s", folder,
                  missing ? "there is none" : cause->message);
        return missing ? error_hint(error, "Make it with `sluice init`.") : false;
    }
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = NULL;
        Revision *revision;

        if (name[0] == '.' || !g_str_has_suffix(name, ".sql"))
            continue;
        path = g_build_filename(folder, name, NULL);
        revision = revision_read(path, true, error);
        if (revision == NULL)
            return false;
        g_ptr_array_add(graph->revisions, revision);
    }
    g_ptr_array_sort(graph->revisions, compare_paths);
    return true;
}

static bool
index_ids(Graph *graph, GError **error)
{
    for (guint i = 0; i < graph->revisions->len; i++) {
        Revision *revision = graph->revisions->pdata[i];
        const Revision *other = g_hash_table_lookup(graph->by_id, revision->id);

        if (other != NULL) {
            error_set(error, ERROR_CONFIG, "revision '%s' stands in two files: '%s' and '%s'",
                      revision->id, other->path, revision->path);
            return error_hint(error, "Give one of them a new id, or delete the copy.");
        }
        g_hash_table_insert(graph->by_id, revision->id, revision);
    }
    return true;
}

/* The id that is nearest to @word, @self's (may be NULL) left out; or NULL. Borrowed. */
static const char *
nearest_id(const Graph *graph, const char *word, const Revision *self)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_sized_new(graph->revisions->len + 1);

    for (guint i = 0; i < graph->revisions->len; i++)
        if (graph->revisions->pdata[i] != self)
            g_ptr_array_add(ids, ((Revision *) graph->revisions->pdata[i])->id);
    g_ptr_array_add(ids, NULL);
    return text_nearest(word, (const char *const *) ids->pdata);
}

static bool
check_parents(Graph *graph, GError **error)
{
    for (guint i = 0; i < graph->revisions->len; i++) {
        const Revision *revision = graph->revisions->pdata[i];

        for (guint k = 0; k < revision->revises->len; k++) {
            char *parent = revision->revises->pdata[k];
            const char *nearest;

            if (g_hash_table_contains(graph->by_id, parent)) {
                g_hash_table_add(graph->parents, parent);
                continue;
            }
            nearest = nearest_id(graph, parent, revision);
            error_set(error, ERROR_CONFIG, "revision '%s' (%s) revises '%s', which no file holds",
                      revision->id, revision->path, parent);
            return nearest ? error_hint(error, "Did you mean '%s'?", nearest)
                           : error_hint(error, "Fetch the missing file, or correct its `-- "
                                               "Revises:` line.");
        }
    }
    return true;
}

/* @left: the revisions that have no place in the order, so each of them is on a cycle or below
 * one. Follows parents until one comes again: that is on it. */
static bool
refuse_cycle(const Graph *graph, GHashTable *placed, const Revision *left, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_autoptr(GString) path = g_string_new(NULL);
    const Revision *start;

    while (g_hash_table_add(seen, (void *) left)) {
        for (guint k = 0; k < left->revises->len; k++) {
            const Revision *parent = g_hash_table_lookup(graph->by_id, left->revises->pdata[k]);
            if (!g_hash_table_contains(placed, parent)) {
                left = parent;
                break;
            }
        }
    }
    start = left;
    do {
        g_string_append_printf(path, "%s%s (%s)", path->len ? " revises " : "", left->id,
                               left->path);
        for (guint k = 0; k < left->revises->len; k++) {
            const Revision *parent = g_hash_table_lookup(graph->by_id, left->revises->pdata[k]);
            if (g_hash_table_contains(seen, parent) && !g_hash_table_contains(placed, parent)) {
                left = parent;
                break;
            }
        }
    } while (left != start);
    error_set(error, ERROR_CONFIG, "the revisions form a cycle: %s revises %s", path->str,
              start->id);
    return error_hint(error, "Correct the `-- Revises:` line of one of them.");
}

/* Kahn's order. @children: parent -> GPtrArray of those that wait for it. */
static GHashTable *
children_of(const Graph *graph)
{
    GHashTable *children = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL,
                                                 (GDestroyNotify) g_ptr_array_unref);

    for (guint i = 0; i < graph->revisions->len; i++) {
        Revision *revision = graph->revisions->pdata[i];
        for (guint k = 0; k < revision->revises->len; k++) {
            void *parent = g_hash_table_lookup(graph->by_id, revision->revises->pdata[k]);
            GPtrArray *list = g_hash_table_lookup(children, parent);

            if (list == NULL) {
                list = g_ptr_array_new();
                g_hash_table_insert(children, parent, list);
            }
            g_ptr_array_add(list, revision);
        }
    }
    return children;
}

static bool
order(Graph *graph, GError **error)
{
    g_autoptr(GHashTable) children = children_of(graph);
    g_autoptr(GHashTable) placed = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_autoptr(GHashTable) waits = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_autoptr(GPtrArray) ordered = g_ptr_array_sized_new(graph->revisions->len);

    for (guint i = 0; i < graph->revisions->len; i++) {
        Revision *revision = graph->revisions->pdata[i];
        g_hash_table_insert(waits, revision, GUINT_TO_POINTER(revision->revises->len));
        if (revision->revises->len == 0)
            g_ptr_array_add(ordered, revision);
    }
    for (guint i = 0; i < ordered->len; i++) {
        const GPtrArray *list = g_hash_table_lookup(children, ordered->pdata[i]);

        g_hash_table_add(placed, ordered->pdata[i]);
        for (guint k = 0; list != NULL && k < list->len; k++) {
            const guint left = GPOINTER_TO_UINT(g_hash_table_lookup(waits, list->pdata[k])) - 1;
            g_hash_table_insert(waits, list->pdata[k], GUINT_TO_POINTER(left));
            if (left == 0)
                g_ptr_array_add(ordered, list->pdata[k]);
        }
    }
    for (guint i = 0; i < graph->revisions->len; i++) {
        if (!g_hash_table_contains(placed, graph->revisions->pdata[i]))
            return refuse_cycle(graph, placed, graph->revisions->pdata[i], error);
    }
    for (guint i = 0; i < ordered->len; i++)
        graph->revisions->pdata[i] = ordered->pdata[i];
    return true;
}

Graph *
graph_load(const char *folder, GError **error)
{
    g_autoptr(Graph) graph = g_new0(Graph, 1);

    graph->revisions = g_ptr_array_new_with_free_func((GDestroyNotify) revision_free);
    graph->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    graph->parents = g_hash_table_new(g_str_hash, g_str_equal);
    if (!read_folder(graph, folder, error) || !index_ids(graph, error) ||
        !check_parents(graph, error) || !order(graph, error))
        return NULL;
    return g_steal_pointer(&graph);
}

void
graph_free(Graph *graph)
{
    if (graph == NULL)
        return;
    g_hash_table_unref(graph->by_id);
    g_hash_table_unref(graph->parents);
    g_ptr_array_unref(graph->revisions);
    g_free(graph);
}

guint
graph_count(const Graph *graph)
{
    return graph->revisions->len;
}

const Revision *
graph_get(const Graph *graph, guint index)
{
    g_assert(index < graph->revisions->len);
    return graph->revisions->pdata[index];
}

GPtrArray *
graph_heads(const Graph *graph)
{
    GPtrArray *heads = g_ptr_array_new();

    for (guint i = 0; i < graph->revisions->len; i++) {
        Revision *revision = graph->revisions->pdata[i];
        if (!g_hash_table_contains(graph->parents, revision->id))
            g_ptr_array_add(heads, revision);
    }
    return heads;
}

static bool
resolve_head(const Graph *graph, const Revision **ret_revision, GError **error)
{
    g_autoptr(GPtrArray) heads = graph_heads(graph);

    if (heads->len > 1) {
        const Revision *first = heads->pdata[0], *second = heads->pdata[1];
        error_set(error, ERROR_USAGE,
                  "'head' is not one revision: there are %u heads, '%s', '%s'%s", heads->len,
                  first->id, second->id, heads->len > 2 ? ", .." : "");
        return error_hint(error, "Name the one that is meant.");
    }
    *ret_revision = heads->len == 1 ? heads->pdata[0] : NULL;
    return true;
}

static bool
resolve_prefix(const Graph *graph, const char *target, const Revision **ret_revision,
               GError **error)
{
    g_autoptr(GString) matches = g_string_new(NULL);
    const Revision *found = NULL;
    const char *nearest;
    guint count = 0;

    for (guint i = 0; i < graph->revisions->len && strlen(target) >= PREFIX_LEAST; i++) {
        const Revision *revision = graph->revisions->pdata[i];
        if (!g_str_has_prefix(revision->id, target))
            continue;
        found = revision;
        g_string_append_printf(matches, "%s%s", count++ > 0 ? ", " : "", revision->id);
    }
    if (count == 1) {
        *ret_revision = found;
        return true;
    }
    if (count > 1)
        return error_set(error, ERROR_USAGE, "'%s' fits %u revisions: %s", target, count,
                         matches->str);
    error_set(error, ERROR_USAGE, "there is no revision '%s'", target);
    nearest = nearest_id(graph, target, NULL);
    return nearest ? error_hint(error, "Did you mean '%s'?", nearest)
                   : error_hint(error, "`sluice history` lists them; give an id, the first 4 or "
                                       "more digits of one, 'head' or 'base'.");
}

bool
graph_resolve(const Graph *graph, const char *target, const Revision **ret_revision, GError **error)
{
    const Revision *exact = g_hash_table_lookup(graph->by_id, target);

    if (exact != NULL) {
        *ret_revision = exact;
        return true;
    }
    if (g_str_equal(target, "base")) {
        *ret_revision = NULL;
        return true;
    }
    if (g_str_equal(target, "head"))
        return resolve_head(graph, ret_revision, error);
    return resolve_prefix(graph, target, ret_revision, error);
}

Revision *
graph_read(const Graph *graph, const Revision *revision, GError **error)
{
    const Revision *header;

    g_assert(g_hash_table_contains(graph->by_id, revision->id));
    header = g_hash_table_lookup(graph->by_id, revision->id);
    return revision_read(header->path, false, error);
}

bool
graph_is_ancestor(const Graph *graph, const char *ancestor, const char *revision)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_autoptr(GPtrArray) open = g_ptr_array_new();
    Revision *wanted = g_hash_table_lookup(graph->by_id, ancestor);
    Revision *start = g_hash_table_lookup(graph->by_id, revision);

    if (wanted == NULL || start == NULL)
        return false;
    g_ptr_array_add(open, start);
    for (guint i = 0; i < open->len; i++) {
        const Revision *at = open->pdata[i];

        if (at == wanted)
            return true;
        for (guint k = 0; k < at->revises->len; k++) {
            void *parent = g_hash_table_lookup(graph->by_id, at->revises->pdata[k]);
            if (g_hash_table_add(seen, parent))
                g_ptr_array_add(open, parent);
        }
    }
    return false;
}
