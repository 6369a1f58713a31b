#include <string.h>

#include "author/create.h"
#include "author/type-change.h"
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
    const char *type_change;
    const char *using;
    const char *reverse;
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
    {"type-change", 0, ARG_TEXT, offsetof(RevisionOptions, type_change), "TABLE.COLUMN:TYPE",
     "write the whole revision that gives a column, and those that reference it, another type; "
     "asks the database"},
    {"using", 0, ARG_TEXT, offsetof(RevisionOptions, using), "EXPRESSION",
     "with --type-change: the new value, of the old one (default: a cast)"},
    {"reverse", 0, ARG_TEXT, offsetof(RevisionOptions, reverse), "EXPRESSION",
     "with --type-change: the old value, of column COLUMN_new (default: a cast; between integers "
     "one that wraps round)"},
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

/* "users.id:bigint", "app.users.id:numeric(12,2)". */
static bool
split_type_change(const char *text, char **ret_table, char **ret_column, char **ret_type,
                  GError **error)
{
    const char *colon = strchr(text, ':');
    g_autofree char *name = colon ? g_strndup(text, (gsize) (colon - text)) : NULL;
    char *dot = name ? strrchr(name, '.') : NULL;

    if (dot == NULL || dot == name || dot[1] == '\0' || colon[1] == '\0') {
        error_set(error, ERROR_USAGE, "'%s' is not TABLE.COLUMN:TYPE", text);
        return error_hint(error, "sluice revision --type-change users.id:bigint");
    }
    *dot = '\0';
    *ret_table = g_strdup(name);
    *ret_column = g_strdup(dot + 1);
    *ret_type = g_strdup(colon + 1);
    return true;
}

/* *@ret_sections NULL where no recipe is asked for. */
static bool
write_sections(const App *app, const RevisionOptions *options, char **ret_sections,
               char **ret_title, GError **error)
{
    g_autofree char *table = NULL, *column = NULL, *type = NULL;
    g_autoptr(PgConn) conn = NULL;
    const char *url;

    if (options->type_change == NULL)
        return true;
    url = settings_require_database(app->settings, error);
    if (url == NULL || !split_type_change(options->type_change, &table, &column, &type, error))
        return false;
    conn = pg_connect(url, &(PgConnOptions){.purpose = "revision", .allow_standby = true}, error);
    if (conn == NULL)
        return false;
    *ret_sections = type_change_sections(conn,
                                         &(TypeChange){.table = table,
                                                       .column = column,
                                                       .type = type,
                                                       .forward = options->using,
                                                       .reverse = options->reverse},
                                         error);
    *ret_title = g_strdup_printf("%s.%s becomes %s", table, column, type);
    return *ret_sections != NULL;
}

static bool
run_revision(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const RevisionOptions *options = data;
    const char *const heads[] = {options->head, NULL};
    g_autofree char *sections = NULL, *title = NULL;
    g_auto(CreatedRevision) created = {0};

    if (!write_sections(app, options, &sections, &title, error))
        return false;
    if ((options->message == NULL || *options->message == '\0') && title == NULL) {
        error_set(error, ERROR_USAGE, "a revision needs a title");
        return error_hint(error, "sluice revision -m \"users display name\"");
    }
    if (!create_revision(
            &(CreateRequest){.folder = app->settings->migrations,
                             .title = options->message ? options->message : title,
                             .sections = sections,
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
               "sluice revision --type-change users.id:bigint\n"
               "sluice revision -m \"totals\" --head billing@head --depends-on 3f2a:backfilled",
    .args = args,
    .args_size = sizeof(RevisionOptions),
    .needs = NEED_SETTINGS,
    .run = run_revision,
};
