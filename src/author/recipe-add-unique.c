#include "author/parts.h"
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

/* Each partition has an index of its own, which sees no other's rows. */
static bool
check_partition_key(const RecipeTask *task, GError **error)
{
    const char *const *columns = (const char *const *) task->columns;
    g_autoptr(GPtrArray) key = NULL;
    bool is_expression;

    if (!parts_load_key(task->conn, task->table->oid, &key, &is_expression, error))
        return false;
    if (is_expression) {
        error_set(error, ERROR_STATE, "%s is partitioned by an expression", task->table->quoted);
        return error_hint(error, "The server can hold nothing unique over all partitions then: add "
                                 "it on each of them, or keep the values in a table of their own.");
    }
    for (guint i = 0; i < key->len; i++) {
        if (g_strv_contains(columns, key->pdata[i]))
            continue;
        error_set(error, ERROR_STATE, "%s is partitioned by %s, which is not among the columns",
                  task->table->quoted, (const char *) key->pdata[i]);
        return error_hint(error,
                          "The server holds unique over all partitions only what their key is part "
                          "of: --add-unique %s,%s; or keep the values in a table of their own.",
                          task->request->subject, (const char *) key->pdata[i]);
    }
    return true;
}

static void
append_constraint(RecipeTask *task, const char *name, const char *columns)
{
    const char *table = task->table->quoted;
    g_autofree char *schema = pg_quote_identifier(task->table->schema);
    g_autofree char *quoted = pg_quote_identifier(name);

    draft_add(&task->draft, SECTION_FINISH,
              "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s (%s);\n"
              "ALTER TABLE %s ADD CONSTRAINT %s UNIQUE USING INDEX %s;\n",
              quoted, table, columns, table, quoted, quoted);
    draft_add(&task->draft, SECTION_DOWNGRADE,
              "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s;\n"
              "DROP INDEX CONCURRENTLY IF EXISTS %s.%s;\n",
              table, quoted, schema, quoted);
}

static bool
append_to_partitions(RecipeTask *task, const char *name, const char *columns, GError **error)
{
    g_autofree char *list = g_strdup_printf("(%s)", columns);
    g_autoptr(GPtrArray) parts = NULL;

    if (!check_partition_key(task, error))
        return false;
    parts = parts_for_index(task->conn, task->table->oid, name, error);
    if (parts == NULL)
        return false;
    parts_build_unique(draft_section(&task->draft, SECTION_FINISH), parts, PART_NAME, list, "");
    parts_drop_constraint(draft_section(&task->draft, SECTION_DOWNGRADE), parts, PART_NAME);
    parts_drop_leaves(draft_section(&task->draft, SECTION_DOWNGRADE), parts, PART_NAME);
    return true;
}

/* In finish, not in expand: a version of the app that still writes duplicates would fail. */
bool
recipe_add_unique(RecipeTask *task, GError **error)
{
    g_autofree char *columns = column_list(task);
    g_autofree char *given = not_null_condition(task);
    g_autofree char *name = recipe_free_name(task, "_key", error);

    if (name == NULL)
        return false;
    draft_add(&task->draft, SECTION_VERIFY,
              "-- Rows that have to be made different first: finish stops at them.\n"
              "SELECT %s, count(*) FROM %s WHERE %s GROUP BY %s HAVING count(*) > 1;\n",
              columns, task->table->quoted, given, columns);
    if (task->table->kind == 'p')
        return append_to_partitions(task, name, columns, error);
    append_constraint(task, name, columns);
    return true;
}
