#include "revision/graph.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "revision/edges.h"

struct Graph {
    GPtrArray *revisions; /* Revision *, in the order of the header */
    GHashTable *by_id;    /* id -> Revision *, both borrowed from there */
    GHashTable *by_label; /* label -> Revision *, the same */
    Edges *above;         /* to what a file names */
    Edges *below;
};

static void
close_folder(DIR *folder)
{
    closedir(folder);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(DIR, close_folder)

/* A file's place among the others: its name's first bytes that are not the same in all of them, as
 * a number, which sorts without touching the names. */
typedef struct {
    guint64 key;
    Revision *revision;
} NameKey;

static int
compare_names(const void *a, const void *b)
{
    const NameKey *left = a, *right = b;

    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return strcmp(left->revision->path, right->revision->path);
}

static size_t
common_length(const GPtrArray *revisions)
{
    const char *first = ((const Revision *) revisions->pdata[0])->path;
    size_t common = strlen(first);

    for (guint i = 1; i < revisions->len; i++) {
        const char *path = ((const Revision *) revisions->pdata[i])->path;
        size_t at = 0;

        while (at < common && path[at] == first[at])
            at++;
        common = at;
    }
    return common;
}

static void
sort_by_name(GPtrArray *revisions)
{
    g_autofree NameKey *keys = g_new(NameKey, revisions->len);
    const size_t common = revisions->len ? common_length(revisions) : 0;

    for (guint i = 0; i < revisions->len; i++) {
        Revision *revision = revisions->pdata[i];
        const char *name = revision->path + common;
        guint64 key = 0;

        memcpy(&key, name, strnlen(name, sizeof key));
        keys[i] = (NameKey){GUINT64_FROM_BE(key), revision};
    }
    if (revisions->len > 0)
        qsort(keys, revisions->len, sizeof *keys, compare_names);
    for (guint i = 0; i < revisions->len; i++)
        revisions->pdata[i] = keys[i].revision;
}

static bool
read_folder(Graph *graph, const char *folder, GError **error)
{
    g_autoptr(DIR) dir = opendir(folder);
    g_autofree char *first = g_build_filename(folder, "/", NULL);
    g_autoptr(GString) path = g_string_new(first);
    const gsize stem = path->len;
    const struct dirent *entry;

    if (dir == NULL) {
        const bool missing = errno == ENOENT;
        error_set(error, ERROR_CONFIG, "cannot read the folder of revisions '%s': %s", folder,
                  missing ? "there is none" : g_strerror(errno));
        return missing ? error_hint(error, "Make it with `sluice init`.") : false;
    }
    /* cppcheck-suppress readdirCalled ; nobody else has this stream */
    while ((entry = readdir(dir)) != NULL) {
        Revision *revision;

        if (entry->d_name[0] == '.' || !g_str_has_suffix(entry->d_name, ".sql"))
            continue;
        g_string_truncate(path, stem);
        g_string_append(path, entry->d_name);
        revision = revision_read_header(dirfd(dir), path->str, error);
        if (revision == NULL)
            return false;
        g_ptr_array_add(graph->revisions, revision);
    }
    sort_by_name(graph->revisions);
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
        revision->index = i;
        g_hash_table_insert(graph->by_id, revision->id, revision);
    }
    return true;
}

static bool
index_label(Graph *graph, Revision *revision, char *label, GError **error)
{
    const Revision *other = g_hash_table_lookup(graph->by_label, label);
    const Revision *named = g_hash_table_lookup(graph->by_id, label);

    if (named != NULL) {
        error_set(error, ERROR_CONFIG, "the branch label '%s' of '%s' is the id of '%s'", label,
                  revision->path, named->path);
        return error_hint(error, "Give the branch another label.");
    }
    if (other != NULL) {
        error_set(error, ERROR_CONFIG, "the branch label '%s' stands in two files: '%s' and '%s'",
                  label, other->path, revision->path);
        return error_hint(error, "A label names the revision that begins its branch: keep that "
                                 "one `-- Branch:` line.");
    }
    g_hash_table_insert(graph->by_label, label, revision);
    return true;
}

static bool
index_labels(Graph *graph, GError **error)
{
    for (guint i = 0; i < graph->revisions->len; i++) {
        Revision *revision = graph->revisions->pdata[i];

        for (guint k = 0; k < revision->labels->len; k++)
            if (!index_label(graph, revision, revision->labels->pdata[k], error))
                return false;
    }
    return true;
}

