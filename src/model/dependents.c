#include <string.h>

#include "model/state.h"

static bool
is_word(char c)
{
    return g_ascii_isalnum(c) || c == '_' || (guchar) c >= 0x80;
}

/* Is it there as a word, in any case? */
static bool
mentions(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = text; text != NULL && *at != '\0'; at++) {
        if (g_ascii_strncasecmp(at, word, length) == 0 && (at == text || !is_word(at[-1])) &&
            !is_word(at[length]))
            return true;
    }
    return false;
}

static void
add(GPtrArray *dependents, const char *kind, const char *schema, const char *name)
{
    bool is_public = g_strcmp0(schema, "public") == 0;
    g_autofree char *label = ddl_name_label((DdlName){is_public ? NULL : schema, name});

    g_ptr_array_add(dependents, g_strdup_printf("%s %s", kind, label));
}

static bool
view_reads(const ModelTable *view, const ModelTable *table, const char *column)
{
    for (guint i = 0; i < view->reads->len; i++) {
        const ModelRead *read = g_ptr_array_index(view->reads, i);
        if (read->table == table && (column == NULL || g_strcmp0(read->column, column) == 0))
            return true;
    }
    return false;
}

static void
add_views(GPtrArray *dependents, const ModelTable *table, const char *column)
{
    for (guint i = 0; i < table->read_by->len; i++) {
        const ModelTable *view = g_ptr_array_index(table->read_by, i);
        if (view_reads(view, table, column))
            add(dependents, view->kind == MODEL_VIEW ? "view" : "materialized view", view->schema,
                view->name);
    }
}

static bool
has_trigger_function(const Model *model, const ModelTable *table, const ModelFunction *function)
{
    for (guint i = 0; i < table->triggers->len; i++) {
        const ModelTrigger *trigger = g_ptr_array_index(table->triggers, i);
        if (model_function(model, trigger->function, 0) == function)
            return true;
    }
    return false;
}

/* A body names the column and the table; a function of a trigger on it need not name the table. */
static void
add_functions(GPtrArray *dependents, const Model *model, const ModelTable *table,
              const char *column)
{
    for (guint i = 0; i < model->functions->len; i++) {
        const ModelFunction *function = g_ptr_array_index(model->functions, i);
        bool names_it = mentions(function->body, table->name);

        if (column != NULL)
            names_it = mentions(function->body, column) &&
                       (names_it || has_trigger_function(model, table, function));
        if (names_it)
            add(dependents, "function", function->schema, function->name);
    }
}

static void
add_triggers(GPtrArray *dependents, const ModelTable *table, const char *column)
{
    for (guint i = 0; column != NULL && i < table->triggers->len; i++) {
        const ModelTrigger *trigger = g_ptr_array_index(table->triggers, i);
        if (model_has_string(trigger->columns, column))
            add(dependents, "trigger", NULL, trigger->name);
    }
}

static void
add_generated(GPtrArray *dependents, const ModelTable *table, const char *column)
{
    for (guint i = 0; column != NULL && i < table->columns->len; i++) {
        const ModelColumn *other = g_ptr_array_index(table->columns, i);
        g_autoptr(GPtrArray) columns = g_ptr_array_new();

        if (!other->is_generated || other->default_expression == NULL)
            continue;
        ddl_columns_read(other->default_expression, columns);
        if (model_has_string(columns, column))
            add(dependents, "generated column", NULL, other->name);
    }
}

static void
add_references(GPtrArray *dependents, const ModelTable *table, const char *column)
{
    for (guint i = 0; i < table->referenced_by->len; i++) {
        const ModelConstraint *key = g_ptr_array_index(table->referenced_by, i);
        g_autofree char *from = NULL, *name = NULL;

        if (key->table == table ||
            (column != NULL && !model_has_string(key->referenced_columns, column)))
            continue;
        from = model_table_label(key->table);
        name = ddl_name_label((DdlName){NULL, key->name});
        g_ptr_array_add(dependents, g_strdup_printf("foreign key %s of %s", name, from));
    }
}

GPtrArray *
model_dependents(const Model *model, const ModelTable *table, const char *column)
{
    GPtrArray *dependents = g_ptr_array_new_with_free_func(g_free);

    add_views(dependents, table, column);
    add_references(dependents, table, column);
    add_generated(dependents, table, column);
    add_triggers(dependents, table, column);
    add_functions(dependents, model, table, column);
    return dependents;
}

