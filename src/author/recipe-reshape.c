/* One column becomes several, or several become one: what is new is the author's expressions. */
#include <string.h>

#include "author/parts.h"
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

/* The columns of a plain index @index, once the task's columns became @names: "tenant", "given",
 * "family"; empty where it is unique, partial, or over expressions: then only its author knows. */
static GPtrArray *
moved_columns(const RecipeTask *task, const char *index, const char *const *names, GError **error)
{
    g_autoptr(PgRows) rows =
        pg_query(task->conn, error,
                 "SELECT a.attname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid "
                 "JOIN pg_am m ON m.oid = x.relam AND m.amname = 'btree', "
                 "generate_series(0, i.indnatts - 1) n "
                 "JOIN LATERAL (SELECT * FROM pg_attribute WHERE attrelid = i.indrelid "
                 "              AND attnum = i.indkey[n]) a ON true "
                 "WHERE i.indexrelid = $1::regclass AND NOT i.indisunique AND i.indpred IS NULL "
                 "AND i.indexprs IS NULL AND i.indnatts = i.indnkeyatts "
                 "AND NOT EXISTS (SELECT FROM unnest(i.indoption) o WHERE o <> 0) "
                 "AND NOT EXISTS (SELECT FROM unnest(i.indclass) c JOIN pg_opclass k ON k.oid = c "
                 "                WHERE NOT k.opcdefault) ORDER BY n",
                 index);
    GPtrArray *columns;
    bool is_placed = false;

    if (rows == NULL)
        return NULL;
    columns = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < pg_rows_count(rows); i++) {
        const char *column = pg_text(rows, i, 0);
        const bool is_old = g_strv_contains((const char *const *) task->columns, column);

        if (!is_old)
            g_ptr_array_add(columns, g_strdup(column));
        for (guint n = 0; is_old && !is_placed && names[n]; n++)
            g_ptr_array_add(columns, g_strdup(names[n]));
        is_placed |= is_old;
    }
    return columns;
}

static bool
append_build(RecipeTask *task, const char *name, const char *columns, GError **error)
{
    g_autofree char *quoted = pg_quote_identifier(name);
    g_autofree char *definition = g_strdup_printf("(%s)", columns);
    g_autoptr(GPtrArray) parts = NULL;

    if (task->table->kind != 'p') {
        draft_add(&task->draft, SECTION_FINISH, "CREATE INDEX CONCURRENTLY %s ON %s %s;\n", quoted,
                  task->table->quoted, definition);
        return true;
    }
    parts = parts_for_index(task->conn, task->table->oid, name, error);
    if (parts == NULL)
        return false;
    parts_build_index(draft_section(&task->draft, SECTION_FINISH), parts, PART_NAME, false,
                      definition);
    return true;
}

/* Builds it over @columns, by the name that the server would give it; *@ret_built: that is free. */
static bool
build_index(RecipeTask *task, const GPtrArray *columns, bool *ret_built, GError **error)
{
    enum { IDENTIFIER_MAX = 63 };
    g_autoptr(GString) name = g_string_new(task->table->name);
    g_autoptr(GString) list = g_string_new(NULL);
    g_autofree char *qualified = NULL;
    g_autoptr(PgRows) rows = NULL;

    for (guint i = 0; i < columns->len; i++) {
        g_autofree char *column = pg_quote_identifier(columns->pdata[i]);

        g_string_append_printf(name, "_%s", (const char *) columns->pdata[i]);
        g_string_append_printf(list, "%s%s", i ? ", " : "", column);
    }
    g_string_append(name, "_idx");
    qualified = pg_quote_qualified(task->table->schema, name->str);
    rows = pg_query(task->conn, error, "SELECT to_regclass($1) IS NULL", qualified);
    if (rows == NULL)
        return false;
    *ret_built = columns->len > 0 && name->len <= IDENTIFIER_MAX && pg_bool(rows, 0, 0);
    return !*ret_built || append_build(task, name->str, list->str, error);
}

static bool
append_index(RecipeTask *task, const char *index, const char *const *names, GError **error)
{
    g_autoptr(GPtrArray) columns = names ? moved_columns(task, index, names, error) : NULL;
    g_autoptr(PgRows) rows = NULL;
    bool is_built = false;

    if (names && (columns == NULL || !build_index(task, columns, &is_built, error)))
        return false;
    if (is_built)
        return true;
    rows = pg_query(task->conn, error, "SELECT pg_get_indexdef($1::regclass)", index);
    if (rows)
        draft_add(&task->draft, SECTION_FINISH,
                  "-- Build here what takes the place of this, over the new columns:\n-- %s;\n",
                  pg_text(rows, 0, 0));
    return rows != NULL;
}

static bool
append_constraint(RecipeTask *task, const char *name, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", task->table->oid);
    g_autoptr(PgRows) rows = pg_query(task->conn, error,
                                      "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
                                      "WHERE conrelid = $1::oid AND quote_ident(conname) = $2",
                                      oid, name);

    if (rows && pg_rows_count(rows) > 0)
        draft_add(&task->draft, SECTION_FINISH,
                  "-- Add here what takes the place of this, over the new columns:\n"
                  "-- ALTER TABLE %s ADD CONSTRAINT %s %s;\n",
                  task->table->quoted, name, pg_text(rows, 0, 0));
    return rows != NULL;
}

/* What was built on an old column goes with it; what takes its place is built before, where that is
 * plain. */
static bool
append_end(RecipeTask *task, const char *kind, const char *name, const char *const *names,
           GError **error)
{
    if (strcmp(kind, "index") == 0) {
        draft_add(&task->draft, SECTION_CONTRACT, "DROP INDEX IF EXISTS %s;\n", name);
        return append_index(task, name, names, error);
    }
    draft_add(&task->draft, SECTION_CONTRACT, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s;\n",
              task->table->quoted, name);
    return append_constraint(task, name, error);
}

bool
recipe_end_columns(RecipeTask *task, const char *const *names, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (GStrv column = task->columns; *column; column++) {
        g_autoptr(PgRows) companions = recipe_load_companions(task, *column, error);
        g_autofree char *quoted = pg_quote_identifier(*column);

        if (companions == NULL)
            return false;
        for (int i = 0; i < pg_rows_count(companions); i++)
            if (g_hash_table_add(seen, g_strdup(pg_text(companions, i, 1))) &&
                !append_end(task, pg_text(companions, i, 0), pg_text(companions, i, 1), names,
                            error))
                return false;
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
    return recipe_end_columns(task, names, error);
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