/* The id or label that is nearest to @word, @self's id (may be NULL) left out; or NULL. Borrowed.
 */
static const char *
nearest_word(const Graph *graph, const char *word, const Revision *self)
{
    g_autoptr(GPtrArray) words = g_ptr_array_sized_new(graph->revisions->len + 1);

    for (guint i = 0; i < graph->revisions->len; i++) {
        const Revision *revision = graph->revisions->pdata[i];

        if (self == NULL || strcmp(revision->id, self->id) != 0)
            g_ptr_array_add(words, revision->id);
        for (guint k = 0; k < revision->labels->len; k++)
            g_ptr_array_add(words, revision->labels->pdata[k]);
    }
    g_ptr_array_add(words, NULL);
    return text_nearest(word, (const char *const *) words->pdata);
}

static bool
refuse_missing(const Graph *graph, const Revision *revision, const char *named, EdgeKinds kind,
               GError **error)
{
    const char *nearest = nearest_word(graph, named, revision);
    const bool revises = kind == EDGE_REVISES;

    error_set(error, ERROR_CONFIG, "revision '%s' (%s) %s '%s', which no file holds", revision->id,
              revision->path, revises ? "revises" : "requires", named);
    if (revises && g_hash_table_contains(graph->by_label, named))
        return error_hint(error, "'%s' is a branch label: name the id of the revision itself.",
                          named);
    return nearest ? error_hint(error, "Did you mean '%s'?", nearest)
                   : error_hint(error, "Fetch the missing file, or correct its `-- %s:` line.",
                                revises ? "Revises" : "Requires");
}

static Revision *
find_required(const Graph *graph, const Requirement *requirement)
{
    Revision *revision = g_hash_table_lookup(graph->by_id, requirement->id);

    return revision ? revision : g_hash_table_lookup(graph->by_label, requirement->id);
}

/* Element-type Link: all that the headers name. NULL if one of them is missing. */
static GArray *
collect_links(const Graph *graph, GError **error)
{
    g_autoptr(GArray) links =
        g_array_sized_new(FALSE, FALSE, sizeof(Link), graph->revisions->len + 1);

    for (guint i = 0; i < graph->revisions->len; i++) {
        const Revision *revision = graph->revisions->pdata[i];
        Link link = {.from = i};

        for (guint k = 0; k < revision->revises->len; k++) {
            const Revision *parent = graph_find(graph, revision->revises->pdata[k]);

            if (parent == NULL) {
                refuse_missing(graph, revision, revision->revises->pdata[k], EDGE_REVISES, error);
                return NULL;
            }
            link.to = parent->index;
            link.kind = EDGE_REVISES;
            g_array_append_val(links, link);
        }
        for (guint k = 0; k < revision->requires->len; k++) {
            const Requirement *requirement = revision->requires->pdata[k];
            const Revision *required = find_required(graph, requirement);

            if (required == NULL) {
                refuse_missing(graph, revision, requirement->id, EDGE_REQUIRES, error);
                return NULL;
            }
            link.to = required->index;
            link.kind = EDGE_REQUIRES;
            g_array_append_val(links, link);
        }
    }
    return g_steal_pointer(&links);
}

static bool
refuse_cycle(const Graph *graph, const GArray *cycle, GError **error)
{
    g_autoptr(GString) path = g_string_new(NULL);
    const Revision *first = graph_get(graph, g_array_index(cycle, Link, 0).from);

    for (guint i = 0; i < cycle->len; i++) {
        const Link *link = &g_array_index(cycle, Link, i);
        const Revision *revision = graph_get(graph, link->from);
        g_string_append_printf(path, "%s (%s) %s ", revision->id, revision->path,
                               link->kind == EDGE_REVISES ? "revises" : "requires");
    }
    error_set(error, ERROR_CONFIG, "the revisions form a cycle: %s%s", path->str, first->id);
    return error_hint(error, "Correct the `-- Revises:` or `-- Requires:` line of one of them.");
}

