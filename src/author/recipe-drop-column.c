#include <string.h>

#include "author/recipe-task.h"
#include "base/error.h"

static const char values_first[] =
    "-- Rows that came without a value meanwhile have to be given one first.\n";

/* At the head: nothing is undone before it. */
static void
prepend_proof(RecipeTask *task, const char *quoted, const char *constraint)
{
    GString *downgrade = draft_section(&task->draft, SECTION_DOWNGRADE);
    const char *table = task->table->quoted;
    g_autofree char *proof =
        g_strdup_printf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID;\n"
                        "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n",
                        table, constraint, quoted, table, constraint);

    if (!g_str_has_prefix(downgrade->str, values_first))
        g_string_prepend(downgrade, values_first);
    g_string_insert(downgrade, (gssize) strlen(values_first), proof);
}

void
recipe_drop_not_null(RecipeTask *task, const char *quoted, const char *constraint)
{
    const char *table = task->table->quoted;

    draft_add(&task->draft, SECTION_EXPAND, "ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL;\n",
              table, quoted);
    draft_add(&task->draft, SECTION_DOWNGRADE,
              "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;\n"
              "ALTER TABLE %s DROP CONSTRAINT %s;\n",
              table, quoted, table, constraint);
    prepend_proof(task, quoted, constraint);
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
