#include <string.h>

#include "author/moved-sql.h"
#include "author/moved.h"
#include "author/recipe-task.h"
#include "base/error.h"

typedef struct {
    const char *type;    /* as written: "bigint", "numeric(12,2)" */
    const char *forward; /* old value -> new; NULL: a cast */
    const char *reverse; /* new value -> old; NULL: a cast, or between integers one that wraps round
                            and so stays unique */
    const Moved *moved;
    Draft *draft;
} Change;

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
is_asked_for(const Change *change, const MovedColumn *column)
{
    return column == g_ptr_array_index(change->moved->columns, 0);
}

static void
append_pair(const Change *change, const MovedColumn *column, GString *forward, GString *reverse)
{
    const bool own = is_asked_for(change, column);
    const char *comma = forward->len > 0 ? ", " : "";
    g_autofree char *cast = g_strdup_printf("%s::%s", column->quoted, change->type);
    g_autofree char *back = narrow(column, change->type);

    g_string_append_printf(forward, "%s%s AS %s", comma,
                           own && change->forward ? change->forward : cast, column->fresh);
    g_string_append_printf(reverse, "%s%s AS %s", comma,
                           own && change->reverse ? change->reverse : back, column->quoted);
}

/* One mapping a table: a column that references another one of its own table stands with it. */
static void
append_mappings(const Change *change)
{
    const GPtrArray *columns = change->moved->columns;
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < columns->len; i++) {
        const MovedColumn *first = g_ptr_array_index(columns, i);
        g_autoptr(GString) forward = g_string_new(NULL);
        g_autoptr(GString) reverse = g_string_new(NULL);

        if (!g_hash_table_add(seen, first->table))
            continue;
        for (guint k = i; k < columns->len; k++) {
            const MovedColumn *column = g_ptr_array_index(columns, k);

            if (strcmp(column->table, first->table) == 0)
                append_pair(change, column, forward, reverse);
        }
        draft_add_mapping(change->draft, first->table, forward->str, reverse->str);
    }
}

static void
append_column(const Change *change, const MovedColumn *column)
{
    draft_add(change->draft, SECTION_EXPAND, "ALTER TABLE %s ADD COLUMN %s %s;\n", column->table,
              column->fresh, change->type);
    draft_add(change->draft, SECTION_CUTOVER,
              "ALTER TABLE %s RENAME COLUMN %s TO %s;\n"
              "ALTER TABLE %s RENAME COLUMN %s TO %s;\n",
              column->table, column->quoted, column->past, column->table, column->fresh,
              column->quoted);
    draft_add(change->draft, SECTION_CUTOVER_UNDO,
              "ALTER TABLE %s RENAME COLUMN %s TO %s;\n"
              "ALTER TABLE %s RENAME COLUMN %s TO %s;\n",
              column->table, column->quoted, column->fresh, column->table, column->past,
              column->quoted);
    draft_add(change->draft, SECTION_CONTRACT, "ALTER TABLE %s DROP COLUMN %s;\n", column->table,
              column->past);
}

/* What finish built on the old columns, for the way back. */
static void
append_unbuild(const Change *change, const MovedObject *object)
{
    if (object->parts && object->kind == 'p')
        parts_drop_leaves(draft_section(change->draft, SECTION_DOWNGRADE), object->parts,
                          PART_PAST);
    else if (object->parts == NULL)
        draft_add(change->draft, SECTION_DOWNGRADE, "DROP INDEX CONCURRENTLY IF EXISTS %s.%s;\n",
                  object->schema, object->past);
}

static void
append_forget(const Change *change, const MovedObject *object)
{
    moved_sql_forget(draft_section(change->draft, SECTION_DOWNGRADE), object);
}

static void
append_downgrade(const Change *change)
{
    for (guint i = change->moved->columns->len; i-- > 0;) {
        const MovedColumn *column = g_ptr_array_index(change->moved->columns, i);

        draft_add(change->draft, SECTION_DOWNGRADE, "ALTER TABLE %s DROP COLUMN %s;\n",
                  column->table, column->fresh);
    }
}

/* Behind the renames, and without a scan, for sluice's CHECK is validated. Before the keys: that of
 * a partitioned table asks its partitions for it. */
static void
append_not_null(const Change *change, const MovedColumn *column)
{
    if (column->not_null)
        draft_add(change->draft, SECTION_CUTOVER, "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;\n",
                  column->table, column->quoted);
}

/* Behind the keys and identities, which would be in its way. */
static void
append_nullable(const Change *change, const MovedColumn *column)
{
    if (column->not_null)
        draft_add(change->draft, SECTION_CUTOVER_UNDO,
                  "ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL;\n", column->table, column->fresh);
}

