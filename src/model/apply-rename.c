#include <string.h>

#include "model/apply.h"
#include "sql/tree.h"

/* Keys of the hashes are names: what has another one is put there anew. */
static void
rekey_table(Model *model, ModelTable *table, const char *schema, const char *name)
{
    g_hash_table_remove(model->tables_by_name, &(DdlName){table->schema, table->name});
    table->schema = model_intern(model, schema);
    table->name = model_intern(model, name);
    model_names_put(model->tables_by_name, table->schema, table->name, table);
    for (guint i = 0; i < table->referenced_by->len; i++) {
        ModelConstraint *key = g_ptr_array_index(table->referenced_by, i);
        key->referenced_schema = table->schema;
        key->referenced_name = table->name;
    }
}

static void
move_indexes(Model *model, ModelTable *table)
{
    for (guint i = 0; i < table->indexes->len; i++) {
        ModelIndex *index = g_ptr_array_index(table->indexes, i);
        g_hash_table_remove(model->indexes_by_name, &(DdlName){index->schema, index->name});
        index->schema = table->schema;
        model_names_put(model->indexes_by_name, index->schema, index->name, index);
    }
}

/* With its indexes, constraints and sequences. */
static void
move_table(Model *model, ModelTable *table, const char *schema)
{

    for (guint i = 0; i < table->constraints->len; i++)
        model_count_constraint(model, g_ptr_array_index(table->constraints, i), -1);
    rekey_table(model, table, schema, table->name);
    for (guint i = 0; i < table->constraints->len; i++)
        model_count_constraint(model, g_ptr_array_index(table->constraints, i), 1);
    move_indexes(model, table);
    for (guint i = 0; i < model->tables->len; i++) {
        ModelTable *sequence = g_ptr_array_index(model->tables, i);
        if (sequence->owned_by == table)
            rekey_table(model, sequence, schema, sequence->name);
    }
}

static void
retype_columns(Model *model, GPtrArray *columns, const ModelType *type, DdlName to)
{
    for (guint i = 0; i < columns->len; i++) {
        ModelColumn *column = g_ptr_array_index(columns, i);
        const char *schema = column->parsed.name.schema;
        DdlType parsed = column->parsed;

        if (g_strcmp0(parsed.name.name, type->name) != 0 ||
            !g_str_equal(schema != NULL ? schema : "public", type->schema))
            continue;
        parsed.name = to;
        model_set_type(model, column, &parsed);
    }
}

static void
rekey_type(Model *model, ModelType *type, const char *schema, const char *name)
{
    DdlName to = {model_intern(model, schema), model_intern(model, name)};

    for (guint i = 0; i < model->tables->len; i++)
        retype_columns(model, ((ModelTable *) g_ptr_array_index(model->tables, i))->columns, type,
                       to);
    for (guint i = 0; i < model->types->len; i++)
        retype_columns(model, ((ModelType *) g_ptr_array_index(model->types, i))->attributes, type,
                       to);
    g_hash_table_remove(model->types_by_name, &(DdlName){type->schema, type->name});
    type->schema = to.schema;
    type->name = to.name;
    model_names_put(model->types_by_name, type->schema, type->name, type);
}

static void
rename_calls(Model *model, const ModelFunction *function, DdlName to)
{
    for (guint i = 0; i < model->tables->len; i++) {
        const ModelTable *table = g_ptr_array_index(model->tables, i);
        for (guint k = 0; k < table->triggers->len; k++) {
            ModelTrigger *trigger = g_ptr_array_index(table->triggers, k);
            if (model_function(model, trigger->function, 0) == function)
                trigger->function = to;
        }
    }
}

static void
rekey_function(Model *model, ModelFunction *function, const char *schema, const char *name)
{
    ModelFunction copy = *function;
    ModelFunction *moved;

    rename_calls(model, function,
                 (DdlName){model_intern(model, schema), model_intern(model, name)});
    model_remove_function(model, function);
    moved = model_add_function(model, schema, name);
    copy.schema = moved->schema;
    copy.name = moved->name;
    *moved = copy;
}

