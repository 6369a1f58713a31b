#include "revision/target-word.h"

#include <stdlib.h>
#include <string.h>

#include "revision/edges.h"

enum { PREFIX_LEAST = 4 };

static bool
has_prefix(const Graph *graph, const char *prefix)
{
    for (guint i = 0; i < graph_count(graph) && strlen(prefix) >= PREFIX_LEAST; i++)
        if (g_str_has_prefix(graph_get(graph, i)->id, prefix))
            return true;
    return false;
}

static bool
find_prefix(const Graph *graph, const char *name, const Revision **ret_revision, GError **error)
{
    g_autoptr(GString) matches = g_string_new(NULL);
    const char *nearest;
    guint count = 0;

    for (guint i = 0; i < graph_count(graph) && strlen(name) >= PREFIX_LEAST; i++) {
        const Revision *revision = graph_get(graph, i);

        if (!g_str_has_prefix(revision->id, name))
            continue;
        *ret_revision = revision;
        g_string_append_printf(matches, "%s%s", count++ > 0 ? ", " : "", revision->id);
    }
    if (count == 1)
        return true;
    if (count > 1) {
        error_set(error, ERROR_USAGE, "'%s' fits %u revisions: %s", name, count, matches->str);
        return error_hint(error, "Give more of the id.");
    }
    error_set(error, ERROR_USAGE, "there is no revision '%s'", name);
    nearest = graph_nearest(graph, name);
    return nearest ? error_hint(error, "Did you mean '%s'?", nearest)
                   : error_hint(error, "`sluice history` lists them; give an id, the first 4 or "
                                       "more characters of one, a branch label, 'head' or 'base'.");
}

static bool
find_named(const Graph *graph, const char *name, const Revision **ret_revision, GError **error)
{
    const Revision *exact = graph_find(graph, name);

    if (exact == NULL)
        exact = graph_find_label(graph, name);
    if (exact == NULL)
        return find_prefix(graph, name, ret_revision, error);
    *ret_revision = exact;
    return true;
}

/* Where the digits of a final "+2" begin with their sign; NULL if there are none. */
static const char *
find_steps(const char *text)
{
    const char *c = text + strlen(text);

    while (c > text && g_ascii_isdigit(c[-1]))
        c--;
    return *c && c > text && (c[-1] == '+' || c[-1] == '-') ? c - 1 : NULL;
}

/* An id may end like "-2" itself, so what names a revision as a whole comes first. */
static void
split_steps(TargetWord *word, const char *rest)
{
    const char *sign = find_steps(rest);
    const bool whole = graph_find(word->graph, rest) || graph_find_label(word->graph, rest) ||
                       has_prefix(word->graph, rest);

    if (whole || sign == NULL) {
        word->name = g_strdup(rest);
        return;
    }
    word->name = g_strndup(rest, (gsize) (sign - rest));
    word->steps = (int) CLAMP(strtol(sign, NULL, 10), -G_MAXINT, G_MAXINT);
}

static bool
find_branch(TargetWord *word, const char *label, GError **error)
{
    const Revision *labelled = NULL;

    if (*label == '\0') {
        error_set(error, ERROR_USAGE, "'%s' names no branch before its '@'", word->text);
        return error_hint(error, "Write LABEL@head, or the id of a revision before the '@'.");
    }
    word->label = g_strdup(label);
    if (!find_named(word->graph, label, &labelled, error))
        return false;
    word->branch = graph_branch(word->graph, labelled);
    word->lineage = revision_set_new(word->graph);
    revision_set_add(word->lineage, labelled);
    revision_set_add_ancestors(word->lineage, EDGE_REVISES);
    revision_set_add_all(word->lineage, word->branch);
    return true;
}

