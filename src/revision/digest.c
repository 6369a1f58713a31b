#include "revision/digest.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/file.h"
#include "revision/digest-record.h"
#include "revision/digest-tree.h"

static const char union_line[] = "SUMS merge=union";

bool
digest_is_kept(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)) != NULL)
        if (head_name_is(name))
            return true;
    return false;
}

bool
digest_read_conflict(const char *path, char **ret_ours, char **ret_theirs)
{
    g_autoptr(HeadLine) line = head_line_read(path);

    if (line->id == NULL || line->theirs == NULL)
        return false;
    *ret_ours = g_steal_pointer(&line->id);
    *ret_theirs = g_steal_pointer(&line->theirs);
    return true;
}

GPtrArray *
digest_conflicts(const char *folder)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_auto(DigestRecord) record = {0};
    GHashTableIter iter;
    gpointer name, line;

    digest_record_load(&record, folder);
    g_hash_table_iter_init(&iter, record.heads);
    while (g_hash_table_iter_next(&iter, &name, &line))
        if (((const HeadLine *) line)->theirs != NULL)
            g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
    g_ptr_array_sort(paths, digest_compare_text);
    return paths;
}

bool
digest_refuse_conflict(const Graph *graph, const char *folder, GError **error)
{
    g_autoptr(GPtrArray) heads = graph_heads(graph);
    g_autoptr(GPtrArray) conflicts = heads->len > 1 ? digest_conflicts(folder) : NULL;

    if (conflicts == NULL || conflicts->len == 0)
        return true;
    error_set(error, ERROR_STATE, "'%s' holds git's conflict marks: two people added a revision",
              (const char *) conflicts->pdata[0]);
    return error_hint(error, "`sluice rebase` puts yours behind the other, and settles the file.");
}

static bool
write_if_changed(const char *folder, const char *name, const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *before = file_read(path, NULL);

    if (before == NULL)
        return file_create(path, text, error);
    return strcmp(before, text) == 0 || file_replace(path, text, error);
}

/* Other attributes of the folder are somebody's, and stay. */
static bool
write_attributes(const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, ".gitattributes", NULL);
    g_autofree char *before = file_read(path, NULL);
    g_auto(GStrv) lines = g_strsplit(before ? before : "", "\n", -1);
    g_autofree char *text = NULL;

    for (char **line = lines; *line; line++)
        if (g_str_has_prefix(*line, "SUMS ") && strstr(*line, "merge=") != NULL)
            return true;
    text = g_strconcat(before ? before : "",
                       before && *before && !g_str_has_suffix(before, "\n") ? "\n" : "", union_line,
                       "\n", NULL);
    return write_if_changed(folder, ".gitattributes", text, error);
}

static bool
write_sums(const char *folder, const Graph *graph, const GPtrArray *sums, GError **error)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = NULL;

    for (guint i = 0; i < graph_count(graph); i++)
        g_ptr_array_add(lines, g_strdup_printf("%s %s\n", graph_get(graph, i)->id,
                                               (const char *) sums->pdata[i]));
    g_ptr_array_sort(lines, digest_compare_text);
    g_ptr_array_add(lines, NULL);
    text = g_strjoinv("", (char **) lines->pdata);
    return write_if_changed(folder, "SUMS", text, error);
}

static bool
write_head(const char *folder, const char *name, const Graph *graph, const GPtrArray *merkle,
           const Revision *head, GError **error)
{
    g_autofree char *digest = digest_above(graph, merkle, head);
    g_autofree char *text = g_strdup_printf("%s %s\n", head ? head->id : "base", digest);

    return write_if_changed(folder, name, text, error);
}

/* The HEAD files of branches that are gone; what only has such a name is not ours. */
static bool
remove_heads(const char *folder, const DigestRecord *record, GHashTable *branches, GError **error)
{
    GHashTableIter iter;
    gpointer name, line;

    g_hash_table_iter_init(&iter, record->heads);
    while (g_hash_table_iter_next(&iter, &name, &line)) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (g_hash_table_contains(branches, name) || ((const HeadLine *) line)->id == NULL)
            continue;
        if (g_unlink(path) != 0 && errno != ENOENT)
            return error_set(error, ERROR_CONFIG, "cannot remove '%s': %s", path,
                             g_strerror(errno));
    }
    return true;
}

