#include "author/recipe-task.h"
#include "base/error.h"

/* "a, b", quoted. */
static char *
column_list(const RecipeTask *task)
{
    GString *list = g_string_new(NULL);

    for (GStrv column = task->columns; *column; column++) {
        g_autofree char *quoted = pg_quote_identifier(*column);

        g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", quoted);
    }
    return g_string_free(list, FALSE);
}

/* Rows with a NULL are never equal. */
static char *
not_null_condition(const RecipeTask *task)
{
    GString *condition = g_string_new(NULL);

    for (GStrv column = task->columns; *column; column++) {
        g_autofree char *quoted = pg_quote_identifier(*column);

        g_string_append_printf(condition, "%s%s IS NOT NULL", condition->len > 0 ? " AND " : "",
                               quoted);
    }
    return g_string_free(condition, FALSE);
}

/* In finish, not in expand: a version of the app that still writes duplicates would fail. */
bool
recipe_add_unique(RecipeTask *task, GError **error)
{
    const char *table = task->table->quoted;
    g_autofree char *columns = column_list(task);
    g_autofree char *given = not_null_condition(task);
    g_autofree char *schema = pg_quote_identifier(task->table->schema);
    g_autofree char *name = recipe_free_name(task, "_key", error);
    g_autofree char *quoted = name ? pg_quote_identifier(name) : NULL;

    if (name == NULL)
        return false;
    draft_add(&task->draft, SECTION_VERIFY,
              "-- Rows that have to be made different first: finish stops at them.\n"
              "SELECT %s, count(*) FROM %s WHERE %s GROUP BY %s HAVING count(*) > 1;\n",
              columns, table, given, columns);
    draft_add(&task->draft, SECTION_FINISH,
              "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s (%s);\n"
              "ALTER TABLE %s ADD CONSTRAINT %s UNIQUE USING INDEX %s;\n",
              quoted, table, columns, table, quoted, quoted);
    draft_add(&task->draft, SECTION_DOWNGRADE,
              "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s;\n"
              "DROP INDEX CONCURRENTLY IF EXISTS %s.%s;\n",
              table, quoted, schema, quoted);
    return true;
}