static bool
rename_schema(Model *model, const char *from, const char *to)
{
    if (!model_has_schema(model, from))
        return false;
    g_hash_table_remove(model->schemas, from);
    g_hash_table_add(model->schemas, (void *) model_intern(model, to));
    for (guint i = 0; i < model->tables->len; i++) {
        ModelTable *table = g_ptr_array_index(model->tables, i);
        if (strcmp(table->schema, from) == 0)
            move_table(model, table, to);
    }
    for (guint i = 0; i < model->types->len; i++) {
        ModelType *type = g_ptr_array_index(model->types, i);
        if (strcmp(type->schema, from) == 0)
            rekey_type(model, type, to, type->name);
    }
    for (guint i = model->functions->len; i-- > 0;) {
        ModelFunction *function = g_ptr_array_index(model->functions, i);
        if (strcmp(function->schema, from) == 0)
            rekey_function(model, function, to, function->name);
    }
    return true;
}

static bool
rename_relation(Model *model, const DdlChange *change)
{
    ModelIndex *index = model_find_index(model, change->relation);
    ModelTable *table = model_find_table(model, change->relation);

    if (index != NULL) {
        model_rename_index(model, index, model_intern(model, change->new_name));
        return true;
    }
    if (table == NULL && change->object == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
        table = model_require_table(model, change->relation);
    if (table != NULL)
        rekey_table(model, table, table->schema, change->new_name);
    return table != NULL;
}

static bool
rename_on_table(Model *model, const DdlChange *change)
{
    ModelTable *table = model_find_table(model, change->relation);
    const char *name = model_intern(model, change->new_name);
    ModelTrigger *trigger;
    GPtrArray *names;
    int at;

    if (table == NULL)
        return false;
    if (change->object == PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER) {
        trigger = model_find_trigger(table, change->text);
        if (trigger == NULL)
            return false;
        for (guint i = 0; i < table->children->len; i++) {
            ModelTrigger *own =
                model_find_trigger(g_ptr_array_index(table->children, i), change->text);
            if (own != NULL && own->is_inherited)
                own->name = name;
        }
        trigger->name = name;
        return true;
    }
    names = change->object == PG_QUERY__OBJECT_TYPE__OBJECT_RULE ? table->rules : table->policies;
    at = model_string_at(names, change->text);
    if (at >= 0)
        names->pdata[at] = (void *) name;
    return at >= 0;
}

/* A type, or the row type of a table, which cannot be renamed. */
static bool
change_type(Model *model, const DdlChange *change, const char *schema, const char *name)
{
    ModelType *type = model_find_type(model, change->relation);

    if (type != NULL)
        rekey_type(model, type, schema != NULL ? schema : type->schema,
                   name != NULL ? name : type->name);
    return type != NULL;
}

static bool
change_function(Model *model, const DdlChange *change, const char *schema, const char *name)
{
    ModelFunction *function = model_find_function(model, change);

    if (function != NULL)
        rekey_function(model, function, schema != NULL ? schema : function->schema,
                       name != NULL ? name : function->name);
    return function != NULL;
}

bool
apply_rename(Model *model, const DdlChange *change)
{
    if (change->new_name == NULL || change->relation.name == NULL)
        return false;
    switch ((int) change->object) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
        return change_type(model, change, NULL, change->new_name);
    case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
    case PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE:
        return change_function(model, change, NULL, change->new_name);
    case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
        return rename_schema(model, change->relation.name, change->new_name);
    case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER:
    case PG_QUERY__OBJECT_TYPE__OBJECT_RULE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY:
        return rename_on_table(model, change);
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
        return rename_relation(model, change);
    default:
        return false;
    }
}

bool
apply_set_schema(Model *model, const DdlChange *change)
{
    ModelTable *table;

    switch ((int) change->object) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
        return change_type(model, change, change->new_name, NULL);
    case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
    case PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE:
        return change_function(model, change, change->new_name, NULL);
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
        table = model_require_table(model, change->relation);
        if (table == NULL || change->new_name == NULL)
            return false;
        move_table(model, table, change->new_name);
        return true;
    default:
        return false;
    }
}

typedef struct {
    const char *from;
    char *to;
} Renamed;

static bool
rename_ref(ProtobufCMessage *message, void *data)
{
    const Renamed *renamed = data;
    PgQuery__ColumnRef *ref = TREE_AS(message, ColumnRef, column_ref);
    PgQuery__String *last = NULL;

    if (ref == NULL || ref->n_fields == 0)
        return true;
    if (ref->fields[ref->n_fields - 1]->node_case == PG_QUERY__NODE__NODE_STRING)
        last = ref->fields[ref->n_fields - 1]->string;
    if (last != NULL && strcmp(last->sval, renamed->from) == 0)
        last->sval = renamed->to;
    return true;
}

