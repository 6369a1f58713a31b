#include "author/create.h"

#include <glib/gstdio.h>
#include <string.h>

#include "author/name.h"
#include "author/skeleton.h"
#include "base/file.h"
#include "revision/digest.h"
#include "revision/target.h"

enum { ID_MAX = 64, ID_TRIES = 100 };

static const char refused_in_id[] = "@:+,/\\ \t\r\n";

/* What a request comes to, in the graph as it is. */
typedef struct {
    const CreateRequest *request;
    Graph *graph;
    GPtrArray *parents;  /* const Revision * */
    GPtrArray *ids;      /* char *: theirs */
    GPtrArray *labels;   /* char * */
    GPtrArray *requires; /* char *: lines of the header */
    char *id;
} Creation;

static void
creation_clear(Creation *creation)
{
    g_clear_pointer(&creation->graph, graph_free);
    g_clear_pointer(&creation->parents, g_ptr_array_unref);
    g_clear_pointer(&creation->ids, g_ptr_array_unref);
    g_clear_pointer(&creation->labels, g_ptr_array_unref);
    g_clear_pointer(&creation->requires, g_ptr_array_unref);
    g_free(creation->id);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Creation, creation_clear)

static char *
random_id(const Clock *clock)
{
    const unsigned high = (unsigned) (clock->random(clock->data) * (1 << 24));
    const unsigned low = (unsigned) (clock->random(clock->data) * (1 << 24));

    return g_strdup_printf("%06x%06x", high, low);
}

static bool
check_word(const char *what, const char *word, GError **error)
{
    static const char *const taken[] = {"head", "heads", "base", "current", NULL};

    if (*word != '\0' && !strpbrk(word, refused_in_id) && strlen(word) <= ID_MAX &&
        !g_strv_contains(taken, word) && *word != '-' && *word != '(')
        return true;
    error_set(error, ERROR_USAGE, "'%s' cannot be a %s", word, what);
    return error_hint(error,
                      "It has 1 to %d bytes, none of them a blank or one of @ : + , / \\, does not "
                      "begin with '-' or '(', and is not head, heads, base or current.",
                      ID_MAX);
}

static bool
choose_id(Creation *creation, GError **error)
{
    const char *wanted = creation->request->id;
    const Revision *other;

    for (int i = 0; wanted == NULL && i < ID_TRIES; i++) {
        g_autofree char *id = random_id(creation->request->clock);
        if (graph_find(creation->graph, id) == NULL) {
            creation->id = g_steal_pointer(&id);
            return true;
        }
    }
    if (wanted == NULL)
        return error_set(error, ERROR_INTERNAL, "no free revision id was found");
    if (!check_word("revision id", wanted, error))
        return false;
    other = graph_find(creation->graph, wanted);
    if (other)
        return error_set(error, ERROR_STATE, "revision '%s' exists already: '%s'", wanted,
                         other->path);
    creation->id = g_strdup(wanted);
    return true;
}

static bool
check_title(const char *title, GError **error)
{
    g_autofree char *stripped = g_strstrip(g_strdup(title));

    if (*stripped == '\0' || strpbrk(title, "\r\n") || !g_utf8_validate(title, -1, NULL)) {
        error_set(error, ERROR_USAGE, "the title must be one line of text");
        return error_hint(error, "sluice revision -m \"users display name\"");
    }
    return true;
}

/* How `--head` names @head: by its branch, if it has one of its own. */
static void
append_head_word(GString *out, const Graph *graph, const Revision *head)
{
    const char *label = digest_branch(graph, head);

    g_string_append_printf(out, "%s`--head %s%s`", out->len ? ", " : "", *label ? label : head->id,
                           *label ? "@head" : "");
}

static bool
refuse_heads(const Graph *graph, const GPtrArray *heads, GError **error)
{
    g_autoptr(GString) list = g_string_new(NULL), words = g_string_new(NULL);

    for (guint i = 0; i < heads->len; i++) {
        const Revision *head = heads->pdata[i];
        g_string_append_printf(list, "%s'%s' (%s)", i > 0 ? ", " : "", head->id, head->title);
        append_head_word(words, graph, head);
    }
    error_set(error, ERROR_STATE, "there are %u heads: %s", heads->len, list->str);
    return error_hint(error, "Say which one it revises (%s), or join them with `sluice merge`.",
                      words->str);
}

