#include "author/type-change.h"

#include <string.h>

#include "author/moved.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "sql/script.h"

/* The sections as they grow. */
typedef struct {
    const TypeChange *change;
    const Moved *moved;
    GString *expand, *sync, *finish, *cutover, *undo, *contract, *downgrade;
} Draft;

static void
draft_init(Draft *draft, const TypeChange *change, const Moved *moved)
{
    *draft = (Draft){.change = change, .moved = moved};
    draft->expand = g_string_new(NULL);
    draft->sync = g_string_new(NULL);
    draft->finish = g_string_new(NULL);
    draft->cutover = g_string_new(NULL);
    draft->undo = g_string_new(NULL);
    draft->contract = g_string_new(NULL);
    draft->downgrade = g_string_new(NULL);
}

static void
draft_clear(Draft *draft)
{
    GString *const sections[] = {draft->expand, draft->sync,     draft->finish,   draft->cutover,
                                 draft->undo,   draft->contract, draft->downgrade};

    for (guint i = 0; i < G_N_ELEMENTS(sections); i++)
        g_string_free(sections[i], TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Draft, draft_clear)

/* Bits of an integer type; 0: none. */
static int
integer_bits(const char *type)
{
    static const struct {
        const char *name;
        int bits;
    } types[] = {{"smallint", 16}, {"int2", 16},   {"integer", 32}, {"int", 32},
                 {"int4", 32},     {"bigint", 64}, {"int8", 64}};

    for (guint i = 0; i < G_N_ELEMENTS(types); i++)
        if (strcmp(types[i].name, type) == 0)
            return types[i].bits;
    return 0;
}

/* What the old type cannot hold wraps round, as the processor's own arithmetic does: two new values
 * less than a whole turn apart stay two old ones, so that keys hold and the way back stays open. */
static char *
narrow(const MovedColumn *column, const char *new_type)
{
    const int bits = integer_bits(column->type);

    if (bits > 0 && bits < integer_bits(new_type)) {
        const gint64 half = G_GINT64_CONSTANT(1) << (bits - 1);

        return g_strdup_printf("((%s + %" G_GINT64_FORMAT ") %% %" G_GINT64_FORMAT
                               " - %" G_GINT64_FORMAT ")::%s",
                               column->fresh, half, 2 * half, half, column->type);
    }
    return g_strdup_printf("%s::%s", column->fresh, column->type);
}

static bool
is_asked_for(const Draft *draft, const MovedColumn *column)
{
    return column == g_ptr_array_index(draft->moved->columns, 0);
}

static void
append_mapping(const Draft *draft, const MovedColumn *column)
{
    const TypeChange *change = draft->change;
    g_autofree char *cast = g_strdup_printf("%s::%s", column->quoted, change->type);
    g_autofree char *back = narrow(column, change->type);
    const bool own = is_asked_for(draft, column);

    g_string_append_printf(draft->sync,
                           "-- sluice: sync %s\nSELECT %s AS %s;\n"
                           "-- sluice: sync %s reverse\nSELECT %s AS %s;\n\n",
                           column->table, own && change->forward ? change->forward : cast,
                           column->fresh, column->table,
                           own && change->reverse ? change->reverse : back, column->quoted);
}

static void
append_column(const Draft *draft, const MovedColumn *column)
{
    g_string_append_printf(draft->expand, "ALTER TABLE %s ADD COLUMN %s %s;\n", column->table,
                           column->fresh, draft->change->type);
    append_mapping(draft, column);
    g_string_append_printf(draft->cutover,
                           "ALTER TABLE %s RENAME COLUMN %s TO %s;\n"
                           "ALTER TABLE %s RENAME COLUMN %s TO %s;\n",
                           column->table, column->quoted, column->past, column->table,
                           column->fresh, column->quoted);
    g_string_append_printf(draft->undo,
                           "ALTER TABLE %s RENAME COLUMN %s TO %s;\n"
                           "ALTER TABLE %s RENAME COLUMN %s TO %s;\n",
                           column->table, column->quoted, column->fresh, column->table,
                           column->past, column->quoted);
    g_string_append_printf(draft->contract, "ALTER TABLE %s DROP COLUMN %s;\n", column->table,
                           column->past);
    g_string_append_printf(draft->downgrade, "ALTER TABLE %s DROP COLUMN %s;\n", column->table,
                           column->fresh);
}

/* A sequence of its own moves with the values; an identity's belongs to its column, so the new
 * column gets one that goes on from there. */
static void
append_identity(GString *sql, const MovedColumn *column, const char *other)
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
                           column->table, column->quoted,
                           column->identity == 'a' ? "ALWAYS" : "BY DEFAULT", fresh, fresh_literal,
                           literal, column->table, other, fresh, name);
}

