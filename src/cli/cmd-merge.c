#include "author/create.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"

typedef struct {
    const char *message;
    const char *id;
    GPtrArray *labels;
} MergeOptions;

static const ArgSpec args[] = {
    {"message", 'm', ARG_TEXT, offsetof(MergeOptions, message), "TITLE",
     "a title (default: \"merge\" and the ids)"},
    {"branch-label", 0, ARG_LIST, offsetof(MergeOptions, labels), "LABEL",
     "the branch that goes on from here has this name; may be given often"},
    {"rev-id", 0, ARG_TEXT, offsetof(MergeOptions, id), "ID",
     "this id, instead of 12 random hex digits"},
    {NULL},
};

/* Two or more that go together: the words', of which one may be `heads`, or all heads. Element-type
 * char *. */
static GPtrArray *
joined_words(const App *app, const char *const *words, GError **error)
{
    g_autoptr(Graph) graph = graph_load(app->settings->migrations, error);
    g_autoptr(GPtrArray) joined = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) heads = graph ? graph_heads(graph) : NULL;
    bool all = words[0] == NULL;

    if (graph == NULL)
        return NULL;
    for (const char *const *word = words; *word; word++)
        if (g_str_equal(*word, "heads"))
            all = true;
        else
            g_ptr_array_add(joined, g_strdup(*word));
    for (guint i = 0; all && i < heads->len; i++)
        g_ptr_array_add(joined, g_strdup(((const Revision *) heads->pdata[i])->id));
    if (heads->len < 2) {
        error_set(error, ERROR_STATE, "there is nothing to merge: %s",
                  heads->len == 0 ? "there is no revision yet" : "there is one head only");
        return NULL;
    }
    if (joined->len < 2) {
        error_set(error, ERROR_USAGE, "a merge joins two revisions or more, and one is named");
        error_hint(error, "Without a word `sluice merge` joins all heads; `sluice heads` lists "
                          "them.");
        return NULL;
    }
    return g_steal_pointer(&joined);
}

static char *
default_title(const GPtrArray *joined)
{
    g_autoptr(GString) title = g_string_new("merge ");

    for (guint i = 0; i < joined->len; i++)
        g_string_append_printf(title, "%s%s", i > 0 ? ", " : "", (char *) joined->pdata[i]);
    return g_strdup(title->str);
}

static json_t *
created_json(const CreatedRevision *created)
{
    g_autoptr(json_t) parents = json_array();

    for (guint i = 0; i < created->parents->len; i++)
        json_array_append_new(parents, json_string(created->parents->pdata[i]));
    return json_pack("{s:s, s:O, s:s}", "id", created->id, "revises", parents, "path",
                     created->path);
}

static bool
run_merge(App *app, void *data, const char *const *words, GError **error)
{
    const MergeOptions *options = data;
    g_autoptr(GPtrArray) joined = joined_words(app, words, error);
    g_autofree char *title = NULL;
    g_auto(CreatedRevision) created = {0};

    if (joined == NULL)
        return false;
    title = options->message ? g_strdup(options->message) : default_title(joined);
    g_ptr_array_add(joined, NULL);
    if (options->labels)
        g_ptr_array_add(options->labels, NULL);
    if (!create_revision(
            &(CreateRequest){
                .folder = app->settings->migrations,
                .title = title,
                .id = options->id,
                .parents = (const char *const *) joined->pdata,
                .labels = options->labels ? (const char *const *) options->labels->pdata : NULL,
                .file_template = app->settings->revision_file_template,
                .slug_length = (guint) app->settings->revision_slug_length,
                .clock = app->clock},
            &created, error))
        return false;
    output_line(app->output, "made %s", created.path);
    output_json(app->output, created_json(&created));
    return true;
}

const Command command_merge = {
    .group = "Revisions",
    .name = "merge",
    .summary = "write a revision that joins several heads into one",
    .usage = "[REV]...",
    .details = "Without words all heads are joined. Nothing is run for it but what its own "
               "sections say. Where the revisions of one side were never applied anywhere, `sluice "
               "rebase` makes a straight history instead.",
    .example = "sluice merge\nsluice merge 3f2a 9b1c -m \"join billing\"",
    .args = args,
    .args_size = sizeof(MergeOptions),
    .needs = NEED_SETTINGS,
    .run = run_merge,
};
