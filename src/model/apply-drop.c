#include <string.h>

#include "model/apply.h"

void
model_drop_owned(Model *model, ModelTable *table, const char *column)
{
    for (guint i = model->tables->len; i-- > 0;) {
        ModelTable *sequence = g_ptr_array_index(model->tables, i);
        if (sequence->owned_by == table &&
            (column == NULL || g_strcmp0(sequence->owned_by_column, column) == 0))
            model_remove_table(model, sequence);
    }
}

void
model_drop_table(Model *model, ModelTable *table)
{
    while (table->read_by->len > 0)
        model_drop_table(model, g_ptr_array_index(table->read_by, 0));
    while (table->children->len > 0)
        model_drop_table(model, g_ptr_array_index(table->children, 0));
    model_drop_owned(model, table, NULL);
    model_remove_table(model, table);
}

/* Are they the columns of the key, in any order? */
static bool
is_key_of(const ModelConstraint *reference, const ModelConstraint *key)
{
    if (reference->referenced_columns->len != key->columns->len)
        return false;
    for (guint i = 0; i < key->columns->len; i++)
        if (!model_has_string(reference->referenced_columns, g_ptr_array_index(key->columns, i)))
            return false;
    return true;
}

static void
drop_references(Model *model, const ModelConstraint *key)
{
    GPtrArray *references = key->table->referenced_by;

    for (guint i = references->len; i-- > 0;)
        if (i < references->len && is_key_of(g_ptr_array_index(references, i), key))
            model_drop_constraint(model, g_ptr_array_index(references, i));
}

static void
drop_inherited(Model *model, const ModelTable *table, const char *name)
{
    for (guint i = 0; i < table->children->len; i++) {
        const ModelTable *child = g_ptr_array_index(table->children, i);

        for (guint k = child->constraints->len; k-- > 0;) {
            ModelConstraint *own = g_ptr_array_index(child->constraints, k);
            if (g_strcmp0(own->inherited, name) != 0)
                continue;
            own->inherited = NULL;
            if (!own->is_local)
                model_drop_constraint(model, own);
        }
    }
}

void
model_drop_constraint(Model *model, ModelConstraint *constraint)
{
    ModelIndex *index =
        constraint->index != NULL ? model_table_index(constraint->table, constraint->index) : NULL;

    if (index != NULL)
        drop_references(model, constraint);
    drop_inherited(model, constraint->table, constraint->name);
    model_remove_constraint(model, constraint);
    if (index != NULL)
        model_drop_index(model, index);
}

void
model_drop_index(Model *model, ModelIndex *index)
{
    ModelTable *table = index->table;

    for (guint i = 0; i < table->children->len; i++) {
        const ModelTable *child = g_ptr_array_index(table->children, i);
        for (guint k = child->indexes->len; k-- > 0;)
            if (g_strcmp0(((ModelIndex *) g_ptr_array_index(child->indexes, k))->parent,
                          index->name) == 0)
                model_drop_index(model, g_ptr_array_index(child->indexes, k));
    }
    if (g_strcmp0(table->replica_identity, index->name) == 0)
        table->replica_identity = "nothing";
    model_remove_index(model, index);
}

static bool
reads(const PgQuery__Node *expression, const char *column)
{
    g_autoptr(GPtrArray) columns = g_ptr_array_new();

    if (expression != NULL)
        ddl_columns_read(expression, columns);
    return model_has_string(columns, column);
}

static bool
index_reads(const ModelIndex *index, const char *column)
{
    if (model_has_string(index->columns, column) || model_has_string(index->included, column) ||
        reads(index->where, column))
        return true;
    for (guint i = 0; i < index->expressions->len; i++)
        if (reads(g_ptr_array_index(index->expressions, i), column))
            return true;
    return false;
}

static void
drop_readers(Model *model, ModelTable *table, const char *column)
{
    for (guint i = table->read_by->len; i-- > 0;) {
        ModelTable *view = i < table->read_by->len ? g_ptr_array_index(table->read_by, i) : NULL;

        for (guint k = 0; view != NULL && k < view->reads->len; k++) {
            const ModelRead *read = g_ptr_array_index(view->reads, k);
            if (read->table != table || g_strcmp0(read->column, column) != 0)
                continue;
            model_drop_table(model, view);
            break;
        }
    }
}

