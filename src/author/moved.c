#include "author/moved.h"

#include <string.h>

#include "author/embedded.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "sql/script.h"

static void
column_free(MovedColumn *column)
{
    g_free(column->table);
    g_free(column->name);
    g_free(column->type);
    g_free(column->default_sql);
    g_free(column->sequence);
    g_free(column->fresh_name);
    g_free(column->fresh);
    g_free(column->past);
    g_free(column->quoted);
    g_free(column);
}

static void
object_free(MovedObject *object)
{
    g_free(object->table);
    g_free(object->schema);
    g_free(object->name);
    g_free(object->fresh);
    g_free(object->past);
    g_free(object->definition);
    g_free(object->past_definition);
    g_free(object->suffix);
    g_clear_pointer(&object->parts, g_ptr_array_unref);
    g_free(object);
}

void
moved_free(Moved *moved)
{
    if (moved == NULL)
        return;
    g_ptr_array_unref(moved->columns);
    g_ptr_array_unref(moved->objects);
    g_free(moved);
}

static char *
text_or_null(const PgRows *rows, int row, int column)
{
    return pg_is_null(rows, row, column) ? NULL : g_strdup(pg_text(rows, row, column));
}

/* Columns of moved-columns.sql. */
static bool
check_column(const PgRows *rows, int i, GError **error)
{
    const char *table = pg_text(rows, i, 2), *name = pg_text(rows, i, 3);

    if (pg_bool(rows, i, 11)) {
        error_set(error, ERROR_STATE, "%s has tables that inherit from it", table);
        return error_hint(error, "Write this revision by hand: each of them has its own keys and "
                                 "indexes.");
    }
    if (pg_bool(rows, i, 7)) {
        error_set(error, ERROR_STATE, "column %s of %s is generated", name, table);
        return error_hint(error, "Add a generated column of the new type beside it instead.");
    }
    if (pg_bool(rows, i, 12)) {
        error_set(error, ERROR_STATE, "column %s of %s has rights of its own", name, table);
        return error_hint(error, "Grant them on the table, or write the revision by hand.");
    }
    if (!pg_is_null(rows, i, 13)) {
        error_set(error, ERROR_STATE, "%s has a column %s already, and the change needs that name",
                  table, pg_text(rows, i, 13));
        return error_hint(error, "Rename or drop it first, in a revision of its own.");
    }
    return parts_check_name("column", name, error);
}

static MovedColumn *
column_of(const PgRows *rows, int i, const char *fresh_name)
{
    MovedColumn *column = g_new0(MovedColumn, 1);
    const char *name = pg_text(rows, i, 3);

    column->oid = (guint32) pg_integer(rows, i, 0);
    column->number = (int) pg_integer(rows, i, 1);
    column->table = g_strdup(pg_text(rows, i, 2));
    column->name = g_strdup(name);
    column->type = g_strdup(pg_text(rows, i, 4));
    column->not_null = pg_bool(rows, i, 5);
    column->identity = pg_text(rows, i, 6)[0];
    column->default_sql = text_or_null(rows, i, 8);
    column->sequence = text_or_null(rows, i, 9);
    column->quoted = pg_quote_identifier(name);
    column->fresh_name = fresh_name ? g_strdup(fresh_name) : g_strconcat(name, "_new", NULL);
    column->fresh = pg_quote_identifier(column->fresh_name);
    column->past = parts_name(name, "_old");
    return column;
}

/* Views, policies, generated columns, ..: they would stay with the old column. */
static bool
check_dependents(PgConn *conn, const MovedColumn *column, GError **error)
{
    g_autoptr(GPtrArray) dependents = catalog_dependents(conn, column->oid, column->name, error);

    for (guint i = 0; dependents && i < dependents->len; i++) {
        const char *dependent = g_ptr_array_index(dependents, i);

        if (g_str_has_prefix(dependent, "index ") ||
            g_str_has_prefix(dependent, "table constraint "))
            continue;
        error_set(error, ERROR_STATE,
                  "%s hangs on column %s of %s, and would stay with the old one", dependent,
                  column->name, column->table);
        return error_hint(error, "Drop it in a revision before this one and make it again in one "
                                 "behind it, or write this revision by hand.");
    }
    return dependents != NULL;
}