GPtrArray *
model_tables_of_type(const Model *model, DdlName type)
{
    GPtrArray *tables = g_ptr_array_new();
    const ModelType *known = model_type(model, type);

    for (guint i = 0; known != NULL && i < model->tables->len; i++) {
        ModelTable *table = g_ptr_array_index(model->tables, i);

        if (table->type == known)
            g_ptr_array_add(tables, table);
    }
    return tables;
}

GPtrArray *
model_users_of_type(const Model *model, DdlName type)
{
    GPtrArray *users = g_ptr_array_new();
    const ModelType *known = model_type(model, type);
    const char *schema = known != NULL ? known->schema : type.schema;

    for (guint i = 0; i < model->tables->len; i++) {
        ModelTable *table = g_ptr_array_index(model->tables, i);
        for (guint k = 0; k < table->columns->len; k++) {
            const ModelColumn *column = g_ptr_array_index(table->columns, k);
            const char *own = column->parsed.name.schema;

            if (g_strcmp0(column->parsed.name.name, type.name) != 0 ||
                (schema != NULL && !g_str_equal(own != NULL ? own : "public", schema)))
                continue;
            g_ptr_array_add(users, table);
            break;
        }
    }
    return users;
}

/* What the server does not drop without CASCADE. */
typedef struct {
    const Model *model;
    const DdlChanges *changes; /* of the statement: what goes together is in nobody's way */
} Refusal;

static bool
drops_constraint(const Refusal *refusal, const ModelConstraint *constraint)
{
    for (guint i = 0; i < ddl_changes_count(refusal->changes); i++) {
        const DdlChange *change = ddl_changes_get(refusal->changes, i);
        if (change->kind == CHANGE_DROP_CONSTRAINT &&
            g_strcmp0(change->constraint_name, constraint->name) == 0 &&
            model_table(refusal->model, change->relation) == constraint->table)
            return true;
    }
    return false;
}

static bool
drops_table(const Refusal *refusal, const ModelTable *table)
{
    for (guint i = 0; i < ddl_changes_count(refusal->changes); i++) {
        const DdlChange *change = ddl_changes_get(refusal->changes, i);
        if (change->kind == CHANGE_DROP && model_table(refusal->model, change->relation) == table)
            return true;
    }
    return false;
}

static char *
table_depends(const char *kind, const ModelTable *table)
{
    g_autofree char *label = model_table_label(table);

    return g_strdup_printf("%s %s depends on it", kind, label);
}

static char *
constraint_depends(const ModelConstraint *constraint)
{
    g_autofree char *label = model_table_label(constraint->table);

    return g_strdup_printf("foreign key %s of %s depends on it",
                           constraint->name ? constraint->name : "", label);
}

static char *
view_depends(const ModelTable *view)
{
    return table_depends(view->kind == MODEL_MATVIEW ? "materialized view" : "view", view);
}

/* A serial column's own sequence may go with the column alone. */
static char *
sequence_in_use(const ModelTable *sequence)
{
    const ModelColumn *column = sequence->owned_by != NULL
                                    ? model_column(sequence->owned_by, sequence->owned_by_column)
                                    : NULL;

    if (column == NULL || !(column->is_serial || column->is_identity))
        return NULL;
    return g_strdup_printf("column %s of %s depends on it", column->name, sequence->owned_by->name);
}

static char *
relation_in_use(const Refusal *refusal, const ModelTable *table)
{
    for (guint i = 0; i < table->read_by->len; i++)
        if (!drops_table(refusal, table->read_by->pdata[i]))
            return view_depends(table->read_by->pdata[i]);
    for (guint i = 0; i < table->referenced_by->len; i++) {
        const ModelConstraint *key = table->referenced_by->pdata[i];
        if (key->table != table && key->table->parent != table && !drops_table(refusal, key->table))
            return constraint_depends(key);
    }
    for (guint i = 0; !table->partitioned && i < table->children->len; i++)
        if (!drops_table(refusal, table->children->pdata[i]))
            return table_depends("table", table->children->pdata[i]);
    return table->kind == MODEL_SEQUENCE ? sequence_in_use(table) : NULL;
}

static char *
type_in_use(const Refusal *refusal, DdlName type)
{
    g_autoptr(GPtrArray) users = model_users_of_type(refusal->model, type);

    for (guint i = 0; i < users->len; i++)
        if (!drops_table(refusal, users->pdata[i]))
            return table_depends("a column of", users->pdata[i]);
    return NULL;
}

