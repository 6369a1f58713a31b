#include "author/recipe.h"

#include <string.h>

#include "author/embedded.h"
#include "author/parts.h"
#include "author/recipe-task.h"
#include "base/error.h"
#include "base/text.h"
#include "sql/script.h"

enum { IDENTIFIER_MAX = 63 };

const Recipe recipes[RECIPE_N] = {
#define RECIPE(id, ...) [RECIPE_ID_##id] = {__VA_ARGS__},
#include "author/recipes.def"
#undef RECIPE
};

typedef bool (*WriteRecipe)(RecipeTask *task, GError **error);

static const WriteRecipe writers[RECIPE_N] = {
#define RECIPE(id, ...) [RECIPE_ID_##id] = recipe_##id,
#include "author/recipes.def"
#undef RECIPE
};

static void
task_clear(RecipeTask *task)
{
    catalog_table_free(task->table);
    g_strfreev(task->columns);
    g_free(task->target);
    draft_clear(&task->draft);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RecipeTask, task_clear)

void
recipe_text_clear(RecipeText *text)
{
    g_free(text->sections);
    g_free(text->title);
    *text = (RecipeText){0};
}

static bool
refuse_form(const RecipeTask *task, GError **error)
{
    const Recipe *recipe = task->recipe;

    error_set(error, ERROR_USAGE, "--%s: '%s' is not %s", recipe->option, task->request->subject,
              recipe->value);
    return error_hint(error, "For example `sluice revision --%s %s`.", recipe->option,
                      recipe->example);
}

static bool
require_column(const CatalogTable *table, const char *column, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *near;

    if (catalog_column(table, column))
        return true;
    for (guint i = 0; i < table->columns->len; i++)
        g_ptr_array_add(names, ((const CatalogColumn *) table->columns->pdata[i])->name);
    g_ptr_array_add(names, NULL);
    near = text_nearest(column, (const char *const *) names->pdata);
    error_set(error, ERROR_STATE, "%s has no column \"%s\"", table->quoted, column);
    return near ? error_hint(error, "There is one of the name \"%s\".", near) : false;
}

/* "app.users.id" -> the table app.users, "id". */
static bool
find_table(const RecipeTask *task, const char *text, CatalogTable **ret_table, char **ret_rest,
           GError **error)
{
    const char *dot = strrchr(text, '.');
    g_autofree char *schema = NULL, *name = NULL, *written = NULL;
    g_autoptr(CatalogTable) table = NULL;

    if (dot == NULL || dot == text || dot[1] == '\0')
        return refuse_form(task, error);
    written = g_strndup(text, (gsize) (dot - text));
    if (!sql_name_parse(written, (Place){0}, &schema, &name, error))
        return false;
    table = catalog_require_table(task->conn, schema, name, error);
    if (table == NULL)
        return false;
    if (table->kind != 'r' && table->kind != 'p') {
        error_set(error, ERROR_STATE, "--%s does not know how to treat %s: it is not a table",
                  task->recipe->option, table->quoted);
        return error_hint(error, "Write this revision by hand: `sluice revision -m TITLE`.");
    }
    *ret_table = g_steal_pointer(&table);
    *ret_rest = g_strdup(dot + 1);
    return true;
}

bool
recipe_find_column(const RecipeTask *task, const char *text, CatalogTable **ret_table,
                   char **ret_column, GError **error)
{
    g_autoptr(CatalogTable) table = NULL;
    g_autofree char *column = NULL;

    if (!find_table(task, text, &table, &column, error) || !require_column(table, column, error))
        return false;
    *ret_table = g_steal_pointer(&table);
    *ret_column = g_steal_pointer(&column);
    return true;
}

