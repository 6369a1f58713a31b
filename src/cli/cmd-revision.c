#include <string.h>

#include "author/create.h"
#include "author/recipe.h"
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
    bool dry_run;
    const char *subjects[RECIPE_N];
    GPtrArray *using;
    GPtrArray *reverse;
    const char *default_sql;
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
    {"dry-run", 0, ARG_FLAG, offsetof(RevisionOptions, dry_run), NULL,
     "print the file, and write nothing"},
#define RECIPE(id, option, value, example, traits, help)                                           \
    {option, 0, ARG_TEXT, offsetof(RevisionOptions, subjects[RECIPE_ID_##id]), value, help},
#include "author/recipes.def"
#undef RECIPE
    {"using", 0, ARG_LIST, offsetof(RevisionOptions, using), "EXPRESSION",
     "with --type-change, --split, --merge: the value of the new column, of the old ones; once for "
     "each new column (default of --type-change: a cast)"},
    {"reverse", 0, ARG_LIST, offsetof(RevisionOptions, reverse), "EXPRESSION",
     "with the same: the value of the old column, of the new ones; --type-change calls its one "
     "COLUMN_new (its default: a cast; between integers one that wraps round)"},
    {"default", 0, ARG_TEXT, offsetof(RevisionOptions, default_sql), "EXPRESSION",
     "with --set-not-null: what rows that hold NULL get, and new ones where the column has no "
     "default yet"},
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

/* The recipe asked for; RECIPE_N: none. */
static bool
find_recipe(const RevisionOptions *options, RecipeId *ret_id, GError **error)
{
    RecipeId found = RECIPE_N;

    for (RecipeId id = 0; id < RECIPE_N; id++) {
        if (options->subjects[id] == NULL)
            continue;
        if (found != RECIPE_N) {
            error_set(error, ERROR_USAGE, "--%s and --%s are two changes", recipes[found].option,
                      recipes[id].option);
            return error_hint(error, "Make a revision of each: they may be in flight together.");
        }
        found = id;
    }
    if (found == RECIPE_N && (options->using || options->reverse || options->default_sql)) {
        error_set(error, ERROR_USAGE, "--%s goes with a recipe",
                  options->using     ? "using"
                  : options->reverse ? "reverse"
                                     : "default");
        return error_hint(error, "sluice revision --split users.full_name:first,last --using ..");
    }
    *ret_id = found;
    return true;
}

/* @ret_text stays empty where no recipe is asked for. */
static bool
write_text(const App *app, const RevisionOptions *options, RecipeText *ret_text, GError **error)
{
    RecipeId id = RECIPE_N;
    g_autoptr(PgConn) conn = NULL;
    const char *url;

    if (!find_recipe(options, &id, error))
        return false;
    if (id == RECIPE_N)
        return true;
    url = settings_require_database(app->settings, error);
    if (url == NULL)
        return false;
    conn = pg_connect(url, &(PgConnOptions){.purpose = "revision", .allow_standby = true}, error);
    return conn && recipe_write(conn,
                                &(RecipeRequest){.id = id,
                                                 .subject = options->subjects[id],
                                                 .using = options->using,
                                                 .reverse = options->reverse,
                                                 .default_sql = options->default_sql},
                                ret_text, error);
}

static void
show_created(App *app, const CreatedRevision *created, bool dry_run)
{
    const char *revises = created->parents->len > 0 ? created->parents->pdata[0] : NULL;

    if (dry_run)
        output_text(app->output, created->text);
    else
        output_line(app->output, "made %s", created->path);
    output_json(app->output, json_pack("{s:s, s:s?, s:s, s:s}", "id", created->id, "revises",
                                       revises, "path", created->path, "text", created->text));
}

static bool
run_revision(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const RevisionOptions *options = data;
    const char *const heads[] = {options->head, NULL};
    g_auto(RecipeText) recipe = {0};
    g_auto(CreatedRevision) created = {0};
    const char *title = options->message;

    if (!write_text(app, options, &recipe, error))
        return false;
    if (title == NULL || *title == '\0')
        title = recipe.title;
    if (title == NULL) {
        error_set(error, ERROR_USAGE, "a revision needs a title");
        return error_hint(error, "sluice revision -m \"users display name\"");
    }
    if (!create_revision(
            &(CreateRequest){.folder = app->settings->migrations,
                             .title = title,
                             .sections = recipe.sections,
                             .statement_transactions = recipe.statement_transactions,
                             .dry_run = options->dry_run,
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
    show_created(app, &created, options->dry_run);
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
               "begins to keep them). A recipe (--rename, --type-change, --split, --merge, "
               "--split-table, --move-column, --set-not-null, --add-foreign-key, --add-unique, "
               "--drop-column) asks the database and writes the whole file; docs/recipes.md shows "
               "what.",
    .example = "sluice revision -m \"users display name\"\n"
               "sluice revision -m \"invoices\" --head base --branch-label billing\n"
               "sluice revision --rename users.full_name:display_name\n"
               "sluice revision --type-change users.id:bigint --dry-run\n"
               "sluice revision --split users.full_name:first,last --using "
               "\"split_part(full_name, ' ', 1)\" --using \"split_part(full_name, ' ', 2)\" "
               "--reverse \"first || ' ' || last\"\n"
               "sluice revision --set-not-null users.email --default \"''\"\n"
               "sluice revision -m \"totals\" --head billing@head --depends-on 3f2a:backfilled",
    .args = args,
    .args_size = sizeof(RevisionOptions),
    .needs = NEED_SETTINGS,
    .run = run_revision,
};