static bool
write_all(const char *folder, const Graph *graph, const DigestRecord *record, const GPtrArray *sums,
          GError **error)
{
    g_autoptr(GPtrArray) merkle = digest_merkle(graph, sums);
    g_autoptr(GHashTable) branches = digest_branches(graph);
    GHashTableIter iter;
    gpointer name, value;

    if (!write_attributes(folder, error) || !write_sums(folder, graph, sums, error))
        return false;
    g_hash_table_iter_init(&iter, branches);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        const GPtrArray *heads = value;
        const Revision *head = heads->len > 0 ? heads->pdata[0] : NULL;

        if (heads->len < 2 && !write_head(folder, name, graph, merkle, head, error))
            return false;
    }
    return remove_heads(folder, record, branches, error);
}

static bool
refuse_heads(const char *name, const GPtrArray *heads, GError **error)
{
    g_autoptr(GString) list = g_string_new(NULL);

    for (guint i = 0; i < heads->len; i++)
        g_string_append_printf(list, "%s'%s'", i > 0 ? ", " : "",
                               ((const Revision *) heads->pdata[i])->id);
    error_set(error, ERROR_STATE, "%s names one revision, and its branch has %u heads: %s", name,
              heads->len, list->str);
    return error_hint(error, "`sluice rebase` puts one behind the other, `sluice merge` joins "
                             "them; a line `-- Branch: <label>` makes one a branch of its own.");
}

bool
digest_write(const char *folder, const Graph *graph, GError **error)
{
    g_auto(DigestRecord) record = {0};
    g_autoptr(GHashTable) branches = digest_branches(graph);
    g_autoptr(GPtrArray) sums = g_ptr_array_new_full(graph_count(graph), g_free);
    GHashTableIter iter;
    gpointer name, heads;

    g_hash_table_iter_init(&iter, branches);
    while (g_hash_table_iter_next(&iter, &name, &heads))
        if (((const GPtrArray *) heads)->len > 1)
            return refuse_heads(name, heads, error);
    for (guint i = 0; i < graph_count(graph); i++) {
        char *sum = digest_sum_file(graph_get(graph, i)->path, error);
        if (sum == NULL)
            return false;
        g_ptr_array_add(sums, sum);
    }
    digest_record_load(&record, folder);
    return write_all(folder, graph, &record, sums, error);
}

/* What is recorded of a revision that is history: also where its file says something else. Of
 * several sums the one that fits. */
static char *
recorded_sum(const GPtrArray *sums, const Revision *revision, GError **error)
{
    g_autofree char *actual = NULL;

    if (sums->len == 1)
        return g_strdup(sums->pdata[0]);
    actual = digest_sum_file(revision->path, error);
    if (actual == NULL)
        return NULL;
    if (g_ptr_array_find_with_equal_func((GPtrArray *) (guintptr) sums, actual, g_str_equal, NULL))
        return g_steal_pointer(&actual);
    return g_strdup(sums->pdata[0]);
}

bool
digest_update(const char *folder, const Graph *graph, const char *const *changed, GError **error)
{
    g_auto(DigestRecord) record = {0};
    g_autoptr(GPtrArray) sums = g_ptr_array_new_full(graph_count(graph), g_free);
    g_autoptr(RevisionSet) built_upon = NULL;

    digest_record_load(&record, folder);
    if (g_hash_table_size(record.heads) == 0)
        return true;
    built_upon = digest_built_upon(graph, &record);
    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *revision = graph_get(graph, i);
        const GPtrArray *known = digest_record_sums(&record, revision->id);
        const bool is_open = known == NULL || !revision_set_has(built_upon, revision) ||
                             (changed && g_strv_contains(changed, revision->id));
        char *sum =
            is_open ? digest_sum_file(revision->path, error) : recorded_sum(known, revision, error);

        if (sum == NULL)
            return false;
        g_ptr_array_add(sums, sum);
    }
    return write_all(folder, graph, &record, sums, error);
}