static bool
load_columns(Moved *moved, PgConn *conn, guint32 table, const char *column, const char *fresh_name,
             GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", table);
    g_autoptr(PgRows) rows = pg_query(conn, error, sql_moved_columns, oid, column, fresh_name);

    if (rows == NULL)
        return false;
    for (int i = 0; i < pg_rows_count(rows); i++) {
        if (!check_column(rows, i, error) ||
            !parts_check_column(conn, (guint32) pg_integer(rows, i, 0), pg_text(rows, i, 2),
                                pg_text(rows, i, 3), error))
            return false;
        g_ptr_array_add(moved->columns, column_of(rows, i, fresh_name));
        if (!check_dependents(conn, g_ptr_array_index(moved->columns, (guint) i), error))
            return false;
    }
    return true;
}

/* name -> new name of the moved columns of @table. */
static GHashTable *
fresh_names(const Moved *moved, const char *table)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);

    for (guint i = 0; i < moved->columns->len; i++) {
        MovedColumn *column = g_ptr_array_index(moved->columns, i);

        if (strcmp(column->table, table) == 0)
            g_hash_table_insert(names, column->name, g_strdup(column->fresh_name));
    }
    return names;
}

static bool
check_object(const PgRows *rows, int i, GError **error)
{
    const char *table = pg_text(rows, i, 2), *name = pg_text(rows, i, 3);

    if (strcmp(pg_text(rows, i, 0), "x") == 0 || strcmp(pg_text(rows, i, 0), "t") == 0) {
        error_set(error, ERROR_STATE, "constraint %s of %s cannot be made again without a lock",
                  name, table);
        return error_hint(error,
                          "Drop it in a revision before this one, or write this one by hand.");
    }
    if (pg_bool(rows, i, 7)) {
        error_set(error, ERROR_STATE, "index %s is the replica identity of %s", name, table);
        return error_hint(error, "Set another one first: ALTER TABLE %s REPLICA IDENTITY ..",
                          table);
    }
    if (pg_bool(rows, i, 9) && pg_bool(rows, i, 10)) {
        error_set(error, ERROR_STATE,
                  "foreign key %s goes from %s, which is partitioned, to a partitioned table: it "
                  "has to be made again with the key that it needs, and the server takes none NOT "
                  "VALID there",
                  name, table);
        return error_hint(error,
                          "Drop it in a revision before this one, and add it again with `sluice "
                          "revision --add-foreign-key` in one behind it; no row is checked "
                          "meanwhile.");
    }
    if (pg_bool(rows, i, 9) && strcmp(pg_text(rows, i, 0), "u") == 0 &&
        strstr(pg_text(rows, i, 4), " NULLS NOT DISTINCT")) {
        error_set(error, ERROR_STATE,
                  "constraint %s of %s, which is partitioned, is NULLS NOT "
                  "DISTINCT",
                  name, table);
        return error_hint(error, "Write this revision by hand.");
    }
    return parts_check_name("constraint or index", name, error);
}

/* Columns of moved-objects.sql. */
static MovedObject *
object_of(const Moved *moved, const PgRows *rows, int i)
{
    MovedObject *object = g_new0(MovedObject, 1);
    const char *name = pg_text(rows, i, 3), *definition = pg_text(rows, i, 4);
    const char *body = strstr(definition, " USING ");
    g_autoptr(GHashTable) names = fresh_names(moved, pg_text(rows, i, 2));

    object->kind = pg_text(rows, i, 0)[0];
    object->table = g_strdup(pg_text(rows, i, 2));
    object->name = pg_quote_identifier(name);
    object->fresh = parts_name(name, "_new");
    object->past = parts_name(name, "_old");
    object->suffix = g_strdup(pg_text(rows, i, 6));
    object->is_unique = g_str_has_prefix(definition, "CREATE UNIQUE ");
    object->comes_late = pg_bool(rows, i, 10);
    if (object->kind == 'f') {
        object->definition = g_strdup(definition);
        object->past_definition = g_strdup(pg_text(rows, i, 5));
        return object;
    }
    object->schema =
        g_strndup(object->table, (gsize) (strrchr(object->table, '.') - object->table));
    object->past_definition = g_strdup(object->kind == 'c' || body == NULL ? definition : body + 1);
    object->definition = sql_rename_columns(object->past_definition, names);
    return object;
}

