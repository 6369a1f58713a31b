#include "author/create.h"

#include <string.h>

#include "author/skeleton.h"
#include "base/file.h"

enum { SLUG_CHARACTERS = 40, ID_MAX = 64, ID_TRIES = 100 };

static const char refused_in_id[] = "@:+,/\\ \t\r\n";

char *
create_slug(const char *title)
{
    GString *slug = g_string_new(NULL);
    g_autofree char *lower = g_utf8_strdown(title, -1);
    int length = 0;

    for (const char *at = lower; *at && length < SLUG_CHARACTERS; at = g_utf8_next_char(at)) {
        const gunichar letter = g_utf8_get_char(at);
        const bool kept = g_unichar_isalnum(letter) || g_unichar_ismark(letter);

        if (!kept && (slug->len == 0 || slug->str[slug->len - 1] == '_'))
            continue;
        g_string_append_unichar(slug, kept ? letter : '_');
        length++;
    }
    while (slug->len > 0 && slug->str[slug->len - 1] == '_')
        g_string_truncate(slug, slug->len - 1);
    if (slug->len == 0)
        g_string_assign(slug, "revision");
    return g_string_free(slug, FALSE);
}

static char *
random_id(const Clock *clock)
{
    const unsigned high = (unsigned) (clock->random(clock->data) * (1 << 24));
    const unsigned low = (unsigned) (clock->random(clock->data) * (1 << 24));

    return g_strdup_printf("%06x%06x", high, low);
}

static const Revision *
find_revision(const Graph *graph, const char *id)
{
    for (guint i = 0; i < graph_count(graph); i++)
        if (strcmp(graph_get(graph, i)->id, id) == 0)
            return graph_get(graph, i);
    return NULL;
}

static char *
choose_id(const CreateRequest *request, const Graph *graph, GError **error)
{
    const Revision *other;

    if (request->id == NULL) {
        for (int i = 0; i < ID_TRIES; i++) {
            g_autofree char *id = random_id(request->clock);
            if (find_revision(graph, id) == NULL)
                return g_steal_pointer(&id);
        }
        error_set(error, ERROR_INTERNAL, "no free revision id was found");
        return NULL;
    }
    if (*request->id == '\0' || strpbrk(request->id, refused_in_id) ||
        strlen(request->id) > ID_MAX) {
        error_set(error, ERROR_USAGE, "'%s' cannot be a revision id", request->id);
        error_hint(error, "An id has 1 to %d bytes, none of them a blank or one of @ : + , / \\.",
                   ID_MAX);
        return NULL;
    }
    other = find_revision(graph, request->id);
    if (other) {
        error_set(error, ERROR_STATE, "revision '%s' exists already: '%s'", request->id,
                  other->path);
        return NULL;
    }
    return g_strdup(request->id);
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

bool
create_revision(const CreateRequest *request, CreatedRevision *ret_created, GError **error)
{
    g_autoptr(Graph) graph = NULL;
    g_autoptr(GPtrArray) heads = NULL;
    g_autoptr(GDateTime) now =
        g_date_time_new_from_unix_utc(request->clock->wall_us(request->clock->data) / 1000000);
    g_autofree char *slug = NULL;
    g_auto(CreatedRevision) made = {0};

    if (!check_title(request->title, error) || !file_make_folder(request->folder, 0777, error))
        return false;
    graph = graph_load(request->folder, error);
    if (graph == NULL)
        return false;
    made.id = choose_id(request, graph, error);
    if (made.id == NULL)
        return false;
    heads = graph_heads(graph);
    if (heads->len > 0)
        made.parent = g_strdup(((const Revision *) heads->pdata[0])->id);
    g_autofree char *created = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
    g_autofree char *date = g_date_time_format(now, "%Y%m%d");
    slug = create_slug(request->title);
    g_autofree char *name = g_strdup_printf("%s_%s_%s.sql", date, made.id, slug);
    g_autofree char *text =
        skeleton_revision(&(SkeletonHeader){made.id, made.parent, request->title, created});
    made.path = g_build_filename(request->folder, name, NULL);
    if (!file_create(made.path, text, error))
        return false;
    *ret_created = made;
    made = (CreatedRevision){0};
    return true;
}

void
created_revision_clear(CreatedRevision *created)
{
    g_free(created->id);
    g_free(created->parent);
    g_free(created->path);
    *created = (CreatedRevision){0};
}