static void
drop_triggers(ModelTable *table, const char *column)
{
    for (guint i = table->triggers->len; i-- > 0;)
        if (model_has_string(((ModelTrigger *) g_ptr_array_index(table->triggers, i))->columns,
                             column))
            g_ptr_array_remove_index(table->triggers, i);
}

static void drop_column(Model *model, ModelTable *table, ModelColumn *column);

static void
drop_what_reads(Model *model, ModelTable *table, const char *column)
{
    drop_readers(model, table, column);
    for (guint i = table->constraints->len; i-- > 0;) {
        ModelConstraint *constraint =
            i < table->constraints->len ? g_ptr_array_index(table->constraints, i) : NULL;
        if (constraint != NULL &&
            (model_has_string(constraint->columns, column) ||
             (constraint->index != NULL && reads(constraint->expression, column))))
            model_drop_constraint(model, constraint);
    }
    for (guint i = table->indexes->len; i-- > 0;)
        if (i < table->indexes->len && index_reads(g_ptr_array_index(table->indexes, i), column))
            model_drop_index(model, g_ptr_array_index(table->indexes, i));
    for (guint i = table->referenced_by->len; i-- > 0;) {
        ModelConstraint *key =
            i < table->referenced_by->len ? g_ptr_array_index(table->referenced_by, i) : NULL;
        if (key != NULL && model_has_string(key->referenced_columns, column))
            model_drop_constraint(model, key);
    }
    for (guint i = table->columns->len; i-- > 0;) {
        ModelColumn *other = i < table->columns->len ? g_ptr_array_index(table->columns, i) : NULL;
        if (other != NULL && other->is_generated && reads(other->default_expression, column))
            drop_column(model, table, other);
    }
    drop_triggers(table, column);
}

/* The children first: their own definition keeps theirs. */
static void
drop_from_children(Model *model, ModelTable *table, const char *name, bool only)
{
    for (guint i = 0; i < table->children->len; i++) {
        ModelTable *child = g_ptr_array_index(table->children, i);
        ModelColumn *column = model_find_column(child, name);
        bool is_other = false;

        for (guint k = 0; k < child->other_parents->len; k++)
            is_other |= child->other_parents->pdata[k] != table &&
                        model_find_column(child->other_parents->pdata[k], name) != NULL;
        is_other |= child->parent != table && model_find_column(child->parent, name) != NULL;
        if (column == NULL || is_other)
            continue;
        column->is_inherited = false;
        if (only)
            column->is_local = true;
        else if (!column->is_local)
            drop_column(model, child, column);
    }
}

static void
drop_column(Model *model, ModelTable *table, ModelColumn *column)
{
    const char *name = column->name;

    drop_from_children(model, table, name, false);
    drop_what_reads(model, table, name);
    model_drop_owned(model, table, name);
    g_ptr_array_remove(table->columns, column);
}

bool
apply_drop_column(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);
    ModelColumn *column = table != NULL ? model_find_column(table, change->column) : NULL;

    if (column == NULL || column->is_inherited ||
        model_has_string(table->partition_key, change->column))
        return false;
    if (change->only)
        drop_from_children(model, table, column->name, true);
    drop_column(model, table, column);
    return true;
}

static bool
is_of_type(const ModelColumn *column, const ModelType *type)
{
    const char *schema = column->parsed.name.schema;

    return g_strcmp0(column->parsed.name.name, type->name) == 0 &&
           g_strcmp0(schema != NULL ? schema : "public", type->schema) == 0;
}

static bool
drop_type(Model *model, const DdlChange *change)
{
    ModelType *type = model_find_type(model, change->relation);

    if (type == NULL)
        return false;
    for (guint i = model->tables->len; i-- > 0;) {
        ModelTable *table = i < model->tables->len ? g_ptr_array_index(model->tables, i) : NULL;

        if (table != NULL && table->type == type)
            model_drop_table(model, table);
    }
    for (guint i = 0; i < model->tables->len; i++) {
        ModelTable *table = g_ptr_array_index(model->tables, i);
        for (guint k = table->columns->len; k-- > 0;)
            if (k < table->columns->len && table->kind == MODEL_TABLE &&
                is_of_type(g_ptr_array_index(table->columns, k), type))
                drop_column(model, table, g_ptr_array_index(table->columns, k));
    }
    model_remove_type(model, type);
    return true;
}

