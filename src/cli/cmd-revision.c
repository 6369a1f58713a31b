#include "author/create.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"

typedef struct {
    const char *message;
    const char *id;
    const char *head;
    bool splice;
    GPtrArray *labels;
    GPtrArray *requires;
} RevisionOptions;

static const ArgSpec args[] = {
    {"message", 'm', ARG_TEXT, offsetof(RevisionOptions, message), "TITLE",
     "what the change does, in a few words"},
    {"head", 0, ARG_TEXT, offsetof(RevisionOptions, head), "REV",
     "revise this one: an id, LABEL@head, or base for a history of its own (default: the head)"},
    {"splice", 0, ARG_FLAG, offsetof(RevisionOptions, splice), NULL,
     "allow a --head that another revision revises already: a branch begins there"},
    {"branch-label", 0, ARG_LIST, offsetof(RevisionOptions, labels), "LABEL",
     "the branch that begins with it has this name; may be given often"},
    {"depends-on", 0, ARG_LIST, offsetof(RevisionOptions, requires), "REV[:STATE]",
     "before it is expanded, REV must be expanded (or backfilled, cut over, contracted); may be "
     "given often"},
    {"rev-id", 0, ARG_TEXT, offsetof(RevisionOptions, id), "ID",
     "this id, instead of 12 random hex digits"},
    {NULL},
};

/* The list as a vector; NULL where the option was not given. */
static const char *const *
vector_of(GPtrArray *list)
{
    if (list == NULL)
        return NULL;
    g_ptr_array_add(list, NULL);
    return (const char *const *) list->pdata;
}

static bool
run_revision(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const RevisionOptions *options = data;
    const char *const heads[] = {options->head, NULL};
    g_auto(CreatedRevision) created = {0};

    if (options->message == NULL) {
        error_set(error, ERROR_USAGE, "a revision needs a title");
        return error_hint(error, "sluice revision -m \"users display name\"");
    }
    if (!create_revision(
            &(CreateRequest){.folder = app->settings->migrations,
                             .title = options->message,
                             .id = options->id,
                             .parents = options->head ? heads : NULL,
                             .splice = options->splice,
                             .labels = vector_of(options->labels),
                             .requires = vector_of(options->requires),
                             .file_template = app->settings->revision_file_template,
                             .slug_length = (guint) app->settings->revision_slug_length,
                             .clock = app->clock},
            &created, error))
        return false;
    output_line(app->output, "made %s", created.path);
    output_json(app->output, json_pack("{s:s, s:s?, s:s}", "id", created.id, "revises",
                                       created.parents->len > 0 ? created.parents->pdata[0] : NULL,
                                       "path", created.path));
    return true;
}

const Command command_revision = {
    .group = "Revisions",
    .name = "revision",
    .summary = "write a new revision file behind the head",
    .usage = "",
    .details = "The file has a header and an example of each section, as comments. It is where the "
               "whole life of the change is told: expand, sync, backfill, finish, contract. HEAD "
               "and SUMS are kept up to date where the folder has them (`sluice check --write` "
               "begins to keep them).",
    .example = "sluice revision -m \"users display name\"\n"
               "sluice revision -m \"invoices\" --head base --branch-label billing\n"
               "sluice revision -m \"totals\" --head billing@head --depends-on 3f2a:backfilled",
    .args = args,
    .args_size = sizeof(RevisionOptions),
    .needs = NEED_SETTINGS,
    .run = run_revision,
};
