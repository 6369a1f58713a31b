#include "revision/checkpoint.h"

#include <string.h>

#include "base/file.h"
#include "revision/digest-tree.h"

static const char id_word[] = "-- Checkpoint: ";
static const char digest_word[] = "-- Digest: ";

void
checkpoint_free(Checkpoint *checkpoint)
{
    if (checkpoint == NULL)
        return;
    g_free(checkpoint->path);
    g_free(checkpoint->id);
    g_free(checkpoint->digest);
    g_free(checkpoint->sql);
    g_free(checkpoint);
}

RevisionSet *
checkpoint_set(const Graph *graph, const Revision *revision)
{
    RevisionSet *set = revision_set_new(graph);

    revision_set_add(set, revision);
    revision_set_add_ancestors(set, EDGE_ALL);
    return set;
}

char *
checkpoint_digest(const Graph *graph, const Revision *revision, GError **error)
{
    g_autoptr(RevisionSet) set = checkpoint_set(graph, revision);
    g_autoptr(GPtrArray) sums = g_ptr_array_new_full(graph_count(graph), g_free);
    g_autoptr(GPtrArray) merkle = NULL;

    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *at = graph_get(graph, i);
        char *sum = revision_set_has(set, at) ? digest_sum_file(at->path, error) : g_strdup("");

        if (sum == NULL)
            return NULL;
        g_ptr_array_add(sums, sum);
    }
    merkle = digest_merkle(graph, sums);
    return g_strdup(merkle->pdata[revision->index]);
}

/* The rest of the header's line that begins with @word; NULL if there is none. Caller owns. */
static char *
header_value(const char *text, const char *word)
{
    for (const char *line = text; g_str_has_prefix(line, "--"); line++) {
        if (g_str_has_prefix(line, word))
            return g_strstrip(g_strndup(line + strlen(word), strcspn(line + strlen(word), "\n")));
        line = strchrnul(line, '\n');
        if (*line == '\0')
            break;
    }
    return NULL;
}

static Checkpoint *
read_one(const char *path, const Graph *graph, GError **error)
{
    g_autoptr(Checkpoint) checkpoint = g_new0(Checkpoint, 1);
    g_autofree char *now = NULL;

    checkpoint->path = g_strdup(path);
    checkpoint->sql = file_read(path, error);
    if (checkpoint->sql == NULL)
        return NULL;
    checkpoint->id = header_value(checkpoint->sql, id_word);
    checkpoint->digest = header_value(checkpoint->sql, digest_word);
    if (checkpoint->id == NULL || checkpoint->digest == NULL) {
        error_set_at(error, ERROR_CONFIG, (Place){path, 1, 1},
                     "a checkpoint begins with `%s<id>` and `%s<sha256>`", id_word, digest_word);
        error_hint(error, "Make it with `sluice squash`, or delete the file.");
        return NULL;
    }
    checkpoint->revision = graph_find(graph, checkpoint->id);
    if (checkpoint->revision != NULL) {
        now = checkpoint_digest(graph, checkpoint->revision, error);
        if (now == NULL)
            return NULL;
    }
    checkpoint->is_stale = g_strcmp0(now, checkpoint->digest) != 0;
    return g_steal_pointer(&checkpoint);
}

GPtrArray *
checkpoint_load_all(const char *folder, const Graph *graph, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify) checkpoint_free);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *below = g_build_filename(folder, "checkpoints", NULL);
    g_autoptr(GDir) dir = g_dir_open(below, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)) != NULL)
        if (name[0] != '.' && g_str_has_suffix(name, ".sql"))
            g_ptr_array_add(paths, g_build_filename(below, name, NULL));
    g_ptr_array_sort(paths, digest_compare_text);
    for (guint i = 0; i < paths->len; i++) {
        Checkpoint *checkpoint = read_one(paths->pdata[i], graph, error);
        if (checkpoint == NULL)
            return NULL;
        g_ptr_array_add(all, checkpoint);
    }
    return g_steal_pointer(&all);
}

const Checkpoint *
checkpoint_select(const GPtrArray *checkpoints, const Graph *graph, const RevisionSet *wanted)
{
    const Checkpoint *best = NULL;
    guint best_count = 0;

    for (guint i = 0; i < checkpoints->len; i++) {
        const Checkpoint *checkpoint = checkpoints->pdata[i];
        g_autoptr(RevisionSet) outside = NULL;
        guint count;

        if (checkpoint->is_stale)
            continue;
        outside = checkpoint_set(graph, checkpoint->revision);
        count = revision_set_count(outside);
        revision_set_remove_all(outside, wanted);
        if (revision_set_count(outside) > 0 || count <= best_count)
            continue;
        best = checkpoint;
        best_count = count;
    }
    return best;
}

bool
checkpoint_write(const char *folder, const Graph *graph, const Revision *revision,
                 const char *created, const char *sql, char **ret_path, GError **error)
{
    g_autofree char *name = g_strconcat(revision->id, ".sql", NULL);
    g_autofree char *below = g_build_filename(folder, "checkpoints", NULL);
    g_autofree char *path = g_build_filename(below, name, NULL);
    g_autofree char *digest = checkpoint_digest(graph, revision, error);
    g_autofree char *text = NULL;

    if (digest == NULL || !file_make_folder(below, 0777, error))
        return false;
    text = g_strdup_printf("%s%s\n%s%s\n-- Created: %s\n-- What a new database gets in place of "
                           "%s and all above it; made by `sluice squash`.\n\n%s",
                           id_word, revision->id, digest_word, digest, created, revision->id, sql);
    if (!(g_file_test(path, G_FILE_TEST_EXISTS) ? file_replace(path, text, error)
                                                : file_create(path, text, error)))
        return false;
    *ret_path = g_steal_pointer(&path);
    return true;
}