/* The moved columns as three arrays of the server: relations, numbers, new names. */
typedef struct {
    GString *relations, *numbers, *names;
} Arrays;

static void
arrays_clear(Arrays *arrays)
{
    g_string_free(arrays->relations, TRUE);
    g_string_free(arrays->numbers, TRUE);
    g_string_free(arrays->names, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Arrays, arrays_clear)

/* "\"say \\\"x\\\"\"": an element of an array. */
static void
append_element(GString *array, const char *name)
{
    g_string_append_c(array, '"');
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            g_string_append_c(array, '\\');
        g_string_append_c(array, *name);
    }
    g_string_append_c(array, '"');
}

static void
arrays_init(Arrays *arrays, const Moved *moved)
{
    *arrays = (Arrays){g_string_new("{"), g_string_new("{"), g_string_new("{")};
    for (guint i = 0; i < moved->columns->len; i++) {
        const MovedColumn *column = g_ptr_array_index(moved->columns, i);
        const char *comma = i > 0 ? "," : "";

        g_string_append_printf(arrays->relations, "%s%u", comma, column->oid);
        g_string_append_printf(arrays->numbers, "%s%d", comma, column->number);
        g_string_append(arrays->names, comma);
        append_element(arrays->names, column->fresh_name);
    }
    g_string_append_c(arrays->relations, '}');
    g_string_append_c(arrays->numbers, '}');
    g_string_append_c(arrays->names, '}');
}

/* Of an object whose table is partitioned: its own on each partition. A CHECK is the server's to
 * bring there. */
static bool
load_parts(PgConn *conn, const PgRows *rows, int i, MovedObject *object, GError **error)
{
    const char *oid = pg_text(rows, i, 8);

    if (!pg_bool(rows, i, 9) || object->kind == 'c')
        return true;
    object->parts = object->kind == 'f' ? parts_of_foreign_key(conn, oid, error)
                                        : parts_of_index(conn, oid, error);
    return object->parts != NULL;
}

static bool
load_objects(Moved *moved, PgConn *conn, const MovedColumn *column, GHashTable *seen,
             GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", column->oid);
    g_autofree char *number = g_strdup_printf("%d", column->number);
    g_auto(Arrays) arrays = {0};
    g_autoptr(PgRows) rows = NULL;

    arrays_init(&arrays, moved);
    rows = pg_query(conn, error, sql_moved_objects, oid, number, arrays.relations->str,
                    arrays.numbers->str, arrays.names->str);
    if (rows == NULL)
        return false;
    for (int i = 0; i < pg_rows_count(rows); i++) {
        if (!g_hash_table_add(seen, g_strdup(pg_text(rows, i, 1))))
            continue;
        if (!check_object(rows, i, error))
            return false;
        g_ptr_array_add(moved->objects, object_of(moved, rows, i));
        if (!load_parts(conn, rows, i, moved->objects->pdata[moved->objects->len - 1], error))
            return false;
    }
    return true;
}

Moved *
moved_load(PgConn *conn, guint32 table, const char *column, const char *fresh_name, GError **error)
{
    g_autoptr(Moved) moved = g_new0(Moved, 1);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    moved->columns = g_ptr_array_new_with_free_func((GDestroyNotify) column_free);
    moved->objects = g_ptr_array_new_with_free_func((GDestroyNotify) object_free);
    if (!load_columns(moved, conn, table, column, fresh_name, error))
        return NULL;
    for (guint i = 0; i < moved->columns->len; i++)
        if (!load_objects(moved, conn, g_ptr_array_index(moved->columns, i), seen, error))
            return NULL;
    return g_steal_pointer(&moved);
}