static bool
check_is_head(const Creation *creation, const Revision *parent, GError **error)
{
    g_autoptr(GPtrArray) children = graph_children(creation->graph, parent);
    const Revision *child = children->len > 0 ? children->pdata[0] : NULL;
    g_autoptr(GString) words = g_string_new(NULL);
    g_autoptr(GPtrArray) heads = graph_heads(creation->graph);

    if (child == NULL || creation->request->splice)
        return true;
    for (guint i = 0; i < heads->len; i++)
        append_head_word(words, creation->graph, heads->pdata[i]);
    error_set(error, ERROR_STATE, "'%s' is not a head: '%s' revises it", parent->id, child->id);
    return error_hint(error, "Build on a head (%s), or begin a branch there with `--splice`.",
                      words->str);
}

static bool
add_parents(Creation *creation, const char *word, GError **error)
{
    g_autoptr(GPtrArray) points = target_points(creation->graph, NULL, word, error);

    if (points == NULL)
        return false;
    for (guint i = 0; i < points->len; i++) {
        if (g_ptr_array_find(creation->parents, points->pdata[i], NULL))
            continue;
        if (!check_is_head(creation, points->pdata[i], error))
            return false;
        g_ptr_array_add(creation->parents, points->pdata[i]);
    }
    return true;
}

/* Nothing is joined by a revision that stands above another parent of it. */
static bool
check_apart(const Creation *creation, GError **error)
{
    for (guint i = 0; i < creation->parents->len; i++) {
        const Revision *above = creation->parents->pdata[i];
        for (guint k = 0; k < creation->parents->len; k++) {
            const Revision *below = creation->parents->pdata[k];
            if (above != below && graph_is_ancestor(creation->graph, above->id, below->id))
                return error_set(error, ERROR_STATE, "'%s' is above '%s': there is nothing to join",
                                 above->id, below->id);
        }
    }
    return true;
}

static bool
find_parents(Creation *creation, GError **error)
{
    const char *const *words = creation->request->parents;

    creation->parents = g_ptr_array_new();
    if (words == NULL) {
        g_autoptr(GPtrArray) heads = graph_heads(creation->graph);
        if (heads->len > 1)
            return refuse_heads(creation->graph, heads, error);
        if (heads->len == 1)
            g_ptr_array_add(creation->parents, heads->pdata[0]);
    }
    for (; words && *words; words++)
        if (!add_parents(creation, *words, error))
            return false;
    creation->ids = g_ptr_array_new();
    for (guint i = 0; i < creation->parents->len; i++)
        g_ptr_array_add(creation->ids, ((const Revision *) creation->parents->pdata[i])->id);
    return check_apart(creation, error);
}

static bool
find_labels(Creation *creation, GError **error)
{
    const char *const *labels = creation->request->labels;

    creation->labels = g_ptr_array_new();
    for (; labels && *labels; labels++) {
        const Revision *other = graph_find_label(creation->graph, *labels);

        if (!check_word("branch label", *labels, error))
            return false;
        if (other == NULL)
            other = graph_find(creation->graph, *labels);
        if (other != NULL)
            return error_set(error, ERROR_STATE, "'%s' names a revision already: '%s'", *labels,
                             other->path);
        g_ptr_array_add(creation->labels, (gpointer) (guintptr) *labels);
    }
    return true;
}

static bool
check_state(const char *state, GError **error)
{
    for (RevisionState known = STATE_EXPANDED; known <= STATE_CONTRACTED; known++)
        if (g_ascii_strcasecmp(state, revision_state_name(known)) == 0)
            return true;
    error_set(error, ERROR_USAGE, "--depends-on: unknown state '%s'", state);
    return error_hint(error, "States are expanded, backfilled, cut over and contracted: "
                             "`--depends-on REV:backfilled`.");
}

static bool
add_requirement(Creation *creation, const char *word, GError **error)
{
    const char *colon = strchr(word, ':');
    g_autofree char *name = colon ? g_strndup(word, (gsize) (colon - word)) : g_strdup(word);
    const Revision *required = NULL;
    const char *shown = name;

    if (colon && !check_state(colon + 1, error))
        return false;
    if (graph_find_label(creation->graph, name) == NULL) {
        if (!target_point(creation->graph, NULL, name, &required, error))
            return false;
        if (required == NULL)
            return error_set(error, ERROR_USAGE, "--depends-on: '%s' is no revision", name);
        shown = required->id;
    }
    g_ptr_array_add(creation->requires,
                    g_strdup_printf("%s %s", shown, colon ? colon + 1 : "expanded"));
    return true;
}

