#include "author/rebase.h"

#include <string.h>

#include "author/checkout.h"
#include "base/file.h"
#include "revision/digest.h"
#include "revision/target.h"

/* Who moves, and where to; NULL: not known yet. */
typedef struct {
    const Revision *from;
    const Revision *onto;
    char *conflict;
} Sides;

void
rebase_plan_free(RebasePlan *plan)
{
    if (plan == NULL)
        return;
    g_clear_pointer(&plan->moved, g_ptr_array_unref);
    g_clear_pointer(&plan->written, g_ptr_array_unref);
    g_free(plan->conflict);
    g_free(plan);
}

static bool
find_side(const Graph *graph, const char *path, const char *id, const Revision **ret_revision,
          GError **error)
{
    *ret_revision = graph_find(graph, id);
    if (*ret_revision != NULL)
        return true;
    error_set(error, ERROR_STATE, "'%s' names revision '%s', which no file holds", path, id);
    return error_hint(error, "Bring back the files of both sides, then run it again.");
}

/* The sides of the first conflict; both stay NULL if there is none. */
static bool
read_conflict(Sides *sides, const char *folder, const Graph *graph, GError **error)
{
    g_autoptr(GPtrArray) paths = digest_conflicts(folder);
    g_autofree char *ours = NULL, *theirs = NULL;
    const bool is_replaying = checkout_is_replaying(folder);

    if (paths->len == 0 || !digest_read_conflict(paths->pdata[0], &ours, &theirs))
        return true;
    sides->conflict = g_strdup(paths->pdata[0]);
    return find_side(graph, sides->conflict, is_replaying ? theirs : ours, &sides->from, error) &&
           find_side(graph, sides->conflict, is_replaying ? ours : theirs, &sides->onto, error);
}

/* The heads of the branch that @head ends. Element-type const Revision *. */
static GPtrArray *
heads_beside(const Graph *graph, const Revision *head)
{
    g_autoptr(GPtrArray) heads = graph_heads(graph);
    GPtrArray *beside = g_ptr_array_new();

    for (guint i = 0; i < heads->len; i++)
        if (strcmp(digest_branch(graph, heads->pdata[i]), digest_branch(graph, head)) == 0)
            g_ptr_array_add(beside, heads->pdata[i]);
    return beside;
}

static bool
refuse_choice(const GPtrArray *heads, GError **error)
{
    g_autoptr(GString) list = g_string_new(NULL), commands = g_string_new(NULL);

    for (guint i = 0; i < heads->len; i++) {
        const Revision *head = heads->pdata[i], *other = heads->pdata[i == 0 ? 1 : 0];
        g_string_append_printf(list, "%s'%s' (%s)", i > 0 ? ", " : "", head->id, head->title);
        g_string_append_printf(commands, "%s`sluice rebase %s --onto %s`", i > 0 ? ", " : "",
                               head->id, other->id);
    }
    error_set(error, ERROR_USAGE, "it cannot be told which of the heads moves: %s", list->str);
    return error_hint(error, "Move the one that is applied nowhere: %s.", commands->str);
}

/* The one branch with several heads. Element-type const Revision *; NULL on error. */
static GPtrArray *
forked_heads(const Graph *graph, GError **error)
{
    g_autoptr(GPtrArray) heads = graph_heads(graph);

    for (guint i = 0; i < heads->len; i++) {
        g_autoptr(GPtrArray) beside = heads_beside(graph, heads->pdata[i]);
        if (beside->len > 1)
            return g_steal_pointer(&beside);
    }
    error_set(error, ERROR_STATE, "there is nothing to rebase: each branch has one head");
    error_hint(error, "`sluice rebase REV --onto REV` moves a revision all the same.");
    return NULL;
}

/* No word, no conflict: two heads, one of them not applied or not the one to go onto. */
static bool
choose_from(Sides *sides, const Graph *graph, const RevisionSet *applied, GError **error)
{
    g_autoptr(GPtrArray) heads = forked_heads(graph, error);
    g_autoptr(GPtrArray) open = g_ptr_array_new();

    if (heads == NULL)
        return false;
    for (guint i = 0; i < heads->len; i++) {
        const Revision *head = heads->pdata[i];
        if (sides->onto ? head != sides->onto : applied && !revision_set_has(applied, head))
            g_ptr_array_add(open, heads->pdata[i]);
    }
    if (open->len != 1)
        return refuse_choice(heads, error);
    sides->from = open->pdata[0];
    return true;
}

/* The head that @from ends in may be below it. */
static bool
choose_onto(Sides *sides, const Graph *graph, GError **error)
{
    g_autoptr(GPtrArray) beside = heads_beside(graph, sides->from);
    g_autoptr(GPtrArray) others = g_ptr_array_new();

    g_assert(sides->from != NULL);
    for (guint i = 0; i < beside->len; i++)
        if (!graph_is_ancestor(graph, sides->from->id, ((const Revision *) beside->pdata[i])->id))
            g_ptr_array_add(others, beside->pdata[i]);
    if (others->len == 1) {
        sides->onto = others->pdata[0];
        return true;
    }
    error_set(error, others->len == 0 ? ERROR_STATE : ERROR_USAGE,
              others->len == 0 ? "there is no other head in the branch of '%s'"
                               : "there are several other heads in the branch of '%s'",
              sides->from->id);
    return error_hint(error, "Say where it goes: `sluice rebase %s --onto REV`.", sides->from->id);
}

