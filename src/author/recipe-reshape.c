/* One column becomes several, or several become one: what is new is the author's expressions. */
#include <string.h>

#include "author/recipe-task.h"
#include "base/error.h"

static bool
check_count(const RecipeTask *task, const char *option, const GPtrArray *given, guint wanted,
            GError **error)
{
    const guint count = given ? given->len : 0;

    if (count == wanted)
        return true;
    error_set(error, ERROR_USAGE, "--%s %s wants %u --%s, and there %s %u", task->recipe->option,
              task->request->subject, wanted, option, count == 1 ? "is" : "are", count);
    return error_hint(error, "--using gives the value of each new column, in their order, from the "
                             "old ones; --reverse that of each old column from the new ones.");
}

static bool
check_names(const RecipeTask *task, const char *const *names, GError **error)
{
    for (const char *const *name = names; *name; name++) {
        if (!recipe_check_new_column(task, *name, error))
            return false;
        for (const char *const *other = names; other < name; other++)
            if (g_str_equal(*other, *name))
                return error_set(error, ERROR_USAGE, "--%s names column \"%s\" twice",
                                 task->recipe->option, *name);
    }
    return true;
}

/* The type of each expression over a row of the table, of which all is NULL. */
static char *
ask_type(const RecipeTask *task, const char *expression, GError **error)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT pg_typeof(%s)::text FROM (SELECT (NULL::%s).*) AS t", expression,
                        task->table->quoted);
    g_autoptr(PgRows) rows = pg_query(task->conn, error, sql);

    if (rows == NULL) {
        error_hint(error, "The expression '%s' is what the server was asked about.", expression);
        return NULL;
    }
    return g_strdup(g_str_equal(pg_text(rows, 0, 0), "unknown") ? "text" : pg_text(rows, 0, 0));
}

/* "first AS a, second AS b" */
static char *
pairs_of(const GPtrArray *expressions, const char *const *columns)
{
    GString *pairs = g_string_new(NULL);

    for (guint i = 0; i < expressions->len; i++) {
        g_autofree char *quoted = pg_quote_identifier(columns[i]);

        g_string_append_printf(pairs, "%s%s AS %s", i > 0 ? ",\n       " : "",
                               (const char *) expressions->pdata[i], quoted);
    }
    return g_string_free(pairs, FALSE);
}

static bool
append_new_columns(RecipeTask *task, const char *const *names, GError **error)
{
    const char *table = task->table->quoted;

    for (guint i = 0; names[i]; i++) {
        g_autofree char *type = ask_type(task, task->request->using->pdata[i], error);
        g_autofree char *quoted = pg_quote_identifier(names[i]);

        if (type == NULL)
            return false;
        draft_add(&task->draft, SECTION_EXPAND, "ALTER TABLE %s ADD COLUMN %s %s;\n", table, quoted,
                  type);
        draft_add(&task->draft, SECTION_DOWNGRADE, "ALTER TABLE %s DROP COLUMN %s;\n", table,
                  quoted);
    }
    return true;
}

/* What was built on an old column means nothing on the new ones: only its author knows what takes
 * its place. */
static void
append_end(RecipeTask *task, const PgRows *companions, int i)
{
    const char *kind = pg_text(companions, i, 0), *name = pg_text(companions, i, 1);

    draft_add(&task->draft, SECTION_CONTRACT,
              "-- What takes the place of this %s is built in a section finish.\n", kind);
    if (strcmp(kind, "index") == 0)
        draft_add(&task->draft, SECTION_CONTRACT, "DROP INDEX IF EXISTS %s;\n", name);
    else
        draft_add(&task->draft, SECTION_CONTRACT, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s;\n",
                  task->table->quoted, name);
}

static bool
append_old_columns(RecipeTask *task, GError **error)
{
    for (GStrv column = task->columns; *column; column++) {
        g_autoptr(PgRows) companions = recipe_load_companions(task, *column, error);
        g_autofree char *quoted = pg_quote_identifier(*column);

        if (companions == NULL)
            return false;
        for (int i = 0; i < pg_rows_count(companions); i++)
            append_end(task, companions, i);
        draft_add(&task->draft, SECTION_CONTRACT, "ALTER TABLE %s DROP COLUMN %s;\n",
                  task->table->quoted, quoted);
    }
    return true;
}

static bool
reshape(RecipeTask *task, const char *const *names, GError **error)
{
    const RecipeRequest *request = task->request;
    const char *const *old_names = (const char *const *) task->columns;
    g_autofree char *forward = NULL, *reverse = NULL;

    if (!check_names(task, names, error) ||
        !check_count(task, "using", request->using, g_strv_length((GStrv) names), error) ||
        !check_count(task, "reverse", request->reverse, g_strv_length(task->columns), error) ||
        !append_new_columns(task, names, error))
        return false;
    forward = pairs_of(request->using, names);
    reverse = pairs_of(request->reverse, old_names);
    draft_add_mapping(&task->draft, task->table->quoted, forward, reverse);
    return append_old_columns(task, error);
}

bool
recipe_split(RecipeTask *task, GError **error)
{
    g_auto(GStrv) names = g_strsplit(task->target, ",", -1);

    return reshape(task, (const char *const *) names, error);
}

bool
recipe_merge(RecipeTask *task, GError **error)
{
    return reshape(task, (const char *const[]){task->target, NULL}, error);
}