static bool
find_requires(Creation *creation, GError **error)
{
    const char *const *words = creation->request->requires;

    creation->requires = g_ptr_array_new_with_free_func(g_free);
    for (; words && *words; words++)
        if (!add_requirement(creation, *words, error))
            return false;
    return true;
}

/* HEAD names one revision of each branch. */
static bool
check_branch(const Creation *creation, GError **error)
{
    g_autoptr(GPtrArray) heads = graph_heads(creation->graph);
    const Revision *parent = creation->parents->len > 0 ? creation->parents->pdata[0] : NULL;
    const char *branch = creation->labels->len > 0 ? creation->labels->pdata[0]
                         : parent                  ? digest_branch(creation->graph, parent)
                                                   : "";

    for (guint i = 0; digest_is_kept(creation->request->folder) && i < heads->len; i++) {
        const Revision *head = heads->pdata[i];

        if (g_ptr_array_find(creation->parents, head, NULL) ||
            strcmp(digest_branch(creation->graph, head), branch) != 0)
            continue;
        error_set(error, ERROR_STATE, "it would be a second head beside '%s', of the same branch",
                  head->id);
        return error_hint(error, "Name its own branch with `--branch-label`: HEAD has one line a "
                                 "branch.");
    }
    return true;
}

static char *
text_of(const Creation *creation, GDateTime *now)
{
    g_autofree char *created = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");

    return skeleton_revision(
        &(SkeletonHeader){.id = creation->id,
                          .parents = creation->ids,
                          .labels = creation->labels,
                          .requires = creation->requires,
                          .title = creation->request->title,
                          .created = created,
                          .sections = creation->request->sections,
                          .statement_transactions = creation->request->statement_transactions});
}

/* What was written is read back, so that no folder is left that cannot be read. */
static bool
write_file(const Creation *creation, const char *path, const char *text, GError **error)
{
    const char *folder = creation->request->folder;
    g_autoptr(Graph) graph = NULL;

    if (!file_create(path, text, error))
        return false;
    graph = graph_load(folder, error);
    if (graph == NULL) {
        g_unlink(path);
        return false;
    }
    return digest_update(folder, graph, NULL, error);
}

static bool
resolve(Creation *creation, GError **error)
{
    const CreateRequest *request = creation->request;

    if (!check_title(request->title, error) ||
        !(request->dry_run || file_make_folder(request->folder, 0777, error)))
        return false;
    creation->graph = graph_load(request->folder, error);
    return creation->graph != NULL && choose_id(creation, error) && find_parents(creation, error) &&
           find_labels(creation, error) && find_requires(creation, error) &&
           check_branch(creation, error);
}

static GPtrArray *
copy_ids(const Creation *creation)
{
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < creation->ids->len; i++)
        g_ptr_array_add(ids, g_strdup(creation->ids->pdata[i]));
    return ids;
}

/* What came as sections is complete, and has to be one that upgrade takes. */
static bool
check_text(const CreateRequest *request, const char *path, const char *text, GError **error)
{
    g_autoptr(Revision) revision = NULL;

    if (request->sections == NULL)
        return true;
    revision = revision_parse(path, text, false, error);
    return revision != NULL && revision_check(revision, error);
}

bool
create_revision(const CreateRequest *request, CreatedRevision *ret_created, GError **error)
{
    g_auto(Creation) creation = {.request = request};
    g_autoptr(GDateTime) now =
        g_date_time_new_from_unix_utc(request->clock->wall_us(request->clock->data) / 1000000);
    g_autofree char *slug = NULL, *name = NULL, *path = NULL, *text = NULL;

    if (!resolve(&creation, error))
        return false;
    slug = name_slug(request->title, request->slug_length);
    name = name_fill(request->file_template, creation.id, slug, now, error);
    if (name == NULL)
        return false;
    path = g_build_filename(request->folder, name, NULL);
    text = text_of(&creation, now);
    if (!check_text(request, path, text, error) ||
        !(request->dry_run || write_file(&creation, path, text, error)))
        return false;
    *ret_created = (CreatedRevision){
        .id = g_steal_pointer(&creation.id),
        .parents = copy_ids(&creation),
        .path = g_steal_pointer(&path),
        .text = g_steal_pointer(&text),
    };
    return true;
}

void
created_revision_clear(CreatedRevision *created)
{
    g_free(created->id);
    g_clear_pointer(&created->parents, g_ptr_array_unref);
    g_free(created->path);
    g_free(created->text);
    *created = (CreatedRevision){0};
}