/* What a word names instead of what the conflict says. */
static bool
find_word(const Graph *graph, const RevisionSet *applied, const char *word,
          const Revision **ret_revision, GError **error)
{
    if (!target_point(graph, applied, word, ret_revision, error))
        return false;
    if (*ret_revision == NULL)
        return error_set(error, ERROR_USAGE, "'%s' is no revision", word);
    return true;
}

static bool
find_sides(Sides *sides, const char *folder, const Graph *graph, const RevisionSet *applied,
           const char *word, const char *onto, GError **error)
{
    const Revision *wanted = NULL;

    if (!read_conflict(sides, folder, graph, error) ||
        (word && !find_word(graph, applied, word, &wanted, error)))
        return false;
    if (wanted && wanted == sides->onto)
        sides->onto = sides->from;
    if (wanted)
        sides->from = wanted;
    wanted = NULL;
    if (onto && !find_word(graph, applied, onto, &wanted, error))
        return false;
    if (wanted && wanted == sides->from && word == NULL)
        sides->from = sides->onto;
    if (wanted)
        sides->onto = wanted;
    return (sides->from || choose_from(sides, graph, applied, error)) &&
           (sides->onto || choose_onto(sides, graph, error));
}

/* @from, those of its branch above it, and all below them; less what @onto stands upon. */
static RevisionSet *
moved_set(const Graph *graph, const Sides *sides)
{
    RevisionSet *moved = revision_set_new(graph);
    g_autoptr(RevisionSet) kept = revision_set_new(graph);
    g_autoptr(GPtrArray) above = NULL;

    revision_set_add(kept, sides->onto);
    revision_set_add_ancestors(kept, EDGE_ALL);
    revision_set_add(moved, sides->from);
    revision_set_add_ancestors(moved, EDGE_REVISES);
    above = revision_set_list(moved);
    for (guint i = 0; i < above->len; i++)
        if (revision_set_has(kept, above->pdata[i]) ||
            strcmp(digest_branch(graph, above->pdata[i]), digest_branch(graph, sides->from)) != 0)
            revision_set_remove(moved, above->pdata[i]);
    revision_set_add_descendants(moved, EDGE_REVISES);
    revision_set_remove_all(moved, kept);
    return moved;
}

/* One that moves with a parent, or stands behind @onto already, keeps its line. */
static bool
keeps_parents(const Graph *graph, const RevisionSet *moved, const Revision *onto,
              const Revision *revision)
{
    g_autoptr(GPtrArray) parents = graph_parents(graph, revision);

    for (guint i = 0; i < parents->len; i++)
        if (revision_set_has(moved, parents->pdata[i]))
            return true;
    return parents->len == 1 && parents->pdata[0] == onto;
}

RebasePlan *
rebase_plan_new(const char *folder, const Graph *graph, const RevisionSet *applied,
                const char *word, const char *onto, GError **error)
{
    g_autoptr(RebasePlan) plan = g_new0(RebasePlan, 1);
    g_autoptr(RevisionSet) moved = NULL;
    Sides sides = {0};
    const bool found = find_sides(&sides, folder, graph, applied, word, onto, error);

    plan->conflict = sides.conflict;
    if (!found)
        return NULL;
    moved = moved_set(graph, &sides);
    plan->onto = sides.onto;
    plan->moved = revision_set_list(moved);
    g_assert(sides.from != NULL && sides.onto != NULL);
    plan->written = g_ptr_array_new();
    for (guint i = 0; i < plan->moved->len; i++)
        if (!keeps_parents(graph, moved, sides.onto, plan->moved->pdata[i]))
            g_ptr_array_add(plan->written, plan->moved->pdata[i]);
    if (plan->written->len == 0 && plan->conflict == NULL) {
        error_set(error, ERROR_STATE, "there is nothing to move: '%s' stands %s '%s' already",
                  sides.from->id, plan->moved->len > 0 ? "behind" : "above", sides.onto->id);
        return NULL;
    }
    return g_steal_pointer(&plan);
}

static bool
write_parent(const Revision *revision, const Revision *onto, GError **error)
{
    g_autofree char *text = file_read(revision->path, error);
    const char *const parents[] = {onto->id, NULL};
    g_autofree char *changed = text ? revision_text_revise(text, parents) : NULL;

    return changed != NULL && file_replace(revision->path, changed, error);
}

bool
rebase_run(const char *folder, const RebasePlan *plan, GError **error)
{
    g_autoptr(GPtrArray) changed = g_ptr_array_new();
    g_autoptr(Graph) graph = NULL;

    for (guint i = 0; i < plan->written->len; i++) {
        const Revision *revision = plan->written->pdata[i];
        if (!write_parent(revision, plan->onto, error))
            return false;
        g_ptr_array_add(changed, revision->id);
    }
    g_ptr_array_add(changed, NULL);
    graph = graph_load(folder, error);
    return graph != NULL &&
           digest_update(folder, graph, (const char *const *) changed->pdata, error);
}
