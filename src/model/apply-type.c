#include <string.h>

#include "model/apply.h"

static ModelType *
new_type(Model *model, const DdlChange *change, ModelTypeKind kind)
{
    const char *schema = model_schema_of_new(model, change->relation);

    if (change->relation.name == NULL ||
        g_hash_table_contains(model->types_by_name, &(DdlName){schema, change->relation.name}))
        return NULL;
    return model_add_type(model, schema, change->relation.name, kind);
}

/* One that is not known is made up in a model that is not complete. */
static ModelType *
require_type(Model *model, DdlName name, ModelTypeKind kind)
{
    ModelType *type = model_find_type(model, name);

    if (type != NULL || model->complete || name.name == NULL)
        return type;
    type = model_add_type(model, model_schema_of_new(model, name), name.name, kind);
    type->since = 0;
    return type;
}

bool
apply_create_enum(Model *model, const DdlChange *change)
{
    ModelType *type = new_type(model, change, MODEL_ENUM);

    if (type == NULL)
        return false;
    g_ptr_array_unref(type->values);
    type->values = model_intern_all(model, change->names);
    return true;
}

static bool
stands_after(const DdlChange *change)
{
    return change->node == NULL ||
           change->node->node_case != PG_QUERY__NODE__NODE_ALTER_ENUM_STMT ||
           change->node->alter_enum_stmt->new_val_is_after;
}

bool
apply_add_value(Model *model, const DdlChange *change)
{
    ModelType *type = require_type(model, change->relation, MODEL_ENUM);
    int at;

    if (type == NULL || model_has_string(type->values, change->text))
        return false;
    at = change->new_name != NULL ? model_string_at(type->values, change->new_name) : -1;
    if (at >= 0 && stands_after(change))
        at++;
    g_ptr_array_insert(type->values, at, (void *) model_intern(model, change->text));
    return true;
}

bool
apply_rename_value(Model *model, const DdlChange *change)
{
    ModelType *type = model_find_type(model, change->relation);
    int at = type != NULL ? model_string_at(type->values, change->text) : -1;

    if (at < 0)
        return false;
    type->values->pdata[at] = (void *) model_intern(model, change->new_name);
    return true;
}

bool
apply_create_domain(Model *model, const DdlChange *change)
{
    ModelType *type = new_type(model, change, MODEL_DOMAIN);
    ModelColumn base = {0};

    if (type == NULL)
        return false;
    if (change->definition == NULL)
        return true;
    model_set_type(model, &base, &change->definition->type);
    type->base = base.type;
    type->base_type = base.parsed;
    type->not_null = change->definition->not_null;
    type->has_default = change->definition->default_expression != NULL;
    return true;
}

bool
apply_alter_domain(Model *model, const DdlChange *change)
{
    ModelType *type = require_type(model, change->relation, MODEL_DOMAIN);

    if (type == NULL)
        return false;
    if (g_strcmp0(change->text, "not null") == 0)
        type->not_null = !change->removes;
    else if (g_strcmp0(change->text, "default") == 0)
        type->has_default = !change->removes;
    return true;
}

static ModelColumn *
new_attribute(Model *model, const DdlColumn *definition)
{
    ModelColumn *attribute = g_new0(ModelColumn, 1);

    attribute->name = model_intern(model, definition->name);
    model_set_type(model, attribute, &definition->type);
    attribute->is_local = true;
    attribute->default_known = KNOWN_YES;
    return attribute;
}

bool
apply_create_type(Model *model, const DdlChange *change)
{
    bool is_composite =
        change->node != NULL && change->node->node_case == PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT;
    ModelType *type = new_type(model, change, is_composite ? MODEL_COMPOSITE : MODEL_OTHER_TYPE);

    if (type == NULL)
        return false;
    for (guint i = 0; change->columns != NULL && i < change->columns->len; i++)
        g_ptr_array_add(type->attributes,
                        new_attribute(model, g_ptr_array_index(change->columns, i)));
    return true;
}

static int
attribute_at(const ModelType *type, const char *name)
{
    for (guint i = 0; i < type->attributes->len; i++)
        if (g_strcmp0(((ModelColumn *) g_ptr_array_index(type->attributes, i))->name, name) == 0)
            return (int) i;
    return -1;
}

/* The tables that are made of @type follow its attributes. */
static void
follow(Model *model, const ModelType *type, const DdlChange *change,
       bool (*apply)(Model *model, const DdlChange *change))
{
    for (guint i = model->tables->len; i-- > 0;) {
        const ModelTable *table =
            i < model->tables->len ? g_ptr_array_index(model->tables, i) : NULL;
        DdlChange of_table = *change;

        if (table == NULL || table->type != type)
            continue;
        of_table.object = PG_QUERY__OBJECT_TYPE__OBJECT_TABLE;
        of_table.only = false;
        of_table.relation = (DdlName){table->schema, table->name};
        apply(model, &of_table);
    }
}

bool
apply_add_attribute(Model *model, const DdlChange *change)
{
    ModelType *type = require_type(model, change->relation, MODEL_COMPOSITE);

    if (type == NULL || change->definition == NULL)
        return false;
    g_ptr_array_add(type->attributes, new_attribute(model, change->definition));
    follow(model, type, change, apply_add_column);
    return true;
}

bool
apply_drop_attribute(Model *model, const DdlChange *change)
{
    ModelType *type = model_find_type(model, change->relation);
    int at = type != NULL ? attribute_at(type, change->column) : -1;

    if (at < 0)
        return false;
    g_ptr_array_remove_index(type->attributes, (guint) at);
    follow(model, type, change, apply_drop_column);
    return true;
}

bool
apply_attribute_type(Model *model, const DdlChange *change)
{
    ModelType *type = model_find_type(model, change->relation);
    int at = type != NULL ? attribute_at(type, change->column) : -1;

    if (at < 0 || change->definition == NULL)
        return false;
    model_set_type(model, g_ptr_array_index(type->attributes, at), &change->definition->type);
    follow(model, type, change, apply_column_type);
    return true;
}

bool
apply_rename_attribute(Model *model, const DdlChange *change)
{
    ModelType *type = model_find_type(model, change->relation);
    int at = type != NULL ? attribute_at(type, change->column) : -1;
    ModelColumn *attribute;

    if (at < 0)
        return false;
    attribute = g_ptr_array_index(type->attributes, at);
    attribute->name = model_intern(model, change->new_name);
    follow(model, type, change, apply_rename_column);
    return true;
}
