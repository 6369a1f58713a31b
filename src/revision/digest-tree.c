#include "revision/digest-tree.h"

#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "revision/digest.h"

char *
digest_sum_file(const char *path, GError **error)
{
    g_autofree char *text = file_read(path, error);
    char *to = text;

    if (text == NULL)
        return NULL;
    for (const char *from = text; *from; from++)
        if (from[0] != '\r' || from[1] != '\n')
            *to++ = *from;
    *to = '\0';
    return text_sha256(text);
}

static void
append_above(GString *all, const Graph *graph, const GPtrArray *merkle, const Revision *revision)
{
    for (guint i = 0; i < revision->revises->len; i++) {
        const Revision *parent = graph_find(graph, revision->revises->pdata[i]);
        g_string_append(all, merkle->pdata[parent->index]);
    }
    for (guint i = 0; i < revision->requires->len; i++) {
        const Revision *required = graph_required(graph, revision->requires->pdata[i]);
        g_string_append(all, merkle->pdata[required->index]);
    }
}

GPtrArray *
digest_merkle(const Graph *graph, const GPtrArray *sums)
{
    GPtrArray *merkle = g_ptr_array_new_full(graph_count(graph), g_free);

    for (guint i = 0; i < graph_count(graph); i++) {
        g_autoptr(GString) all = g_string_new(sums->pdata[i]);
        append_above(all, graph, merkle, graph_get(graph, i));
        g_ptr_array_add(merkle, text_sha256(all->str));
    }
    return merkle;
}

char *
digest_above(const Graph *graph, const GPtrArray *merkle, const Revision *head)
{
    g_autoptr(GString) all = g_string_new(NULL);

    if (head != NULL)
        append_above(all, graph, merkle, head);
    return text_sha256(all->str);
}

const char *
digest_branch(const Graph *graph, const Revision *head)
{
    for (const Revision *at = head; at != NULL;
         at = at->revises->len > 0 ? graph_find(graph, at->revises->pdata[0]) : NULL)
        if (at->labels->len > 0)
            return at->labels->pdata[0];
    return "";
}

/* The labels of digest_branch, by index: each takes its first parent's. Borrowed. */
static GPtrArray *
branch_labels(const Graph *graph)
{
    GPtrArray *labels = g_ptr_array_sized_new(graph_count(graph));

    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *revision = graph_get(graph, i);
        gpointer label = (gpointer) (guintptr) "";

        if (revision->labels->len > 0)
            label = revision->labels->pdata[0];
        else if (revision->revises->len > 0)
            label = labels->pdata[graph_find(graph, revision->revises->pdata[0])->index];
        g_ptr_array_add(labels, label);
    }
    return labels;
}

static GPtrArray *
branch_ends(GHashTable *branches, const char *label)
{
    g_autofree char *name = head_name_of(label);
    GPtrArray *ends = g_hash_table_lookup(branches, name);

    if (ends == NULL) {
        ends = g_ptr_array_new();
        g_hash_table_insert(branches, g_steal_pointer(&name), ends);
    }
    return ends;
}

GHashTable *
digest_branches(const Graph *graph)
{
    GHashTable *branches =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
    g_autoptr(GPtrArray) labels = branch_labels(graph);
    g_autoptr(GPtrArray) heads = graph_heads(graph);

    if (heads->len == 0)
        /* cppcheck-suppress leakReturnValNotUsed ; the table owns it */
        branch_ends(branches, "");
    for (guint i = 0; i < heads->len; i++) {
        const Revision *head = heads->pdata[i];
        g_ptr_array_add(branch_ends(branches, labels->pdata[head->index]), heads->pdata[i]);
    }
    for (guint i = graph_count(graph); i > 0; i--) {
        GPtrArray *ends = branch_ends(branches, labels->pdata[i - 1]);
        if (ends->len == 0)
            g_ptr_array_add(ends, (gpointer) graph_get(graph, i - 1));
    }
    return branches;
}

RevisionSet *
digest_built_upon(const Graph *graph, const DigestRecord *record)
{
    RevisionSet *set = revision_set_new(graph);

    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *revision = graph_get(graph, i);

        if (digest_record_sums(record, revision->id) == NULL)
            continue;
        for (guint k = 0; k < revision->revises->len; k++)
            revision_set_add(set, graph_find(graph, revision->revises->pdata[k]));
        for (guint k = 0; k < revision->requires->len; k++)
            revision_set_add(set, graph_required(graph, revision->requires->pdata[k]));
    }
    return set;
}
