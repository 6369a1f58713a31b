#include "author/create.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"

typedef struct {
    const char *message;
    const char *id;
} RevisionOptions;

static const ArgSpec args[] = {
    {"message", 'm', ARG_TEXT, offsetof(RevisionOptions, message), "TITLE",
     "what the change does, in a few words"},
    {"rev-id", 0, ARG_TEXT, offsetof(RevisionOptions, id), "ID",
     "this id, instead of 12 random hex digits"},
    {NULL},
};

static bool
run_revision(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const RevisionOptions *options = data;
    g_auto(CreatedRevision) created = {0};

    if (options->message == NULL) {
        error_set(error, ERROR_USAGE, "a revision needs a title");
        return error_hint(error, "sluice revision -m \"users display name\"");
    }
    if (!create_revision(&(CreateRequest){.folder = app->settings->migrations,
                                          .title = options->message,
                                          .id = options->id,
                                          .clock = app->clock},
                         &created, error))
        return false;
    output_line(app->output, "made %s", created.path);
    output_json(app->output, json_pack("{s:s, s:s?, s:s}", "id", created.id, "revises",
                                       created.parent, "path", created.path));
    return true;
}

const Command command_revision = {
    .group = "Revisions",
    .name = "revision",
    .summary = "write a new revision file behind the head",
    .usage = "",
    .details = "The file has a header and an example of each section, as comments. It is where the "
               "whole life of the change is told: expand, sync, backfill, finish, contract.",
    .example = "sluice revision -m \"users display name\"",
    .args = args,
    .args_size = sizeof(RevisionOptions),
    .needs = NEED_SETTINGS,
    .run = run_revision,
};
