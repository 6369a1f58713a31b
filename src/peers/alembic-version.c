#include "peers/alembic-version.h"

#include "base/error.h"

/* @set with all above it. */
static RevisionSet *
closure(const RevisionSet *set)
{
    RevisionSet *closed = revision_set_copy(set);

    revision_set_add_ancestors(closed, EDGE_ALL);
    return closed;
}

static RevisionSet *
above(const Graph *graph, const Revision *revision)
{
    RevisionSet *set = revision_set_new(graph);

    revision_set_add(set, revision);
    revision_set_add_ancestors(set, EDGE_ALL);
    revision_set_remove(set, revision);
    return set;
}

static void
append(GArray *changes, const Revision *from, const Revision *to)
{
    const VersionChange change = {from ? from->id : NULL, to ? to->id : NULL};

    g_array_append_val(changes, change);
}

static const Revision *
last_of(const GPtrArray *list)
{
    return list->len > 0 ? g_ptr_array_index(list, list->len - 1) : NULL;
}

/* All but the last of @replaced are deleted, and that becomes @revision. */
static GArray *
replace_rows(const GPtrArray *replaced, const Revision *revision)
{
    GArray *changes = g_array_new(false, false, sizeof(VersionChange));

    for (guint i = 0; i + 1 < replaced->len; i++)
        append(changes, g_ptr_array_index(replaced, i), NULL);
    append(changes, last_of(replaced), revision);
    return changes;
}

/* The other way round. */
static GArray *
restore_rows(const GPtrArray *restored, const Revision *revision)
{
    GArray *changes = g_array_new(false, false, sizeof(VersionChange));

    for (guint i = 0; i + 1 < restored->len; i++)
        append(changes, NULL, g_ptr_array_index(restored, i));
    append(changes, revision, last_of(restored));
    return changes;
}

bool
alembic_version_up(const Graph *graph, const RevisionSet *rows, const Revision *revision,
                   GArray **ret_changes, GError **error)
{
    g_autoptr(RevisionSet) applied = closure(rows);
    g_autoptr(RevisionSet) lacking = above(graph, revision);
    g_autoptr(RevisionSet) replaced = revision_set_copy(lacking);
    g_autoptr(GPtrArray) list = NULL;

    if (revision_set_has(applied, revision)) {
        *ret_changes = g_array_new(false, false, sizeof(VersionChange));
        return true;
    }
    revision_set_remove_all(lacking, applied);
    list = revision_set_list(lacking);
    if (list->len > 0)
        return error_set(error, ERROR_STATE, "it does not have %s, and %s comes after that",
                         last_of(list)->id, revision->id);
    revision_set_keep_all(replaced, rows);
    g_clear_pointer(&list, g_ptr_array_unref);
    list = revision_set_list(replaced);
    *ret_changes = replace_rows(list, revision);
    return true;
}

bool
alembic_version_down(const Graph *graph, const RevisionSet *rows, const Revision *revision,
                     GArray **ret_changes, GError **error)
{
    g_autoptr(RevisionSet) others = revision_set_copy(rows);
    g_autoptr(RevisionSet) freed = above(graph, revision), restored = NULL;
    g_autoptr(GPtrArray) list = NULL;

    revision_set_remove(others, revision);
    revision_set_add_ancestors(others, EDGE_ALL);
    if (revision_set_has(others, revision))
        return error_set(error, ERROR_STATE, "it has a row that comes after %s", revision->id);
    if (!revision_set_has(rows, revision)) {
        *ret_changes = g_array_new(false, false, sizeof(VersionChange));
        return true;
    }
    revision_set_remove_all(freed, others);
    restored = revision_set_heads(freed, EDGE_ALL);
    list = revision_set_list(restored);
    *ret_changes = restore_rows(list, revision);
    return true;
}
