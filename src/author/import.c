#include "author/import.h"

#include <string.h>

#include "author/import-text.h"
#include "base/fault.h"
#include "base/file.h"
#include "revision/digest.h"
#include "revision/graph.h"

static void
imported_file_free(ImportedFile *written)
{
    g_free(written->path);
    g_free(written);
}

static bool
check_unique(const History *history, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < history->revisions->len; i++) {
        PeerRevision *revision = g_ptr_array_index(history->revisions, i);
        const PeerRevision *other = g_hash_table_lookup(seen, revision->id);

        if (other != NULL) {
            error_set(error, ERROR_CONFIG, "'%s' and '%s' are both revision '%s'", other->source,
                      revision->source, revision->id);
            return error_hint(error, "Give one of them another version, and import again.");
        }
        g_hash_table_insert(seen, revision->id, revision);
    }
    return true;
}

static bool
is_known(const History *history, const Graph *graph, const char *word, bool labels)
{
    if (graph_find(graph, word) != NULL || (labels && graph_find_label(graph, word) != NULL))
        return true;
    for (guint i = 0; i < history->revisions->len; i++) {
        const PeerRevision *revision = g_ptr_array_index(history->revisions, i);

        if (strcmp(revision->id, word) == 0 ||
            (labels && g_ptr_array_find_with_equal_func(revision->labels, word, g_str_equal, NULL)))
            return true;
    }
    return false;
}

static bool
check_known(const History *history, const Graph *graph, const PeerRevision *revision,
            const GPtrArray *words, bool labels, GError **error)
{
    for (guint i = 0; i < words->len; i++) {
        const char *word = g_ptr_array_index(words, i);

        if (is_known(history, graph, word, labels))
            continue;
        error_set(error, ERROR_CONFIG, "'%s' builds on '%s', which no file holds", revision->source,
                  word);
        return error_hint(error, "Fetch the missing file, or correct the id.");
    }
    return true;
}

/* A chain goes on behind the folder's head; with several, behind the last that came before. */
static bool
begin_chain(const History *history, const Graph *graph, char **ret_previous, GError **error)
{
    g_autoptr(GPtrArray) heads = graph_heads(graph);
    const Revision *last = NULL;

    if (heads->len == 1)
        last = g_ptr_array_index(heads, 0);
    for (guint i = history->revisions->len; i-- > 0 && heads->len > 1 && last == NULL;) {
        const PeerRevision *revision = g_ptr_array_index(history->revisions, i);

        last = graph_find(graph, revision->id);
    }
    if (heads->len > 1 && last == NULL) {
        error_set(error, ERROR_STATE, "the folder of revisions has %u heads", heads->len);
        return error_hint(error, "Join them with `sluice merge heads`, then import.");
    }
    *ret_previous = last ? g_strdup(last->id) : NULL;
    return true;
}

static void
link_chain(History *history, const Graph *graph, const char *previous)
{
    for (guint i = 0; i < history->revisions->len; i++) {
        PeerRevision *revision = g_ptr_array_index(history->revisions, i);

        if (graph_find(graph, revision->id) != NULL)
            continue;
        g_ptr_array_set_size(revision->revises, 0);
        if (previous != NULL)
            g_ptr_array_add(revision->revises, g_strdup(previous));
        previous = revision->id;
    }
}

static bool
link_history(History *history, const Graph *graph, GError **error)
{
    g_autofree char *previous = NULL;

    if (history->chain) {
        if (!begin_chain(history, graph, &previous, error))
            return false;
        link_chain(history, graph, previous);
    }
    for (guint i = 0; i < history->revisions->len; i++) {
        const PeerRevision *revision = g_ptr_array_index(history->revisions, i);

        if (!check_known(history, graph, revision, revision->revises, false, error) ||
            !check_known(history, graph, revision, revision->requires, true, error))
            return false;
    }
    return true;
}

static bool
says_the_same(const Revision *old, const Revision *new)
{
    static const SectionKind kinds[] = {SECTION_EXPAND, SECTION_DOWNGRADE};

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *was = revision_checksum(old, kinds[i]);
        g_autofree char *is = revision_checksum(new, kinds[i]);

        if (g_strcmp0(was, is) != 0)
            return false;
    }
    return true;
}

static ImportedFile *
write_revision(const ImportRequest *request, History *history, const Graph *graph,
               PeerRevision *revision, GError **error)
{
    const Revision *known = graph_find(graph, revision->id);
    g_autofree char *name = import_text_name(request, revision, error);
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    g_autoptr(Revision) made = NULL;
    ImportOutcome outcome = IMPORT_ADDED;
    ImportedFile *written;

    if (name == NULL)
        return NULL;
    path = known ? g_strdup(known->path) : g_build_filename(request->folder, name, NULL);
    made = import_text_revision(request, history, revision, path, &text, error);
    if (made == NULL)
        return NULL;
    if (known != NULL) {
        g_autoptr(Revision) old = revision_read(path, false, error);

        if (old == NULL)
            return NULL;
        outcome = says_the_same(old, made) ? IMPORT_KEPT : IMPORT_EDITED;
    } else if (!request->dry_run) {
        if (!file_create(path, text, error))
            return NULL;
        FAULT_POINT("import-file");
    }
    written = g_new(ImportedFile, 1);
    *written = (ImportedFile){revision, outcome, g_steal_pointer(&path)};
    return written;
}

/* What is there already was told when it came. */
static void
drop_known_findings(History *history, const Graph *graph)
{
    for (guint i = history->findings->len; i-- > 0;) {
        const PeerFinding *finding = g_ptr_array_index(history->findings, i);

        if (finding->revision != NULL && graph_find(graph, finding->revision) != NULL)
            g_ptr_array_remove_index(history->findings, i);
    }
}

/* Also where all was there already: an import that was killed goes on here. */
static bool
update_digests(const char *folder, GError **error)
{
    g_autoptr(Graph) graph = NULL;

    if (!digest_is_kept(folder))
        return true;
    graph = graph_load(folder, error);
    return graph != NULL && digest_update(folder, graph, NULL, error);
}

GPtrArray *
import_history(const ImportRequest *request, History *history, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify) imported_file_free);
    g_autoptr(Graph) graph = NULL;

    if (!file_make_folder(request->folder, 0777, error))
        return NULL;
    graph = graph_load(request->folder, error);
    if (graph == NULL || !check_unique(history, error) || !link_history(history, graph, error))
        return NULL;
    for (guint i = 0; i < history->revisions->len; i++) {
        ImportedFile *written = write_revision(request, history, graph,
                                               g_ptr_array_index(history->revisions, i), error);

        if (written == NULL)
            return NULL;
        g_ptr_array_add(all, written);
    }
    drop_known_findings(history, graph);
    if (!request->dry_run && !update_digests(request->folder, error))
        return NULL;
    return g_steal_pointer(&all);
}