static bool
check_columns(const RecipeTask *task, GError **error)
{
    const bool may_be_several =
        task->recipe->traits & RECIPE_COLUMNS || strstr(task->recipe->value, ",COLUMN:");

    if (g_strv_length(task->columns) > 1 && !may_be_several)
        return refuse_form(task, error);
    for (GStrv column = task->columns; *column; column++) {
        if (**column == '\0')
            return refuse_form(task, error);
        if (!require_column(task->table, *column, error))
            return false;
        for (GStrv other = task->columns; other < column; other++)
            if (strcmp(*other, *column) == 0)
                return error_set(error, ERROR_USAGE, "--%s names column \"%s\" twice",
                                 task->recipe->option, *column);
    }
    return true;
}

static bool
load_subject(RecipeTask *task, GError **error)
{
    const char *subject = task->request->subject;
    const char *colon = strchr(subject, ':');
    const bool wants_target = strchr(task->recipe->value, ':') != NULL;
    g_autofree char *source =
        colon ? g_strndup(subject, (gsize) (colon - subject)) : g_strdup(subject);
    g_autofree char *columns = NULL;

    if (wants_target != (colon != NULL) || (colon && colon[1] == '\0'))
        return refuse_form(task, error);
    if (!find_table(task, source, &task->table, &columns, error))
        return false;
    task->target = colon ? g_strdup(colon + 1) : NULL;
    task->columns = g_strsplit(columns, ",", -1);
    return check_columns(task, error);
}

static bool
check_option(const Recipe *recipe, const char *option, bool is_given, bool is_known, GError **error)
{
    if (!is_given || is_known)
        return true;
    error_set(error, ERROR_USAGE, "--%s does not go with --%s", option, recipe->option);
    return error_hint(error, "`sluice help revision` says which options go together.");
}

static bool
check_options(const RecipeTask *task, GError **error)
{
    const RecipeRequest *request = task->request;
    const unsigned traits = task->recipe->traits;
    const bool maps = traits & (RECIPE_MAPS | RECIPE_MAY_MAP);

    return check_option(task->recipe, "using", request->using != NULL, maps, error) &&
           check_option(task->recipe, "reverse", request->reverse != NULL, maps, error) &&
           check_option(task->recipe, "default", request->default_sql != NULL,
                        traits & RECIPE_MAY_DEFAULT, error);
}

static char *
title_of(const RecipeTask *task)
{
    g_autofree char *words = g_strdelimit(g_strdup(task->recipe->option), "-", ' ');

    return g_strdelimit(g_strdup_printf("%s %s", words, task->request->subject), "\r\n", ' ');
}

bool
recipe_write(PgConn *conn, const RecipeRequest *request, RecipeText *ret_text, GError **error)
{
    g_auto(RecipeTask) task = {.conn = conn, .recipe = &recipes[request->id], .request = request};

    if (!check_options(&task, error) || !load_subject(&task, error) ||
        !writers[request->id](&task, error))
        return false;
    *ret_text = (RecipeText){.sections = draft_text(&task.draft),
                             .title = title_of(&task),
                             .statement_transactions = task.draft.statement_transactions};
    return true;
}

/* The first bytes of @text, no character of it cut in two. */
static char *
cut(const char *text, gsize bytes)
{
    const char *end = text + bytes;

    while (end > text && (*end & 0xC0) == 0x80)
        end--;
    return g_strndup(text, (gsize) (end - text));
}

char *
recipe_free_name(const RecipeTask *task, const char *ending, GError **error)
{
    g_autofree char *columns = g_strjoinv("_", task->columns);
    g_autofree char *stem = g_strconcat(task->table->name, "_", columns, NULL);
    const gsize room = IDENTIFIER_MAX - strlen(ending);
    g_autofree char *short_stem = strlen(stem) > room ? cut(stem, room) : g_strdup(stem);
    g_autofree char *name = g_strconcat(short_stem, ending, NULL);
    g_autofree char *oid = g_strdup_printf("%u", task->table->oid);
    g_autoptr(PgRows) rows =
        pg_query(task->conn, error,
                 "SELECT FROM pg_constraint WHERE conrelid = $1::oid AND conname = $2 UNION ALL "
                 "SELECT FROM pg_class c JOIN pg_class t ON t.oid = $1::oid "
                 "AND t.relnamespace = c.relnamespace WHERE c.relname = $2",
                 oid, name);

    if (rows == NULL)
        return NULL;
    if (pg_rows_count(rows) == 0)
        return g_steal_pointer(&name);
    error_set(error, ERROR_STATE,
              "there is an index, constraint or table \"%s\" already, and --%s "
              "needs that name",
              name, task->recipe->option);
    error_hint(error, "If it is what you want, nothing is to be done; else rename or drop it "
                      "first, in a revision of its own.");
    return NULL;
}