/* Puts the revisions in their order, and the links with them. */
static bool
order(Graph *graph, GArray *links, GError **error)
{
    const guint count = graph->revisions->len;
    g_autoptr(GArray) ordered = edges_order(count, links);
    g_autofree void **sorted = g_new(void *, count);

    if (ordered->len < count) {
        g_autoptr(GArray) cycle = edges_cycle(count, links, ordered);
        return refuse_cycle(graph, cycle, error);
    }
    for (guint i = 0; i < count; i++)
        sorted[i] = graph->revisions->pdata[g_array_index(ordered, guint, i)];
    for (guint i = 0; i < count; i++)
        ((Revision *) sorted[i])->index = i;
    for (guint i = 0; i < links->len; i++) {
        Link *link = &g_array_index(links, Link, i);
        link->from = graph_get(graph, link->from)->index;
        link->to = graph_get(graph, link->to)->index;
    }
    for (guint i = 0; i < count; i++)
        graph->revisions->pdata[i] = sorted[i];
    return true;
}

Graph *
graph_load(const char *folder, GError **error)
{
    g_autoptr(Graph) graph = g_new0(Graph, 1);
    g_autoptr(GArray) links = NULL;

    graph->revisions = g_ptr_array_new_with_free_func((GDestroyNotify) revision_free);
    graph->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    graph->by_label = g_hash_table_new(g_str_hash, g_str_equal);
    if (!read_folder(graph, folder, error) || !index_ids(graph, error) ||
        !index_labels(graph, error))
        return NULL;
    links = collect_links(graph, error);
    if (links == NULL || !order(graph, links, error))
        return NULL;
    graph->above = edges_new(graph->revisions->len, links, false);
    graph->below = edges_new(graph->revisions->len, links, true);
    return g_steal_pointer(&graph);
}

void
graph_free(Graph *graph)
{
    if (graph == NULL)
        return;
    edges_free(graph->above);
    edges_free(graph->below);
    g_hash_table_unref(graph->by_id);
    g_hash_table_unref(graph->by_label);
    g_ptr_array_unref(graph->revisions);
    g_free(graph);
}

const Edges *
graph_edges_above(const Graph *graph)
{
    return graph->above;
}

const Edges *
graph_edges_below(const Graph *graph)
{
    return graph->below;
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

const Revision *
graph_find(const Graph *graph, const char *id)
{
    return g_hash_table_lookup(graph->by_id, id);
}

const Revision *
graph_find_label(const Graph *graph, const char *label)
{
    return g_hash_table_lookup(graph->by_label, label);
}

const Revision *
graph_required(const Graph *graph, const Requirement *requirement)
{
    return find_required(graph, requirement);
}

/* Those at the other end of its edges of @kind. */
static GPtrArray *
neighbours(const Graph *graph, const Edges *edges, guint index, EdgeKinds kind)
{
    GPtrArray *list = g_ptr_array_new();

    for (guint k = edges->starts[index]; k < edges->starts[index + 1]; k++)
        if (edges->edges[k].kind == kind)
            g_ptr_array_add(list, graph->revisions->pdata[edges->edges[k].to]);
    return list;
}

/* Those without any such edge. */
static GPtrArray *
ends(const Graph *graph, const Edges *edges)
{
    GPtrArray *list = g_ptr_array_new();

    for (guint i = 0; i < graph->revisions->len; i++) {
        guint k = edges->starts[i];

        while (k < edges->starts[i + 1] && edges->edges[k].kind != EDGE_REVISES)
            k++;
        if (k == edges->starts[i + 1])
            g_ptr_array_add(list, graph->revisions->pdata[i]);
    }
    return list;
}

GPtrArray *
graph_heads(const Graph *graph)
{
    return ends(graph, graph->below);
}

GPtrArray *
graph_bases(const Graph *graph)
{
    return ends(graph, graph->above);
}

GPtrArray *
graph_parents(const Graph *graph, const Revision *revision)
{
    return neighbours(graph, graph->above, revision->index, EDGE_REVISES);
}

GPtrArray *
graph_children(const Graph *graph, const Revision *revision)
{
    return neighbours(graph, graph->below, revision->index, EDGE_REVISES);
}

GPtrArray *
graph_requirers(const Graph *graph, const Revision *revision)
{
    return neighbours(graph, graph->below, revision->index, EDGE_REQUIRES);
}

const char *
graph_nearest(const Graph *graph, const char *word)
{
    return nearest_word(graph, word, NULL);
}

Revision *
graph_read(const Graph *graph, const Revision *revision, GError **error)
{
    const Revision *header = graph_find(graph, revision->id);

    g_assert(header != NULL);
    return revision_read(header->path, false, error);
}