static void
drop_triggers_of(Model *model, const ModelFunction *function)
{
    for (guint i = 0; i < model->tables->len; i++) {
        ModelTable *table = g_ptr_array_index(model->tables, i);
        for (guint k = table->triggers->len; k-- > 0;) {
            const ModelTrigger *trigger = g_ptr_array_index(table->triggers, k);
            if (model_function(model, trigger->function, 0) == function)
                g_ptr_array_remove_index(table->triggers, k);
        }
    }
}

static bool
drop_function(Model *model, const DdlChange *change)
{
    ModelFunction *function = model_find_function(model, change);

    if (function == NULL)
        return false;
    if (function->returns_trigger)
        drop_triggers_of(model, function);
    model_remove_function(model, function);
    return true;
}

static bool
is_in(const char *schema, const DdlChange *change)
{
    return g_strcmp0(schema, change->relation.name) == 0;
}

static bool
drop_schema(Model *model, const DdlChange *change)
{
    for (guint i = model->tables->len; i-- > 0;) {
        ModelTable *table = i < model->tables->len ? g_ptr_array_index(model->tables, i) : NULL;
        if (table != NULL && is_in(table->schema, change))
            model_drop_table(model, table);
    }
    for (guint i = model->types->len; i-- > 0;) {
        ModelType *type = g_ptr_array_index(model->types, i);
        DdlChange one = {.relation = {type->schema, type->name}};
        if (is_in(type->schema, change))
            drop_type(model, &one);
    }
    for (guint i = model->functions->len; i-- > 0;) {
        ModelFunction *function = g_ptr_array_index(model->functions, i);
        if (!is_in(function->schema, change))
            continue;
        drop_triggers_of(model, function);
        model_remove_function(model, function);
    }
    return g_hash_table_remove(model->schemas, change->relation.name);
}

static bool
drop_relation(Model *model, const DdlChange *change)
{
    ModelTable *table = model_find_table(model, change->relation);

    if (table != NULL)
        model_drop_table(model, table);
    return table != NULL;
}

/* Something on a table that has a name alone: a trigger, rule or policy. */
static bool
drop_from_table(Model *model, const DdlChange *change)
{
    ModelTable *table = model_find_table(model, change->relation);
    ModelTrigger *trigger;
    GPtrArray *names;
    int at;

    if (table == NULL || change->text == NULL)
        return false;
    if (change->object == PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER) {
        trigger = model_find_trigger(table, change->text);
        for (guint i = 0; trigger != NULL && i < table->children->len; i++) {
            const ModelTable *child = g_ptr_array_index(table->children, i);
            ModelTrigger *own = model_find_trigger(child, change->text);
            if (own != NULL && own->is_inherited)
                g_ptr_array_remove(child->triggers, own);
        }
        return trigger != NULL && g_ptr_array_remove(table->triggers, trigger);
    }
    names = change->object == PG_QUERY__OBJECT_TYPE__OBJECT_RULE ? table->rules : table->policies;
    at = model_string_at(names, change->text);
    if (at >= 0)
        g_ptr_array_remove_index(names, (guint) at);
    return at >= 0;
}

bool
apply_drop(Model *model, const DdlChange *change)
{
    ModelIndex *index;

    switch ((int) change->object) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
        return drop_relation(model, change);
    case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
        index = model_find_index(model, change->relation);
        if (index == NULL || index->is_constraint)
            return false;
        model_drop_index(model, index);
        return true;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
        return drop_type(model, change);
    case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
    case PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE:
        return drop_function(model, change);
    case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
        return drop_schema(model, change);
    case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER:
    case PG_QUERY__OBJECT_TYPE__OBJECT_RULE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY:
        return drop_from_table(model, change);
    default:
        return false;
    }
}
