#include "author/moved-sql.h"

#include <string.h>

void
moved_sql_index(GString *sql, const MovedObject *object, const char *name, const char *definition)
{
    g_string_append_printf(sql, "CREATE %sINDEX CONCURRENTLY %s ON %s %s;\n",
                           object->is_unique ? "UNIQUE " : "", name, object->table, definition);
}

const char *
moved_sql_columns(const char *definition)
{
    const char *columns = strchr(definition, '(');

    return columns ? columns : definition;
}

static void
build_parts(GString *sql, const MovedObject *object)
{
    switch (object->kind) {
    case 'p':
        parts_build_leaves(sql, object->parts, PART_FRESH, object->definition);
        break;
    case 'u':
        parts_build_unique(sql, object->parts, PART_FRESH, moved_sql_columns(object->definition),
                           object->suffix);
        break;
    case 'i':
        parts_build_index(sql, object->parts, PART_FRESH, object->is_unique, object->definition);
        break;
    default:
        parts_build_foreign_key(sql, object->parts, PART_FRESH, object->definition);
    }
}

void
moved_sql_build(GString *sql, const MovedObject *object)
{
    if (object->comes_late)
        return;
    if (object->parts) {
        build_parts(sql, object);
        return;
    }
    if (object->kind != 'f' && object->kind != 'c') {
        moved_sql_index(sql, object, object->fresh, object->definition);
        return;
    }
    g_string_append_printf(sql,
                           "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;\n"
                           "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n",
                           object->table, object->fresh, object->definition, object->table,
                           object->fresh);
}

void
moved_sql_release(GString *sql, const MovedObject *object)
{
    if (object->kind != 'i')
        g_string_append_printf(sql, "ALTER TABLE %s DROP CONSTRAINT %s;\n", object->table,
                               object->name);
}

void
moved_sql_forget(GString *sql, const MovedObject *object)
{
    if (object->comes_late)
        return;
    if (object->parts)
        parts_drop_constraint(sql, object->parts, PART_FRESH);
    else
        g_string_append_printf(sql, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s;\n", object->table,
                               object->fresh);
}

void
moved_sql_key(GString *sql, const MovedObject *object, const char *index)
{
    g_string_append_printf(sql, "ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s%s;\n",
                           object->table, object->name,
                           object->kind == 'p' ? "PRIMARY KEY" : "UNIQUE", index, object->suffix);
}

static void
take_over_parts(GString *sql, const MovedObject *object, const char *definition)
{
    switch (object->kind) {
    case 'p':
        parts_add_key(sql, object->parts, PART_FRESH, moved_sql_columns(definition),
                      object->suffix);
        break;
    case 'f':
        parts_rename_foreign_key(sql, object->parts, PART_FRESH, PART_NAME);
        break;
    default:
        parts_rename_index(sql, object->parts, PART_FRESH, PART_NAME);
    }
}

void
moved_sql_take_over(GString *sql, const MovedObject *object, const char *definition)
{
    if (object->parts) {
        take_over_parts(sql, object, definition);
        return;
    }
    if (object->comes_late) {
        g_string_append_printf(sql, "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;\n",
                               object->table, object->name, definition);
        return;
    }
    switch (object->kind) {
    case 'p':
    case 'u':
        moved_sql_key(sql, object, object->fresh);
        break;
    case 'i':
        g_string_append_printf(sql, "ALTER INDEX %s.%s RENAME TO %s;\n", object->schema,
                               object->fresh, object->name);
        break;
    default:
        g_string_append_printf(sql, "ALTER TABLE %s RENAME CONSTRAINT %s TO %s;\n", object->table,
                               object->fresh, object->name);
    }
}

void
moved_sql_prove(GString *sql, const MovedObject *object)
{
    if (object->comes_late)
        g_string_append_printf(sql, "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n", object->table,
                               object->name);
}

void
moved_sql_identity(GString *sql, const MovedColumn *column, const char *from, const char *to)
{
    const char *dot = strrchr(column->sequence, '.');
    g_autofree char *name = g_strdup(dot ? dot + 1 : column->sequence);
    g_autofree char *fresh = g_strconcat(column->sequence, "_new", NULL);
    g_autofree char *fresh_literal = pg_quote_literal(fresh);
    g_autofree char *literal = pg_quote_literal(column->sequence);

    g_string_append_printf(sql,
                           "ALTER TABLE %s ALTER COLUMN %s ADD GENERATED %s AS IDENTITY (SEQUENCE "
                           "NAME %s);\n"
                           "SELECT setval(%s, nextval(%s));\n"
                           "ALTER TABLE %s ALTER COLUMN %s DROP IDENTITY;\n"
                           "ALTER SEQUENCE %s RENAME TO %s;\n",
                           column->table, to, column->identity == 'a' ? "ALWAYS" : "BY DEFAULT",
                           fresh, fresh_literal, literal, column->table, from, fresh, name);
}

void
moved_sql_default(GString *sql, const MovedColumn *column, const char *from, const char *to,
                  const char *value)
{
    g_string_append_printf(sql,
                           "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT, ALTER COLUMN %s SET "
                           "DEFAULT %s;\n",
                           column->table, from, to, value);
    if (column->sequence)
        g_string_append_printf(sql, "ALTER SEQUENCE %s OWNED BY %s.%s;\n", column->sequence,
                               column->table, to);
}