bool
target_word_parse(TargetWord *word, const Graph *graph, const RevisionSet *applied,
                  const char *text, GError **error)
{
    const char *at = strchr(text, '@');
    g_autofree char *label = at ? g_strndup(text, (gsize) (at - text)) : NULL;
    const char *rest = at ? at + 1 : text;

    *word = (TargetWord){.graph = graph, .applied = applied, .text = text};
    if (strchr(text, ':')) {
        error_set(error, ERROR_USAGE, "'%s' is a range, and one place is wanted here", text);
        return error_hint(error, "Give one revision: an id, LABEL@head, 'head' or 'base'.");
    }
    if (label && !find_branch(word, label, error))
        return false;
    if (label && *rest == '\0') {
        error_set(error, ERROR_USAGE, "'%s' names nothing behind its '@'", text);
        return error_hint(error, "Write '%shead', '%sbase' or '%s+1'.", text, text, text);
    }
    split_steps(word, rest);
    return true;
}

void
target_word_clear(TargetWord *word)
{
    g_free(word->label);
    g_free(word->name);
    revision_set_free(word->branch);
    revision_set_free(word->lineage);
    *word = (TargetWord){0};
}

bool
target_word_is_from_database(const TargetWord *word)
{
    return *word->name == '\0' && find_steps(word->text) != NULL;
}

static bool
require_applied(const TargetWord *word, GError **error)
{
    if (word->applied)
        return true;
    error_set(error, ERROR_USAGE, "'%s' asks what a database has, and there is none to ask here",
              word->text);
    return error_hint(error, "Give an id, LABEL@head, 'head' or 'base'.");
}

static void
keep_within(GPtrArray *list, const RevisionSet *within)
{
    for (guint i = list->len; within && i-- > 0;)
        if (!revision_set_has(within, list->pdata[i]))
            g_ptr_array_remove_index(list, i);
}

/* "REV+1": how the steps that are left look behind a revision. Nothing for none. Caller owns. */
static char *
behind(const Revision *revision, int steps)
{
    return steps ? g_strdup_printf("%s%+d", revision->id, steps) : g_strdup(revision->id);
}

static char *
join_or(const GPtrArray *words)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < words->len; i++)
        g_string_append_printf(text, "%s%s",
                               i == 0               ? ""
                               : i + 1 < words->len ? ", "
                                                    : " or ",
                               (const char *) words->pdata[i]);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* "'REV+1' is ambiguous: use a, b or c": each of @list with @steps behind it. */
static bool
refuse_ambiguous(const TargetWord *word, const GPtrArray *list, int steps, const char *why,
                 GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *choice = NULL;

    for (guint i = 0; i < list->len; i++)
        g_ptr_array_add(words, behind(list->pdata[i], steps));
    choice = join_or(words);
    return error_set(error, ERROR_USAGE, "'%s' is ambiguous, %s: use %s", word->text, why, choice);
}

static GPtrArray *
find_current(const TargetWord *word, GError **error)
{
    g_autoptr(RevisionSet) had = NULL, heads = NULL;

    if (!require_applied(word, error))
        return NULL;
    had = revision_set_copy(word->applied);
    if (word->lineage)
        revision_set_keep_all(had, word->lineage);
    heads = revision_set_heads(had, EDGE_ALL);
    return revision_set_list(heads);
}

GPtrArray *
target_word_start(const TargetWord *word, GError **error)
{
    g_autoptr(GPtrArray) list = NULL;
    const Revision *named = NULL;

    if (strcmp(word->name, "base") == 0)
        return g_ptr_array_new();
    if (strcmp(word->name, "current") == 0)
        return find_current(word, error);
    if (strcmp(word->name, "head") == 0 || strcmp(word->name, "heads") == 0) {
        list = graph_heads(word->graph);
        keep_within(list, word->lineage);
        if (list->len > 1 && strcmp(word->name, "head") == 0 &&
            !refuse_ambiguous(word, list, word->steps, "there are several heads", error)) {
            error_hint(error, "'heads' stands for all of them; `sluice merge` makes them one.");
            return NULL;
        }
        return g_steal_pointer(&list);
    }
    if (!find_named(word->graph, word->name, &named, error))
        return NULL;
    g_assert(named != NULL);
    if (word->lineage && !revision_set_has(word->lineage, named)) {
        error_set(error, ERROR_USAGE, "revision '%s' is not in the branch '%s'", named->id,
                  word->label);
        error_hint(error, "`sluice branches` shows what belongs together.");
        return NULL;
    }
    list = g_ptr_array_new();
    g_ptr_array_add(list, (gpointer) named);
    return g_steal_pointer(&list);
}