bool
recipe_check_new_column(const RecipeTask *task, const char *name, GError **error)
{
    if (*name == '\0')
        return refuse_form(task, error);
    if (strlen(name) > IDENTIFIER_MAX)
        return error_set(error, ERROR_USAGE, "'%s' is too long for a column's name", name);
    if (catalog_column(task->table, name) == NULL)
        return true;
    error_set(error, ERROR_STATE, "%s has a column \"%s\" already", task->table->quoted, name);
    return error_hint(error, "Choose another name, or drop that one first in a revision of its "
                             "own.");
}

bool
recipe_check_plain(const RecipeTask *task, const CatalogColumn *column, GError **error)
{
    if (!column->has_default && !column->generated)
        return true;
    error_set(error, ERROR_STATE, "column %s of %s %s", column->name, task->table->quoted,
              column->generated ? "is generated" : "has a default");
    return error_hint(error,
                      "The new version of the app does not name it in its inserts, and would "
                      "write it all the same: take that away in a revision of its own.");
}

static bool
is_companion(const char *dependent)
{
    return g_str_has_prefix(dependent, "index ") ||
           g_str_has_prefix(dependent, "table constraint ");
}

/* A foreign key from elsewhere needs the column's key: so it is found by that. */
static bool
check_dependents(const RecipeTask *task, const char *name, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", task->table->oid);
    g_autoptr(GPtrArray) dependents = catalog_dependents(task->conn, task->table->oid, name, error);
    g_autoptr(PgRows) keys = NULL;
    const char *dependent = NULL;

    if (dependents == NULL)
        return false;
    keys = pg_query(
        task->conn, error,
        "SELECT 'foreign key ' || quote_ident(k.conname) || ' of ' || k.conrelid::regclass "
        "FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.confrelid "
        "AND a.attnum = ANY (k.confkey) "
        "WHERE k.contype = 'f' AND k.confrelid = $1::oid AND a.attname = $2",
        oid, name);
    if (keys == NULL)
        return false;
    for (guint i = 0; i < dependents->len && dependent == NULL; i++)
        if (!is_companion(dependents->pdata[i]))
            dependent = dependents->pdata[i];
    if (pg_rows_count(keys) > 0)
        dependent = pg_text(keys, 0, 0);
    if (dependent == NULL)
        return true;
    error_set(error, ERROR_STATE, "%s hangs on column %s of %s", dependent, name,
              task->table->quoted);
    return error_hint(error, "Drop it in a revision before this one, and make it again behind it "
                             "where it is still wanted.");
}

PgRows *
recipe_load_companions(const RecipeTask *task, const char *name, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", task->table->oid);
    g_autoptr(PgRows) rows = NULL;

    if (!parts_check_column(task->conn, task->table->oid, task->table->quoted, name, error) ||
        !check_dependents(task, name, error))
        return NULL;
    rows = pg_query(task->conn, error, sql_column_companions, oid, name);
    for (int i = 0; rows && i < pg_rows_count(rows); i++) {
        if (strcmp(pg_text(rows, i, 0), "primary key") != 0)
            continue;
        error_set(error, ERROR_STATE, "column %s of %s is in its primary key", name,
                  task->table->quoted);
        error_hint(error, "Give the table another primary key first, in a revision of its own.");
        return NULL;
    }
    return g_steal_pointer(&rows);
}