static void
append_default(GString *sql, const MovedColumn *column, const char *other, const char *value)
{
    g_string_append_printf(sql,
                           "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT, ALTER COLUMN %s SET "
                           "DEFAULT %s;\n",
                           column->table, other, column->quoted, value);
    if (column->sequence)
        g_string_append_printf(sql, "ALTER SEQUENCE %s OWNED BY %s.%s;\n", column->sequence,
                               column->table, column->quoted);
}

/* Behind the renames and the keys: the new column is NOT NULL without a scan, for sluice's CHECK is
 * validated. */
static void
append_values(const Draft *draft, const MovedColumn *column)
{
    if (column->not_null)
        g_string_append_printf(draft->cutover, "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;\n",
                               column->table, column->quoted);
    if (column->identity && column->sequence) {
        append_identity(draft->cutover, column, column->past);
        append_identity(draft->undo, column, column->fresh);
    } else if (column->default_sql) {
        g_autofree char *value = column->sequence ? g_strdup(column->default_sql)
                                                  : g_strdup_printf("(%s)::%s", column->default_sql,
                                                                    draft->change->type);

        append_default(draft->cutover, column, column->past, value);
        append_default(draft->undo, column, column->fresh, column->default_sql);
        if (column->sequence && integer_bits(draft->change->type))
            g_string_append_printf(draft->cutover, "ALTER SEQUENCE %s AS %s;\n", column->sequence,
                                   draft->change->type);
    }
}

static void
append_index(GString *sql, const MovedObject *object, const char *name, const char *definition)
{
    g_string_append_printf(sql, "CREATE %sINDEX CONCURRENTLY %s ON %s %s;\n",
                           object->is_unique ? "UNIQUE " : "", name, object->table, definition);
}

/* Without a lock that an app waits for, and before the column that it is on. */
static void
append_drop(const Draft *draft, const MovedObject *object)
{
    g_string_append_printf(draft->contract, "DROP INDEX CONCURRENTLY %s.%s;\n", object->schema,
                           object->past);
}

/* finish runs again after a cutover was undone: so it validates what the undo had no time for, and
 * builds what the undo dropped. */
static void
append_finish(const Draft *draft, const MovedObject *object)
{
    switch (object->kind) {
    case 'p':
    case 'u':
        append_index(draft->finish, object, object->fresh, object->definition);
        append_index(draft->finish, object, object->past, object->past_definition);
        break;
    case 'i':
        append_index(draft->finish, object, object->fresh, object->definition);
        break;
    default:
        g_string_append_printf(draft->finish,
                               "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n"
                               "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;\n"
                               "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n",
                               object->table, object->name, object->table, object->fresh,
                               object->definition, object->table, object->fresh);
    }
}

/* Before the columns are renamed: what holds the old ones goes. */
static void
append_release(const Draft *draft, const MovedObject *object)
{
    if (object->kind == 'i')
        return;
    g_string_append_printf(draft->cutover, "ALTER TABLE %s DROP CONSTRAINT %s;\n", object->table,
                           object->name);
    g_string_append_printf(draft->undo, "ALTER TABLE %s DROP CONSTRAINT %s;\n", object->table,
                           object->name);
}

static const char *
key_words(const MovedObject *object)
{
    return object->kind == 'p' ? "PRIMARY KEY" : "UNIQUE";
}

