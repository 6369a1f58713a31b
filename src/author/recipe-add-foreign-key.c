#include "author/parts.h"
#include "author/recipe-task.h"
#include "base/error.h"

/* What the server must know of both sides: are they of one type, is the parent's column a key, does
 * an index begin with the child's? */
static PgRows *
ask_sides(const RecipeTask *task, const CatalogTable *parent, const char *key, GError **error)
{
    g_autofree char *child_oid = g_strdup_printf("%u", task->table->oid);
    g_autofree char *parent_oid = g_strdup_printf("%u", parent->oid);

    return pg_query(
        task->conn, error,
        "SELECT c.atttypid = p.atttypid, "
        "EXISTS (SELECT FROM pg_index i WHERE i.indrelid = p.attrelid AND i.indisunique "
        "        AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL "
        "        AND i.indnkeyatts = 1 AND i.indkey[0] = p.attnum), "
        "EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.attrelid AND i.indisvalid "
        "        AND i.indpred IS NULL AND i.indkey[0] = c.attnum) "
        "FROM pg_attribute c, pg_attribute p "
        "WHERE c.attrelid = $1::oid AND c.attname = $2 AND p.attrelid = $3::oid AND p.attname = $4",
        child_oid, task->columns[0], parent_oid, key);
}

static bool
check_sides(const RecipeTask *task, const CatalogTable *parent, const char *key,
            const PgRows *sides, GError **error)
{
    const char *column = task->columns[0];

    if (!pg_bool(sides, 0, 0)) {
        const char *type = catalog_column(parent, key)->type;

        error_set(error, ERROR_STATE, "%s.%s is %s, and %s.%s is %s", task->table->quoted, column,
                  catalog_column(task->table, column)->type, parent->quoted, key, type);
        return error_hint(error,
                          "Give it the same type first: `sluice revision --type-change "
                          "%s.%s:%s`.",
                          task->table->name, column, type);
    }
    if (!pg_bool(sides, 0, 1)) {
        error_set(error, ERROR_STATE, "nothing says that %s.%s is unique", parent->quoted, key);
        return error_hint(error, "Make it so first: `sluice revision --add-unique %s.%s`.",
                          parent->name, key);
    }
    return true;
}

static bool
append_index(RecipeTask *task, const char *quoted, GError **error)
{
    const bool is_partitioned = task->table->kind == 'p';
    g_autofree char *name = recipe_free_name(task, "_idx", error);
    g_autofree char *index = name ? pg_quote_identifier(name) : NULL;
    g_autofree char *schema = pg_quote_identifier(task->table->schema);
    g_autofree char *definition = g_strdup_printf("(%s)", quoted);
    g_autoptr(GPtrArray) parts =
        name && is_partitioned ? parts_for_index(task->conn, task->table->oid, name, error) : NULL;

    if (name == NULL || (is_partitioned && parts == NULL))
        return false;
    draft_add(&task->draft, SECTION_EXPAND,
              "-- Else each DELETE of a parent would read the whole table.\n");
    if (parts) {
        parts_build_index(draft_section(&task->draft, SECTION_EXPAND), parts, PART_NAME, false,
                          definition);
        parts_drop_index(draft_section(&task->draft, SECTION_DOWNGRADE), parts);
        return true;
    }
    draft_add(&task->draft, SECTION_EXPAND, "CREATE INDEX CONCURRENTLY %s ON %s %s;\n", index,
              task->table->quoted, definition);
    draft_add(&task->draft, SECTION_DOWNGRADE, "DROP INDEX CONCURRENTLY %s.%s;\n", schema, index);
    return true;
}

static bool
append_constraint(RecipeTask *task, const char *name, const char *definition, GError **error)
{
    const char *table = task->table->quoted;
    g_autofree char *constraint = pg_quote_identifier(name);
    g_autoptr(GPtrArray) parts = NULL;

    if (task->table->kind != 'p') {
        draft_add(&task->draft, SECTION_DOWNGRADE, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s;\n",
                  table, constraint);
        draft_add(&task->draft, SECTION_FINISH,
                  "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;\n"
                  "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n",
                  table, constraint, definition, table, constraint);
        return true;
    }
    parts = parts_for_foreign_key(task->conn, task->table->oid, name, error);
    if (parts == NULL)
        return false;
    parts_build_foreign_key(draft_section(&task->draft, SECTION_FINISH), parts, PART_NAME,
                            definition);
    parts_drop_constraint(draft_section(&task->draft, SECTION_DOWNGRADE), parts, PART_NAME);
    return true;
}

static void
append_verify(RecipeTask *task, const CatalogTable *parent, const char *quoted,
              const char *quoted_key)
{
    draft_add(&task->draft, SECTION_VERIFY,
              "-- Rows without a parent: finish stops at them.\n"
              "SELECT * FROM %s AS c WHERE c.%s IS NOT NULL\n"
              "AND NOT EXISTS (SELECT FROM %s AS p WHERE p.%s = c.%s);\n",
              task->table->quoted, quoted, parent->quoted, quoted_key, quoted);
}

/* In finish, not in expand: a version of the app that still writes orphans would fail. */
bool
recipe_add_foreign_key(RecipeTask *task, GError **error)
{
    g_autofree char *quoted = pg_quote_identifier(task->columns[0]);
    g_autofree char *key = NULL, *name = NULL, *quoted_key = NULL;
    g_autofree char *definition = NULL;
    g_autoptr(CatalogTable) parent = NULL;
    g_autoptr(PgRows) sides = NULL;

    if (!recipe_find_column(task, task->target, &parent, &key, error))
        return false;
    sides = ask_sides(task, parent, key, error);
    if (sides == NULL || !check_sides(task, parent, key, sides, error))
        return false;
    name = recipe_free_name(task, "_fkey", error);
    if (name == NULL)
        return false;
    quoted_key = pg_quote_identifier(key);
    definition =
        g_strdup_printf("FOREIGN KEY (%s) REFERENCES %s (%s)", quoted, parent->quoted, quoted_key);
    append_verify(task, parent, quoted, quoted_key);
    return append_constraint(task, name, definition, error) &&
           (pg_bool(sides, 0, 2) || append_index(task, quoted, error));
}
