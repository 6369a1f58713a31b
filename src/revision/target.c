#include "revision/target.h"

#include <string.h>

#include "revision/target-word.h"

static void
add_list(RevisionSet *set, const GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++)
        revision_set_add(set, list->pdata[i]);
}

static RevisionSet *
set_of(const Graph *graph, const GPtrArray *list)
{
    RevisionSet *set = revision_set_new(graph);

    add_list(set, list);
    return set;
}

/* What is applied, and all that must have been before it. */
static RevisionSet *
close_upwards(const Graph *graph, const RevisionSet *applied)
{
    RevisionSet *closed = applied ? revision_set_copy(applied) : revision_set_new(graph);

    revision_set_add_ancestors(closed, EDGE_ALL);
    return closed;
}

static GPtrArray *
points_from_database(const TargetWord *word, GError **error)
{
    g_autoptr(RevisionSet) set = NULL, heads = NULL;
    g_autoptr(GPtrArray) steps = NULL;

    if (word->applied == NULL) {
        /* It refuses with what is missing. */
        return target_word_last(word, error);
    }
    set = close_upwards(word->graph, word->applied);
    steps = word->steps > 0 ? target_word_next(word, set, error) : target_word_last(word, error);
    if (steps == NULL)
        return NULL;
    if ((int) steps->len < word->steps) {
        error_set(error, ERROR_USAGE, "'%s' goes too far: there %s only %u below what is applied",
                  word->text, steps->len == 1 ? "is" : "are", steps->len);
        return NULL;
    }
    if (word->steps > 0) {
        g_autoptr(GPtrArray) last = g_ptr_array_new();
        g_ptr_array_add(last, steps->pdata[steps->len - 1]);
        return g_steal_pointer(&last);
    }
    g_clear_pointer(&set, revision_set_free);
    set = revision_set_copy(word->applied);
    for (guint i = 0; i < steps->len; i++)
        revision_set_remove(set, steps->pdata[i]);
    if (word->lineage)
        revision_set_keep_all(set, word->lineage);
    heads = revision_set_heads(set, EDGE_ALL);
    return revision_set_list(heads);
}

static GPtrArray *
word_points(const TargetWord *word, GError **error)
{
    g_autoptr(GPtrArray) points = NULL, left = NULL;
    const Revision *end = NULL;

    if (target_word_is_from_database(word))
        return points_from_database(word, error);
    if (word->steps == 0)
        return target_word_start(word, error);
    left = target_word_walk(word, &end, error);
    if (left == NULL)
        return NULL;
    points = g_ptr_array_new();
    if (end)
        g_ptr_array_add(points, (gpointer) end);
    return g_steal_pointer(&points);
}

/* Of one end of a range, or of a whole word: "current", "+2", "shop@-1". */
static bool
end_needs_database(const char *end)
{
    const char *at = strchr(end, '@');
    const char *name = at ? at + 1 : end;

    if (strcmp(name, "current") == 0)
        return true;
    if (g_str_has_prefix(name, "current"))
        name += strlen("current");
    return *name == '+' || *name == '-';
}

bool
target_needs_database(const char *word)
{
    g_auto(GStrv) ends = g_strsplit(word, ":", 2);

    for (char **end = ends; *end; end++)
        if (end_needs_database(*end))
            return true;
    return false;
}

GPtrArray *
target_points(const Graph *graph, const RevisionSet *applied, const char *text, GError **error)
{
    g_auto(TargetWord) word = {0};

    return target_word_parse(&word, graph, applied, text, error) ? word_points(&word, error) : NULL;
}

bool
target_point(const Graph *graph, const RevisionSet *applied, const char *text,
             const Revision **ret_revision, GError **error)
{
    g_autoptr(GPtrArray) points = target_points(graph, applied, text, error);
    g_autoptr(GString) ids = NULL;

    if (points == NULL)
        return false;
    if (points->len < 2) {
        *ret_revision = points->len ? points->pdata[0] : NULL;
        return true;
    }
    ids = g_string_new(NULL);
    for (guint i = 0; i < points->len; i++)
        g_string_append_printf(ids, "%s%s", i ? ", " : "",
                               ((const Revision *) points->pdata[i])->id);
    error_set(error, ERROR_USAGE, "'%s' stands for %u revisions, and one is wanted here: %s", text,
              points->len, ids->str);
    return error_hint(error, "Name the one that is meant.");
}