static void
append_values(const Change *change, const MovedColumn *column)
{
    GString *cutover = draft_section(change->draft, SECTION_CUTOVER);
    GString *undo = draft_section(change->draft, SECTION_CUTOVER_UNDO);

    if (column->identity && column->sequence) {
        moved_sql_identity(cutover, column, column->past, column->quoted);
        moved_sql_identity(undo, column, column->fresh, column->quoted);
    } else if (column->default_sql) {
        g_autofree char *value =
            column->sequence ? g_strdup(column->default_sql)
                             : g_strdup_printf("(%s)::%s", column->default_sql, change->type);

        moved_sql_default(cutover, column, column->past, column->quoted, value);
        moved_sql_default(undo, column, column->fresh, column->quoted, column->default_sql);
        if (column->sequence && integer_bits(change->type))
            g_string_append_printf(cutover, "ALTER SEQUENCE %s AS %s;\n", column->sequence,
                                   change->type);
    }
}

/* Without a lock that an app waits for, and before the column that it is on. */
static void
append_drop(const Change *change, const MovedObject *object)
{
    GString *contract = draft_section(change->draft, SECTION_CONTRACT);

    if (object->parts && object->kind == 'p')
        parts_drop_leaves(contract, object->parts, PART_PAST);
    else if (object->parts && object->kind == 'u')
        g_string_append_printf(contract, "ALTER TABLE %s DROP CONSTRAINT %s;\n", object->table,
                               object->past);
    else
        g_string_append_printf(contract, "DROP INDEX %s%s.%s;\n",
                               object->parts ? "" : "CONCURRENTLY ", object->schema, object->past);
}

/* finish runs again after a cutover was undone: so it validates what the undo had no time for, and
 * builds what the undo dropped. */
static void
append_finish(const Change *change, const MovedObject *object)
{
    GString *finish = draft_section(change->draft, SECTION_FINISH);

    if (object->kind == 'f' && object->parts)
        parts_complete_foreign_key(finish, object->parts, object->past_definition);
    else if (object->kind == 'f' || object->kind == 'c')
        g_string_append_printf(finish, "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n", object->table,
                               object->name);
    moved_sql_build(finish, object);
    if (object->kind == 'p' && object->parts)
        parts_build_leaves(finish, object->parts, PART_PAST, object->past_definition);
    else if (object->parts == NULL && (object->kind == 'p' || object->kind == 'u'))
        moved_sql_index(finish, object, object->past, object->past_definition);
}

/* Before the columns are renamed: what holds the old ones goes. */
static void
append_release(const Change *change, const MovedObject *object)
{
    if (object->kind == 'u' && object->parts)
        return; /* it is renamed, as an index is */
    moved_sql_release(draft_section(change->draft, SECTION_CUTOVER), object);
    moved_sql_release(draft_section(change->draft, SECTION_CUTOVER_UNDO), object);
}

/* The old ones stay, by another name, for the way back; but of a primary key there is only one. */
static void
take_over_parts(const MovedObject *object, GString *cutover, GString *undo)
{
    switch (object->kind) {
    case 'p':
        parts_add_key(undo, object->parts, PART_PAST, moved_sql_columns(object->past_definition),
                      object->suffix);
        break;
    case 'f':
        parts_add_foreign_key(undo, object->parts, object->past_definition);
        break;
    default:
        parts_rename_index(cutover, object->parts, PART_NAME, PART_PAST);
        if (object->kind == 'u')
            moved_sql_release(undo, object);
        else
            g_string_append_printf(undo, "DROP INDEX %s.%s;\n", object->schema, object->name);
        parts_rename_index(undo, object->parts, PART_PAST, PART_NAME);
    }
    moved_sql_take_over(cutover, object, object->past_definition);
}

/* Before anything goes for good. */
static void
append_proof(const Change *change, const MovedObject *object)
{
    if (object->comes_late)
        moved_sql_prove(draft_section(change->draft, SECTION_CONTRACT), object);
}

/* Behind it: what holds the new ones takes over the names. */
static void
append_take_over(const Change *change, const MovedObject *object)
{
    GString *cutover = draft_section(change->draft, SECTION_CUTOVER);
    GString *undo = draft_section(change->draft, SECTION_CUTOVER_UNDO);

    if (object->parts) {
        take_over_parts(object, cutover, undo);
        return;
    }
    switch (object->kind) {
    case 'p':
    case 'u':
        moved_sql_key(undo, object, object->past);
        break;
    case 'i':
        g_string_append_printf(cutover, "ALTER INDEX %s.%s RENAME TO %s;\n", object->schema,
                               object->name, object->past);
        g_string_append_printf(undo, "DROP INDEX %s.%s;\nALTER INDEX %s.%s RENAME TO %s;\n",
                               object->schema, object->name, object->schema, object->past,
                               object->name);
        break;
    default:
        g_string_append_printf(undo, "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;\n",
                               object->table, object->name, object->past_definition);
    }
    moved_sql_take_over(cutover, object, object->past_definition);
}

typedef void (*AppendObject)(const Change *change, const MovedObject *object);