/* Behind it: what holds the new ones takes over the names. */
static void
append_take_over(const Draft *draft, const MovedObject *object)
{
    switch (object->kind) {
    case 'p':
    case 'u':
        g_string_append_printf(
            draft->cutover, "ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s%s;\n",
            object->table, object->name, key_words(object), object->fresh, object->suffix);
        g_string_append_printf(
            draft->undo, "ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s%s;\n", object->table,
            object->name, key_words(object), object->past, object->suffix);
        break;
    case 'i':
        g_string_append_printf(draft->cutover,
                               "ALTER INDEX %s.%s RENAME TO %s;\nALTER INDEX %s.%s RENAME TO %s;\n",
                               object->schema, object->name, object->past, object->schema,
                               object->fresh, object->name);
        g_string_append_printf(draft->undo, "DROP INDEX %s.%s;\nALTER INDEX %s.%s RENAME TO %s;\n",
                               object->schema, object->name, object->schema, object->past,
                               object->name);
        break;
    default:
        g_string_append_printf(draft->cutover, "ALTER TABLE %s RENAME CONSTRAINT %s TO %s;\n",
                               object->table, object->fresh, object->name);
        g_string_append_printf(draft->undo, "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;\n",
                               object->table, object->name, object->past_definition);
    }
}

typedef void (*AppendObject)(const Draft *draft, const MovedObject *object);

/* Kind by kind: a foreign key goes before the key that it needs, and comes behind it. */
static void
append_objects(const Draft *draft, const char *kinds, AppendObject append)
{
    for (const char *kind = kinds; *kind; kind++) {
        for (guint i = 0; i < draft->moved->objects->len; i++) {
            const MovedObject *object = g_ptr_array_index(draft->moved->objects, i);

            if (object->kind == *kind)
                append(draft, object);
        }
    }
}

/* One mapping a table is what a revision can have. */
static bool
check_tables(const Moved *moved, GError **error)
{
    g_autoptr(GHashTable) tables = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < moved->columns->len; i++) {
        MovedColumn *column = g_ptr_array_index(moved->columns, i);

        if (g_hash_table_add(tables, column->table))
            continue;
        error_set(error, ERROR_STATE, "two columns of %s change together, %s among them",
                  column->table, column->name);
        return error_hint(error, "Write this revision by hand: both stand in one sync section.");
    }
    return true;
}

static char *
assemble(const Draft *draft)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "-- sluice: expand\n%s\n%s", draft->expand->str, draft->sync->str);
    if (draft->finish->len > 0)
        g_string_append_printf(text, "-- sluice: finish\n%s\n", draft->finish->str);
    g_string_append_printf(text,
                           "-- sluice: cutover\n%s\n-- sluice: cutover undo\n%s\n"
                           "-- sluice: contract\n%s\n-- sluice: downgrade\n%s",
                           draft->cutover->str, draft->undo->str, draft->contract->str,
                           draft->downgrade->str);
    return g_string_free(text, FALSE);
}

char *
type_change_sections(PgConn *conn, const TypeChange *change, GError **error)
{
    g_autofree char *schema = NULL, *name = NULL;
    g_autoptr(CatalogTable) table = NULL;
    g_autoptr(Moved) moved = NULL;
    g_auto(Draft) draft = {0};

    draft_init(&draft, change, NULL);
    if (!sql_name_parse(change->table, (Place){0}, &schema, &name, error))
        return NULL;
    table = catalog_require_table(conn, schema, name, error);
    if (table == NULL)
        return NULL;
    if (catalog_column(table, change->column) == NULL) {
        error_set(error, ERROR_STATE, "%s has no column \"%s\"", table->quoted, change->column);
        return NULL;
    }
    moved = moved_load(conn, table->oid, change->column, error);
    if (moved == NULL || !check_tables(moved, error))
        return NULL;
    draft.moved = moved;
    append_objects(&draft, "pui", append_drop);
    append_objects(&draft, "fcpu", append_release);
    for (guint i = 0; i < moved->columns->len; i++)
        append_column(&draft, g_ptr_array_index(moved->columns, i));
    append_objects(&draft, "pui", append_take_over);
    for (guint i = 0; i < moved->columns->len; i++)
        append_values(&draft, g_ptr_array_index(moved->columns, i));
    append_objects(&draft, "fc", append_take_over);
    append_objects(&draft, "puifc", append_finish);
    return assemble(&draft);
}
