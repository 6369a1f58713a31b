#include "author/recipe-task.h"
#include "base/error.h"

/* What a new row gets of itself, and what the old ones are filled with. */
static void
append_default(RecipeTask *task, const CatalogColumn *column, const char *quoted)
{
    const char *table = task->table->quoted, *value = task->request->default_sql;

    if (!column->has_default) {
        draft_add(&task->draft, SECTION_EXPAND, "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s;\n",
                  table, quoted, value);
        draft_add(&task->draft, SECTION_DOWNGRADE, "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT;\n",
                  table, quoted);
    }
    draft_add(&task->draft, SECTION_BACKFILL,
              "UPDATE %s SET %s = %s WHERE %s IS NULL AND (%s) IS NOT NULL;\n", table, quoted,
              value, quoted, value);
}

/* The CHECK comes behind the backfill: NOT VALID too, it refuses every UPDATE of a row that it does
 * not like, whatever column is meant. SET NOT NULL finds it proven and scans nothing; dropping it
 * in the same ALTER would cost that. */
bool
recipe_set_not_null(RecipeTask *task, GError **error)
{
    const char *table = task->table->quoted;
    const CatalogColumn *column = catalog_column(task->table, task->columns[0]);
    g_autofree char *quoted = pg_quote_identifier(column->name);
    g_autofree char *name = NULL, *constraint = NULL;

    if (column->not_null)
        return error_set(error, ERROR_STATE, "column %s of %s is NOT NULL already", quoted, table);
    name = recipe_free_name(task, "_not_null", error);
    if (name == NULL)
        return false;
    constraint = pg_quote_identifier(name);
    draft_add(&task->draft, SECTION_DOWNGRADE, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s;\n",
              table, constraint);
    if (task->request->default_sql)
        append_default(task, column, quoted);
    draft_add(&task->draft, SECTION_VERIFY, "SELECT * FROM %s WHERE %s IS NULL;\n", table, quoted);
    draft_add(&task->draft, SECTION_FINISH,
              "-- From here on a NULL is refused: every version of the app writes a value%s.\n"
              "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID;\n"
              "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n",
              task->request->default_sql ? ", or leaves it to the default" : "", table, constraint,
              quoted, table, constraint);
    draft_add(&task->draft, SECTION_CONTRACT,
              "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;\n"
              "ALTER TABLE %s DROP CONSTRAINT %s;\n",
              table, quoted, table, constraint);
    return true;
}
