#include "author/moved-sql.h"
#include "author/moved.h"
#include "author/recipe-task.h"

static void
append_mapping(RecipeTask *task, const MovedColumn *column)
{
    g_autofree char *forward = g_strdup_printf("%s AS %s", column->quoted, column->fresh);
    g_autofree char *reverse = g_strdup_printf("%s AS %s", column->fresh, column->quoted);

    draft_add(&task->draft, SECTION_EXPAND, "ALTER TABLE %s ADD COLUMN %s %s;\n", column->table,
              column->fresh, column->type);
    draft_add_mapping(&task->draft, column->table, forward, reverse);
}

static void
append_values(GString *contract, const MovedColumn *column)
{
    if (column->identity && column->sequence)
        moved_sql_identity(contract, column, column->quoted, column->fresh);
    else if (column->default_sql)
        moved_sql_default(contract, column, column->quoted, column->fresh, column->default_sql);
}

typedef void (*AppendSql)(GString *sql, const MovedObject *object);

/* Kind by kind: a foreign key goes before the key that it needs, and comes behind it. */
static void
append_objects(GString *sql, const Moved *moved, const char *kinds, AppendSql append)
{
    for (const char *kind = kinds; *kind; kind++) {
        for (guint i = 0; i < moved->objects->len; i++) {
            const MovedObject *object = g_ptr_array_index(moved->objects, i);

            if (object->kind == *kind)
                append(sql, object);
        }
    }
}

/* By name, for one over other columns too would else be somebody's that goes along. */
static void
append_release(GString *sql, const MovedObject *object)
{
    if (object->kind == 'i')
        g_string_append_printf(sql, "DROP INDEX %s.%s;\n", object->schema, object->name);
    else
        moved_sql_release(sql, object);
}

static void
append_take_over(GString *sql, const MovedObject *object)
{
    moved_sql_take_over(sql, object, object->definition);
}

/* All of it is one transaction, with the end of the triggers: what held the old column goes with
 * it, and what was built for the new one takes over the names. So the end is as if the column had
 * been renamed. */
static void
append_contract(RecipeTask *task, const Moved *moved, const MovedColumn *column)
{
    GString *contract = draft_section(&task->draft, SECTION_CONTRACT);

    append_objects(contract, moved, "fcpui", append_release);
    append_values(contract, column);
    g_string_append_printf(contract, "ALTER TABLE %s DROP COLUMN %s;\n", column->table,
                           column->quoted);
    append_objects(contract, moved, "puifc", append_take_over);
    append_objects(contract, moved, "f", moved_sql_prove);
}

bool
recipe_rename(RecipeTask *task, GError **error)
{
    g_autoptr(Moved) moved = NULL;
    const MovedColumn *column;

    if (!recipe_check_new_column(task, task->target, error))
        return false;
    moved = moved_load(task->conn, task->table->oid, task->columns[0], task->target, error);
    if (moved == NULL)
        return false;
    column = g_ptr_array_index(moved->columns, 0);
    append_mapping(task, column);
    if (moved->objects->len > 0)
        append_objects(draft_section(&task->draft, SECTION_FINISH), moved, "puifc",
                       moved_sql_build);
    append_contract(task, moved, column);
    append_objects(draft_section(&task->draft, SECTION_DOWNGRADE), moved, "f", moved_sql_forget);
    draft_add(&task->draft, SECTION_DOWNGRADE, "ALTER TABLE %s DROP COLUMN %s;\n", column->table,
              column->fresh);
    return true;
}