/* @to: of the store. */
static const PgQuery__Node *
rename_within(Model *model, const PgQuery__Node *expression, const char *from, const char *to)
{
    g_autoptr(GPtrArray) columns = g_ptr_array_new();
    Renamed renamed = {from, (char *) to};
    PgQuery__Node *copy;

    if (expression == NULL)
        return NULL;
    ddl_columns_read(expression, columns);
    if (!model_has_string(columns, from))
        return expression;
    copy = (PgQuery__Node *) model_keep(model, expression);
    TREE_WALK(copy, rename_ref, &renamed);
    return copy;
}

static void
rename_string(GPtrArray *strings, const char *from, const char *to)
{
    for (guint i = 0; i < strings->len; i++)
        if (g_strcmp0(g_ptr_array_index(strings, i), from) == 0)
            strings->pdata[i] = (void *) to;
}

static void
rename_in_constraints(Model *model, ModelTable *table, const char *from, const char *to)
{
    for (guint i = 0; i < table->constraints->len; i++) {
        ModelConstraint *constraint = g_ptr_array_index(table->constraints, i);
        rename_string(constraint->columns, from, to);
        constraint->expression = rename_within(model, constraint->expression, from, to);
    }
    for (guint i = 0; i < table->referenced_by->len; i++)
        rename_string(
            ((ModelConstraint *) g_ptr_array_index(table->referenced_by, i))->referenced_columns,
            from, to);
}

static void
rename_in_indexes(Model *model, ModelTable *table, const char *from, const char *to)
{
    for (guint i = 0; i < table->indexes->len; i++) {
        ModelIndex *index = g_ptr_array_index(table->indexes, i);

        rename_string(index->columns, from, to);
        rename_string(index->included, from, to);
        index->where = rename_within(model, index->where, from, to);
        for (guint k = 0; k < index->expressions->len; k++)
            index->expressions->pdata[k] =
                (void *) rename_within(model, index->expressions->pdata[k], from, to);
    }
}

static void
rename_in_views(ModelTable *table, const char *from, const char *to)
{
    for (guint i = 0; i < table->read_by->len; i++) {
        const ModelTable *view = g_ptr_array_index(table->read_by, i);
        for (guint k = 0; k < view->reads->len; k++) {
            ModelRead *read = g_ptr_array_index(view->reads, k);
            if (read->table == table && g_strcmp0(read->column, from) == 0)
                read->column = to;
        }
    }
}

static void
rename_column(Model *model, ModelTable *table, const char *from, const char *to)
{
    ModelColumn *column = model_require_column(model, table, from);

    if (column == NULL || model_find_column(table, to) != NULL)
        return;
    column->name = to;
    rename_in_constraints(model, table, from, to);
    rename_in_indexes(model, table, from, to);
    rename_in_views(table, from, to);
    rename_string(table->partition_key, from, to);
    for (guint i = 0; i < table->triggers->len; i++)
        rename_string(((ModelTrigger *) g_ptr_array_index(table->triggers, i))->columns, from, to);
    for (guint i = 0; i < table->columns->len; i++) {
        ModelColumn *other = g_ptr_array_index(table->columns, i);
        if (other->is_generated)
            other->default_expression = rename_within(model, other->default_expression, from, to);
    }
    for (guint i = 0; table->owns_sequence && i < model->tables->len; i++) {
        ModelTable *sequence = g_ptr_array_index(model->tables, i);
        if (sequence->owned_by == table && g_strcmp0(sequence->owned_by_column, from) == 0)
            sequence->owned_by_column = to;
    }
    for (guint i = 0; i < table->children->len; i++)
        rename_column(model, g_ptr_array_index(table->children, i), from, to);
}

bool
apply_rename_column(Model *model, const DdlChange *change)
{
    ModelTable *table;
    const char *from;

    if (change->column == NULL || change->new_name == NULL)
        return false;
    if (change->object == PG_QUERY__OBJECT_TYPE__OBJECT_ATTRIBUTE ||
        change->object == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE)
        return apply_rename_attribute(model, change);
    table = model_require_table(model, change->relation);
    if (table == NULL)
        return false;
    from = model_intern(model, change->column);
    rename_column(model, table, from, model_intern(model, change->new_name));
    return true;
}