/* "A:B" into its two halves; false if there is no colon. */
static bool
split_range(const char *text, char **ret_from, char **ret_to)
{
    const char *colon = text ? strchr(text, ':') : NULL;

    if (colon == NULL)
        return false;
    *ret_from = g_strndup(text, (gsize) (colon - text));
    *ret_to = g_strdup(colon + 1);
    return true;
}

/* The state of a database that has @text and all above it. */
static RevisionSet *
state_at(const Graph *graph, const char *text, GError **error)
{
    g_autoptr(GPtrArray) points = target_points(graph, NULL, *text ? text : "base", error);
    RevisionSet *set = points ? set_of(graph, points) : NULL;

    if (set)
        revision_set_add_ancestors(set, EDGE_ALL);
    return set;
}

static GPtrArray *
upgrade_word(const TargetWord *word, GError **error)
{
    g_autoptr(RevisionSet) wanted = revision_set_new(word->graph);
    g_autoptr(GPtrArray) points = NULL;

    if (target_word_is_from_database(word)) {
        if (word->steps < 0) {
            error_set(error, ERROR_USAGE, "'%s' goes back", word->text);
            error_hint(error, "`sluice downgrade %s` undoes revisions.", word->text);
            return NULL;
        }
        if (word->applied == NULL)
            return target_word_last(word, error);
        revision_set_add_all(wanted, word->applied);
        revision_set_add_ancestors(wanted, EDGE_ALL);
        points = target_word_next(word, wanted, error);
    } else {
        points = word_points(word, error);
    }
    if (points == NULL)
        return NULL;
    add_list(wanted, points);
    revision_set_add_ancestors(wanted, EDGE_ALL);
    if (word->applied)
        revision_set_remove_all(wanted, word->applied);
    return revision_set_list(wanted);
}

GPtrArray *
target_upgrade(const Graph *graph, const RevisionSet *applied, const char *text, GError **error)
{
    g_auto(TargetWord) word = {0};
    g_autofree char *from = NULL, *to = NULL;
    g_autoptr(RevisionSet) begin = NULL;

    if (split_range(text, &from, &to)) {
        begin = state_at(graph, from, error);
        if (begin == NULL || !target_word_parse(&word, graph, begin, *to ? to : "heads", error))
            return NULL;
    } else if (!target_word_parse(&word, graph, applied, text, error)) {
        return NULL;
    }
    return upgrade_word(&word, error);
}

/* The points stay, and what is above them; all else below goes. With a label, only what is in the
 * branch, or hangs on it. */
static RevisionSet *
below_points(const TargetWord *word, const GPtrArray *points, GError **error)
{
    g_autoptr(RevisionSet) below = set_of(word->graph, points);
    g_autoptr(RevisionSet) kept = set_of(word->graph, points);
    g_autoptr(RevisionSet) within = NULL;

    for (guint i = 0; points->len == 0 && i < graph_count(word->graph); i++)
        revision_set_add(below, graph_get(word->graph, i));
    revision_set_add_descendants(below, EDGE_ALL);
    if (word->branch) {
        within = revision_set_copy(word->branch);
        revision_set_add_descendants(within, EDGE_ALL);
        revision_set_keep_all(below, within);
    }
    revision_set_add_ancestors(kept, EDGE_ALL);
    revision_set_remove_all(below, kept);
    revision_set_keep_all(below, word->applied);
    for (guint i = 0; revision_set_count(below) == 0 && i < points->len; i++) {
        const Revision *point = points->pdata[i];
        if (revision_set_has(word->applied, point))
            continue;
        error_set(error, ERROR_STATE, "revision '%s' is not applied, nor is anything below it",
                  point->id);
        error_hint(error, "`sluice upgrade %s` brings it.", point->id);
        return NULL;
    }
    return g_steal_pointer(&below);
}