/* Kind by kind: a foreign key goes before the key that it needs, and comes behind it. */
static void
append_objects(const Change *change, const char *kinds, AppendObject append)
{
    for (const char *kind = kinds; *kind; kind++) {
        for (guint i = 0; i < change->moved->objects->len; i++) {
            const MovedObject *object = g_ptr_array_index(change->moved->objects, i);

            if (object->kind == *kind)
                append(change, object);
        }
    }
}

/* The one expression that an option may give. */
static bool
find_expression(const RecipeTask *task, const char *option, const GPtrArray *given,
                const char **ret_expression, GError **error)
{
    if (given == NULL)
        return true;
    if (given->len > 1)
        return error_set(error, ERROR_USAGE, "--%s takes one --%s, and there are %u",
                         task->recipe->option, option, given->len);
    *ret_expression = given->pdata[0];
    return true;
}

static void
append_all(const Change *change)
{
    const GPtrArray *columns = change->moved->columns;

    append_objects(change, "f", append_proof);
    append_objects(change, "pui", append_drop);
    append_objects(change, "fcpu", append_release);
    for (guint i = 0; i < columns->len; i++)
        append_column(change, g_ptr_array_index(columns, i));
    append_mappings(change);
    for (guint i = 0; i < columns->len; i++)
        append_not_null(change, g_ptr_array_index(columns, i));
    append_objects(change, "pui", append_take_over);
    for (guint i = 0; i < columns->len; i++)
        append_values(change, g_ptr_array_index(columns, i));
    for (guint i = 0; i < columns->len; i++)
        append_nullable(change, g_ptr_array_index(columns, i));
    append_objects(change, "fc", append_take_over);
    append_objects(change, "puifc", append_finish);
    append_objects(change, "pu", append_unbuild);
    append_objects(change, "f", append_forget);
    append_downgrade(change);
}

static bool
check_type(PgConn *conn, const char *type, GError **error)
{
    g_autoptr(PgRows) rows = pg_query(conn, error, "SELECT to_regtype($1) IS NOT NULL", type);

    if (rows == NULL)
        return false;
    if (pg_bool(rows, 0, 0))
        return true;
    error_set(error, ERROR_STATE, "there is no type \"%s\"", type);
    return error_hint(error, "Check its name, and that the role's search_path leads to it.");
}

/* Does the CHECK, which finish will add, make sense for values of the new type? */
static bool
check_condition(PgConn *conn, const Change *change, const MovedObject *object, GError **error)
{
    const char *begin = strchr(object->definition, '('), *end = strrchr(object->definition, ')');
    g_autoptr(GString) sql = g_string_new("SELECT ");
    g_autoptr(PgRows) rows = NULL;
    g_autoptr(GError) cause = NULL;

    g_string_append_len(sql, begin, end + 1 - begin);
    g_string_append(sql, " FROM (SELECT t.*");
    for (guint i = 0; i < change->moved->columns->len; i++) {
        const MovedColumn *column = g_ptr_array_index(change->moved->columns, i);
        if (strcmp(column->table, object->table) == 0)
            g_string_append_printf(sql, ", NULL::%s AS %s", change->type, column->fresh);
    }
    g_string_append_printf(sql, " FROM %s t) t LIMIT 0", object->table);
    rows = pg_query(conn, &cause, sql->str);
    if (rows != NULL)
        return true;
    error_set(error, ERROR_STATE, "constraint %s of %s does not fit type %s: %s", object->name,
              object->table, change->type, cause->message);
    return error_hint(error, "Drop it in a revision before this one, and add one that fits behind "
                             "it; or write this one by hand.");
}

/* What finish would find out after hours of a backfill is asked now. */
static bool
check_with_server(PgConn *conn, const Change *change, GError **error)
{
    if (!check_type(conn, change->type, error))
        return false;
    for (guint i = 0; i < change->moved->objects->len; i++) {
        const MovedObject *object = g_ptr_array_index(change->moved->objects, i);
        if (object->kind == 'c' && !check_condition(conn, change, object, error))
            return false;
    }
    return true;
}

/* A column of the new type is added beside the old one, kept equal by triggers, filled and indexed;
 * the cutover swaps the names, with keys, defaults and foreign keys, in one short transaction; its
 * undo swaps them back; contract drops what was. Columns that reference it change with it. */
bool
recipe_type_change(RecipeTask *task, GError **error)
{
    g_autoptr(Moved) moved = NULL;
    Change change = {.type = task->target, .draft = &task->draft};

    if (!find_expression(task, "using", task->request->using, &change.forward, error) ||
        !find_expression(task, "reverse", task->request->reverse, &change.reverse, error))
        return false;
    moved = moved_load(task->conn, task->table->oid, task->columns[0], NULL, error);
    if (moved == NULL)
        return false;
    change.moved = moved;
    if (!check_with_server(task->conn, &change, error))
        return false;
    append_all(&change);
    return true;
}
