#include <string.h>

#include "author/recipe-task.h"
#include "base/error.h"

void
recipe_drop_not_null(RecipeTask *task, const char *quoted, const char *constraint)
{
    const char *table = task->table->quoted;

    draft_add(&task->draft, SECTION_EXPAND, "ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL;\n",
              table, quoted);
    draft_add(&task->draft, SECTION_DOWNGRADE,
              "-- Rows that came without a value meanwhile have to be given one first.\n"
              "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID;\n"
              "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n"
              "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;\n"
              "ALTER TABLE %s DROP CONSTRAINT %s;\n",
              table, constraint, quoted, table, constraint, table, quoted, table, constraint);
}

/* Each statement is a transaction of its own: an end of a foreign key locks the other table too. */
static void
append_contract(RecipeTask *task, const PgRows *companions, const char *quoted)
{
    const char *table = task->table->quoted;

    for (int i = 0; i < pg_rows_count(companions); i++) {
        const char *kind = pg_text(companions, i, 0), *name = pg_text(companions, i, 1);

        if (strcmp(kind, "index") == 0)
            /* The server knows no CONCURRENTLY for the index of a partitioned table. */
            draft_add(&task->draft, SECTION_CONTRACT, "DROP INDEX %s%s;\n",
                      task->table->kind == 'p' ? "" : "CONCURRENTLY ", name);
        else
            draft_add(&task->draft, SECTION_CONTRACT, "ALTER TABLE %s DROP CONSTRAINT %s;\n", table,
                      name);
    }
    draft_add(&task->draft, SECTION_CONTRACT, "ALTER TABLE %s DROP COLUMN %s;\n", table, quoted);
}

bool
recipe_drop_column(RecipeTask *task, GError **error)
{
    const CatalogColumn *column = catalog_column(task->table, task->columns[0]);
    g_autofree char *quoted = pg_quote_identifier(column->name);
    g_autoptr(PgRows) companions = recipe_load_companions(task, column->name, error);
    g_autofree char *name = companions ? recipe_free_name(task, "_not_null", error) : NULL;
    g_autofree char *constraint = name ? pg_quote_identifier(name) : NULL;

    if (name == NULL)
        return false;
    task->draft.statement_transactions = true;
    if (column->not_null && !column->has_default && !column->generated)
        recipe_drop_not_null(task, quoted, constraint);
    append_contract(task, companions, quoted);
    return true;
}