/* One step on from @at (NULL: base) in the direction of the steps. */
static GPtrArray *
step_from(const TargetWord *word, const Revision *at)
{
    GPtrArray *list;

    if (word->steps < 0)
        list = at ? graph_parents(word->graph, at) : g_ptr_array_new();
    else
        list = at ? graph_children(word->graph, at) : graph_bases(word->graph);
    keep_within(list, word->lineage);
    return list;
}

static bool
refuse_too_far(const TargetWord *word, int gone, GError **error)
{
    const bool down = word->steps > 0;

    error_set(error, ERROR_USAGE, "'%s' goes too far: there %s %d %s '%s'", word->text,
              gone == 1 ? "is only" : "are only", gone, down ? "below" : "from the first to",
              word->name);
    return error_hint(error, down ? "'head' or LABEL@head is the last there is."
                                  : "'base' is before the first.");
}

GPtrArray *
target_word_walk(const TargetWord *word, const Revision **ret_end, GError **error)
{
    g_autoptr(GPtrArray) start = target_word_start(word, error);
    g_autoptr(GPtrArray) left = g_ptr_array_new();
    const int count = ABS(word->steps), sign = word->steps < 0 ? -1 : 1;
    const Revision *at;

    if (start == NULL)
        return NULL;
    if (start->len > 1 &&
        !refuse_ambiguous(word, start, word->steps, "it begins at several revisions", error))
        return NULL;
    at = start->len ? start->pdata[0] : NULL;
    for (int gone = 0; gone < count; gone++) {
        g_autoptr(GPtrArray) next = step_from(word, at);

        if (next->len > 1) {
            refuse_ambiguous(word, next, sign * (count - gone - 1),
                             sign < 0 ? "there are several parents" : "there are several children",
                             error);
            return NULL;
        }
        if (next->len == 0 && (sign > 0 || at == NULL)) {
            refuse_too_far(word, gone, error);
            return NULL;
        }
        if (at)
            g_ptr_array_add(left, (gpointer) at);
        at = next->len ? next->pdata[0] : NULL;
    }
    *ret_end = at;
    return g_steal_pointer(&left);
}

/* A label whose branch has @revision and none other of @list; NULL if there is none. Borrowed. */
static const char *
find_label_of(const Graph *graph, const GPtrArray *list, const Revision *revision)
{
    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *labelled = graph_get(graph, i);
        g_autoptr(RevisionSet) branch =
            labelled->labels->len ? graph_branch(graph, labelled) : NULL;
        guint others = 0;

        if (branch == NULL || !revision_set_has(branch, revision))
            continue;
        for (guint k = 0; k < list->len; k++)
            others += list->pdata[k] != revision && revision_set_has(branch, list->pdata[k]);
        if (others == 0)
            return labelled->labels->pdata[0];
    }
    return NULL;
}

/* Those of which @word could mean each: LABEL@+N where a label tells them apart, else REV+N with
 * the @steps that are left. @is_first: nothing was counted yet, so a label may count all. */
static bool
refuse_choice(const TargetWord *word, const GPtrArray *list, int steps, bool is_first,
              GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *choice = NULL;

    for (guint i = 0; i < list->len; i++) {
        const char *label = is_first ? find_label_of(word->graph, list, list->pdata[i]) : NULL;
        g_ptr_array_add(words, label ? g_strdup_printf("%s@%+d", label, word->steps)
                                     : behind(list->pdata[i], steps));
    }
    choice = join_or(words);
    return error_set(error, ERROR_USAGE, "'%s' is ambiguous: use %s", word->text, choice);
}