static char *
function_in_use(const Refusal *refusal, DdlName name)
{
    const ModelFunction *function = model_function(refusal->model, name, 0);

    if (function == NULL || !function->returns_trigger)
        return NULL;
    for (guint i = 0; i < refusal->model->tables->len; i++) {
        const ModelTable *table = refusal->model->tables->pdata[i];

        for (guint k = 0; k < table->triggers->len; k++) {
            const ModelTrigger *trigger = table->triggers->pdata[k];
            if (model_function(refusal->model, trigger->function, 0) == function)
                return g_strdup_printf("trigger %s of %s depends on it", trigger->name,
                                       table->name);
        }
    }
    return NULL;
}

static char *
schema_in_use(const Refusal *refusal, const char *schema)
{
    for (guint i = 0; schema != NULL && i < refusal->model->tables->len; i++) {
        const ModelTable *table = refusal->model->tables->pdata[i];
        if (g_strcmp0(table->schema, schema) == 0)
            return table_depends("table", table);
    }
    return NULL;
}

static char *
object_in_use(const Refusal *refusal, const DdlChange *change)
{
    const ModelTable *table;

    switch ((int) change->object) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
        table = model_table(refusal->model, change->relation);
        return table != NULL ? relation_in_use(refusal, table) : NULL;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
        return type_in_use(refusal, change->relation);
    case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
        return function_in_use(refusal, change->relation);
    case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
        return schema_in_use(refusal, change->relation.name);
    default:
        return NULL;
    }
}

static char *
column_in_use(const Refusal *refusal, const ModelTable *table, const char *column)
{
    for (guint i = 0; i < table->read_by->len; i++)
        if (view_reads(table->read_by->pdata[i], table, column))
            return view_depends(table->read_by->pdata[i]);
    for (guint i = 0; i < table->referenced_by->len; i++) {
        const ModelConstraint *key = table->referenced_by->pdata[i];
        if (model_has_string(key->referenced_columns, column) &&
            !model_has_string(key->columns, column) && !drops_constraint(refusal, key))
            return constraint_depends(key);
    }
    for (guint i = 0; i < table->columns->len; i++) {
        const ModelColumn *other = table->columns->pdata[i];
        g_autoptr(GPtrArray) read = g_ptr_array_new();

        if (other->is_generated && other->default_expression != NULL)
            ddl_columns_read(other->default_expression, read);
        if (model_has_string(read, column))
            return g_strdup_printf("generated column %s depends on it", other->name);
    }
    for (guint i = 0; i < table->triggers->len; i++) {
        const ModelTrigger *trigger = table->triggers->pdata[i];
        if (model_has_string(trigger->columns, column))
            return g_strdup_printf("trigger %s depends on it", trigger->name);
    }
    return NULL;
}

/* Foreign keys that name the columns of the key that goes. */
static char *
key_in_use(const Refusal *refusal, const ModelConstraint *key)
{
    const GPtrArray *references = key->table->referenced_by;

    if (key->kind != CONSTRAINT_PRIMARY_KEY && key->kind != CONSTRAINT_UNIQUE)
        return NULL;
    for (guint i = 0; i < references->len; i++) {
        const ModelConstraint *reference = references->pdata[i];
        bool is_same = reference->referenced_columns->len == key->columns->len;

        for (guint k = 0; is_same && k < key->columns->len; k++)
            is_same = model_has_string(reference->referenced_columns, key->columns->pdata[k]);
        if (is_same && !drops_constraint(refusal, reference))
            return constraint_depends(reference);
    }
    return NULL;
}

static char *
change_refused(const Refusal *refusal, const DdlChange *change)
{
    const ModelTable *table;
    const ModelConstraint *constraint;

    if (change->cascade)
        return NULL;
    if (change->kind == CHANGE_DROP)
        return object_in_use(refusal, change);
    if (change->kind != CHANGE_DROP_COLUMN && change->kind != CHANGE_DROP_CONSTRAINT)
        return NULL;
    table = model_table(refusal->model, change->relation);
    if (table == NULL)
        return NULL;
    if (change->kind == CHANGE_DROP_COLUMN)
        return column_in_use(refusal, table, change->column);
    constraint = model_constraint(table, change->constraint_name);
    return constraint != NULL ? key_in_use(refusal, constraint) : NULL;
}

char *
model_refuses_drop(const Model *model, const DdlChanges *changes, const DdlChange **ret_change)
{
    const Refusal refusal = {model, changes};

    for (guint i = 0; i < ddl_changes_count(changes); i++) {
        const DdlChange *change = ddl_changes_get(changes, i);
        char *reason = change_refused(&refusal, change);

        if (reason == NULL)
            continue;
        *ret_change = change;
        return reason;
    }
    return NULL;
}
