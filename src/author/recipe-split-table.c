/* Columns become a table of their own, with a row for each row that has a value in one of them. */
#include <string.h>

#include "author/recipe-task.h"
#include "base/error.h"
#include "sql/script.h"

/* The new table, which must not be there: qualified and quoted. Caller owns. */
static char *
new_table(const RecipeTask *task, char **ret_name, GError **error)
{
    g_autofree char *schema = NULL, *name = NULL;
    g_autoptr(CatalogTable) table = NULL;

    if (!sql_name_parse(task->target, (Place){0}, &schema, &name, error))
        return NULL;
    if (schema == NULL)
        schema = g_strdup(task->table->schema);
    if (!catalog_find_table(task->conn, schema, name, &table, error))
        return NULL;
    if (table != NULL) {
        error_set(error, ERROR_STATE, "%s is there already", table->quoted);
        error_hint(error,
                   "Choose another name; or `--move-column`, which takes columns into a table "
                   "that is there.");
        return NULL;
    }
    *ret_name = g_steal_pointer(&name);
    return pg_quote_qualified(schema, *ret_name);
}

/* The columns of the primary key, in its order. Element-type char *. */
static GPtrArray *
load_key(const RecipeTask *task, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", task->table->oid);
    GPtrArray *key = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(PgRows) rows = pg_query(
        task->conn, error,
        "SELECT a.attname FROM pg_constraint k, unnest(k.conkey) WITH ORDINALITY u (at, n) "
        "JOIN pg_attribute a ON a.attnum = u.at "
        "WHERE k.contype = 'p' AND k.conrelid = $1::oid AND a.attrelid = $1::oid ORDER BY u.n",
        oid);

    for (int i = 0; rows && i < pg_rows_count(rows); i++)
        g_ptr_array_add(key, g_strdup(pg_text(rows, i, 0)));
    if (rows && key->len > 0)
        return key;
    g_ptr_array_unref(key);
    if (rows) {
        error_set(error, ERROR_STATE, "%s has no primary key", task->table->quoted);
        error_hint(error, "The rows of the two tables are told by it: add one first, in a revision "
                          "of its own.");
    }
    return NULL;
}

/* "users_id" for the id of users; any other name stays. */
static char *
key_name(const RecipeTask *task, const char *column)
{
    return strcmp(column, "id") == 0 ? g_strdup_printf("%s_id", task->table->name)
                                     : g_strdup(column);
}

typedef struct {
    GString *columns;           /* of CREATE TABLE */
    GString *there, *back;      /* the two SELECT lists */
    GString *old_key, *new_key; /* "id", "users_id" */
    GString *given;             /* "street IS NOT NULL OR .." */
    GString *required;          /* of those that are NOT NULL: "name IS NOT NULL AND .." */
} SplitTable;

static void
add_item(GString *list, const char *separator, const char *item)
{
    g_string_append_printf(list, "%s%s", list->len > 0 ? separator : "", item);
}

static void
add_key(const RecipeTask *task, SplitTable *split, const char *column)
{
    const CatalogColumn *type = catalog_column(task->table, column);
    g_autofree char *name = key_name(task, column);
    g_autofree char *old_name = pg_quote_identifier(column);
    g_autofree char *new_name = pg_quote_identifier(name);
    g_autofree char *there = g_strdup_printf("%s AS %s", old_name, new_name);
    g_autofree char *back = g_strdup_printf("%s AS %s", new_name, old_name);

    g_string_append_printf(split->columns, "    %s %s,\n", new_name, type->type);
    add_item(split->there, ", ", there);
    add_item(split->back, ", ", back);
    add_item(split->old_key, ", ", old_name);
    add_item(split->new_key, ", ", new_name);
}

/* An app that knows the new table alone leaves the old column out, and says so with NULL. */
static void
add_column(RecipeTask *task, SplitTable *split, const CatalogColumn *column)
{
    g_autofree char *name = pg_quote_identifier(column->name);
    g_autofree char *given = g_strdup_printf("%s IS NOT NULL", name);
    g_autofree char *constraint = NULL, *quoted_constraint = NULL;

    g_string_append_printf(split->columns, "    %s %s%s,\n", name, column->type,
                           column->not_null ? " NOT NULL" : "");
    add_item(split->there, ", ", name);
    add_item(split->back, ", ", name);
    add_item(split->given, " OR ", given);
    if (!column->not_null)
        return;
    add_item(split->required, " AND ", given);
    constraint = g_strdup_printf("%s_%s_not_null", task->table->name, column->name);
    quoted_constraint = pg_quote_identifier(constraint);
    recipe_drop_not_null(task, name, quoted_constraint);
}

static void
split_clear(SplitTable *split)
{
    GString *const strings[] = {split->columns, split->there, split->back,    split->old_key,
                                split->new_key, split->given, split->required};

    for (guint i = 0; i < G_N_ELEMENTS(strings); i++)
        g_string_free(strings[i], TRUE);
}

static void
append_sections(RecipeTask *task, const SplitTable *split, const char *table)
{
    const char *old = task->table->quoted;

    draft_add(&task->draft, SECTION_EXPAND,
              "CREATE TABLE %s (\n%s    PRIMARY KEY (%s),\n"
              "    FOREIGN KEY (%s) REFERENCES %s (%s) ON UPDATE CASCADE ON DELETE CASCADE\n);\n",
              table, split->columns->str, split->new_key->str, split->new_key->str, old,
              split->old_key->str);
    draft_add(&task->draft, SECTION_SYNC_TO,
              "-- sluice: sync %s to %s\n-- sluice: key %s\nSELECT %s\nWHERE %s;\n"
              "-- sluice: sync %s to %s\n-- sluice: key %s\n-- sluice: rows stay\nSELECT %s;\n\n",
              old, table, split->new_key->str, split->there->str,
              split->required->len > 0 ? split->required->str : split->given->str, table, old,
              split->old_key->str, split->back->str);
    draft_add(&task->draft, SECTION_DOWNGRADE, "DROP TABLE %s;\n", table);
}

static bool
write_split(RecipeTask *task, SplitTable *split, const GPtrArray *key, const char *table,
            GError **error)
{
    for (guint i = 0; i < key->len; i++)
        add_key(task, split, key->pdata[i]);
    for (GStrv name = task->columns; *name; name++) {
        const CatalogColumn *column = catalog_column(task->table, *name);

        if (!recipe_check_plain(task, column, error))
            return false;
        add_column(task, split, column);
    }
    append_sections(task, split, table);
    return recipe_end_columns(task, NULL, error);
}

bool
recipe_split_table(RecipeTask *task, GError **error)
{
    g_autofree char *name = NULL;
    g_autofree char *table = new_table(task, &name, error);
    g_autoptr(GPtrArray) key = table ? load_key(task, error) : NULL;
    SplitTable split = {g_string_new(NULL), g_string_new(NULL), g_string_new(NULL),
                        g_string_new(NULL), g_string_new(NULL), g_string_new(NULL),
                        g_string_new(NULL)};
    const bool written = key != NULL && write_split(task, &split, key, table, error);

    split_clear(&split);
    return written;
}