/* Counts of each revision its edges (@edges, of any kind) to others of @open. */
static guint *
count_waits(const Graph *graph, const Edges *edges, const RevisionSet *open)
{
    guint *waits = g_new0(guint, graph_count(graph));

    for (guint i = 0; i < graph_count(graph); i++)
        for (guint k = edges->starts[i]; k < edges->starts[i + 1]; k++)
            waits[i] += revision_set_has(open, graph_get(graph, edges->edges[k].to));
    return waits;
}

/* Takes from @open one after the other that waits for no other of it, until there are @count or
 * none is left. @towards: the edges over which they wait. ERROR_USAGE where there is a choice. */
static GPtrArray *
peel(const TargetWord *word, const RevisionSet *open, const Edges *towards, const Edges *back,
     GError **error)
{
    const int count = ABS(word->steps), sign = word->steps < 0 ? -1 : 1;
    g_autofree guint *waits = count_waits(word->graph, towards, open);
    g_autoptr(GPtrArray) ready = g_ptr_array_new(), taken = g_ptr_array_new();
    g_autoptr(GPtrArray) all = revision_set_list(open);

    for (guint i = 0; i < all->len; i++)
        if (waits[((const Revision *) all->pdata[i])->index] == 0)
            g_ptr_array_add(ready, all->pdata[i]);
    while ((int) taken->len < count && ready->len > 0) {
        const Revision *at = ready->pdata[0];

        if (ready->len > 1) {
            const int left = count - (int) taken->len;
            refuse_choice(word, ready, sign > 0 ? left - 1 : -left, taken->len == 0, error);
            return NULL;
        }
        g_ptr_array_set_size(ready, 0);
        g_ptr_array_add(taken, (gpointer) at);
        for (guint k = back->starts[at->index]; k < back->starts[at->index + 1]; k++) {
            const Revision *freed = graph_get(word->graph, back->edges[k].to);
            if (revision_set_has(open, freed) && --waits[freed->index] == 0)
                g_ptr_array_add(ready, (gpointer) freed);
        }
    }
    return g_steal_pointer(&taken);
}

GPtrArray *
target_word_next(const TargetWord *word, const RevisionSet *done, GError **error)
{
    g_autoptr(RevisionSet) open = revision_set_new(word->graph);

    for (guint i = 0; i < graph_count(word->graph); i++) {
        const Revision *revision = graph_get(word->graph, i);
        if (!revision_set_has(done, revision) &&
            (word->lineage == NULL || revision_set_has(word->lineage, revision)))
            revision_set_add(open, revision);
    }
    return peel(word, open, graph_edges_above(word->graph), graph_edges_below(word->graph), error);
}

/* @applied: how many there are where the word wants more. */
static bool
fail_short(const TargetWord *word, guint applied, GError **error)
{
    if (applied == 0) {
        error_set(error, ERROR_STATE, "'%s' goes too far: nothing%s%s is applied", word->text,
                  word->label ? " of " : "", word->label ? word->label : "");
        return error_hint(error, "`sluice status` shows what the database has.");
    }
    error_set(error, ERROR_STATE, "'%s' goes too far: only %u %s applied", word->text, applied,
              applied == 1 ? "revision is" : "revisions are");
    return error_hint(error,
                      word->label ? "`sluice downgrade %s@base` undoes the whole branch."
                                  : "`sluice downgrade base` undoes everything.",
                      word->label);
}

GPtrArray *
target_word_last(const TargetWord *word, GError **error)
{
    g_autoptr(RevisionSet) open = NULL;
    g_autoptr(GPtrArray) taken = NULL;

    if (!require_applied(word, error))
        return NULL;
    open = revision_set_copy(word->applied);
    if (word->branch)
        revision_set_keep_all(open, word->branch);
    taken = peel(word, open, graph_edges_below(word->graph), graph_edges_above(word->graph), error);
    if (taken != NULL && (int) taken->len < -word->steps) {
        fail_short(word, taken->len, error);
        return NULL;
    }
    return g_steal_pointer(&taken);
}