/* Those of @list and all applied that is below them. */
static RevisionSet *
with_descendants(const TargetWord *word, const GPtrArray *list)
{
    RevisionSet *set = set_of(word->graph, list);

    revision_set_add_descendants(set, EDGE_ALL);
    revision_set_keep_all(set, word->applied);
    return set;
}

static RevisionSet *
downgrade_word(const TargetWord *word, GError **error)
{
    g_autoptr(GPtrArray) list = NULL;
    const Revision *end = NULL;

    if (target_word_is_from_database(word) && word->steps > 0) {
        error_set(error, ERROR_USAGE, "'%s' goes forward", word->text);
        error_hint(error, "`sluice upgrade %s` applies revisions.", word->text);
        return NULL;
    }
    if (target_word_is_from_database(word))
        list = target_word_last(word, error);
    else if (word->steps < 0)
        list = target_word_walk(word, &end, error);
    else
        list = word_points(word, error);
    if (list == NULL)
        return NULL;
    return word->steps < 0 ? with_descendants(word, list) : below_points(word, list, error);
}

GPtrArray *
target_downgrade(const Graph *graph, const RevisionSet *applied, const char *text, GError **error)
{
    g_auto(TargetWord) word = {0};
    g_autofree char *from = NULL, *to = NULL;
    g_autoptr(RevisionSet) begin = NULL, undone = NULL;
    GPtrArray *list;

    if (split_range(text, &from, &to)) {
        begin = state_at(graph, *from ? from : "heads", error);
        if (begin == NULL || !target_word_parse(&word, graph, begin, *to ? to : "base", error))
            return NULL;
    } else if (!target_word_parse(&word, graph, applied, text, error)) {
        return NULL;
    }
    undone = downgrade_word(&word, error);
    if (undone == NULL)
        return NULL;
    list = revision_set_list(undone);
    for (guint i = 0, k = list->len; i + 1 < k; i++, k--) {
        gpointer swapped = list->pdata[i];
        list->pdata[i] = list->pdata[k - 1];
        list->pdata[k - 1] = swapped;
    }
    return list;
}

/* One end of a range: it, and all below (above) it. Of base everything is below, nothing above. */
static RevisionSet *
range_end(const Graph *graph, const RevisionSet *applied, const char *text, bool is_from,
          GError **error)
{
    g_autoptr(GPtrArray) points = target_points(graph, applied,
                                                *text     ? text
                                                : is_from ? "base"
                                                          : "heads",
                                                error);
    RevisionSet *set = points ? set_of(graph, points) : NULL;

    if (set == NULL)
        return NULL;
    for (guint i = 0; is_from && points->len == 0 && i < graph_count(graph); i++)
        revision_set_add(set, graph_get(graph, i));
    if (is_from)
        revision_set_add_descendants(set, EDGE_REVISES);
    else
        revision_set_add_ancestors(set, EDGE_REVISES);
    return set;
}

GPtrArray *
target_range(const Graph *graph, const RevisionSet *applied, const char *text, GError **error)
{
    g_autofree char *from = NULL, *to = NULL;
    g_autoptr(RevisionSet) begin = NULL, end = NULL;

    if (!split_range(text && *text ? text : ":", &from, &to)) {
        error_set(error, ERROR_USAGE, "'%s' is no range", text);
        error_hint(error, "Write '%s:' for it and all below, ':%s' for it and all above.", text,
                   text);
        return NULL;
    }
    begin = range_end(graph, applied, from, true, error);
    end = begin ? range_end(graph, applied, to, false, error) : NULL;
    if (end == NULL)
        return NULL;
    revision_set_keep_all(begin, end);
    if (revision_set_count(begin) == 0 && revision_set_count(end) > 0 && *from && *to) {
        error_set(error, ERROR_USAGE, "'%s' is not below '%s'", to, from);
        error_hint(error, "A range goes from the older to the newer: '%s:%s'?", to, from);
        return NULL;
    }
    return revision_set_list(begin);
}
