#include <string.h>

#include "model/apply.h"
#include "model/query.h"

const char *
model_join_index(Model *model, const ModelIndex *index)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    guint expression = 0;

    for (guint i = 0; i < index->columns->len; i++) {
        const char *name = g_ptr_array_index(index->columns, i);
        if (name == NULL && expression < index->expressions->len)
            name = model_expression_name(g_ptr_array_index(index->expressions, expression++));
        g_ptr_array_add(names, (void *) name);
    }
    for (guint i = 0; i < index->included->len; i++)
        g_ptr_array_add(names, g_ptr_array_index(index->included, i));
    return model_join_columns(model, names);
}

static ModelIndex *
new_index(Model *model, ModelTable *table, const DdlChange *change)
{
    const DdlIndex *from = change->index;
    ModelIndex *index = model_index_new();

    index->table = table;
    g_ptr_array_unref(index->columns);
    g_ptr_array_unref(index->included);
    index->columns = model_intern_all(model, from->columns);
    index->included = model_intern_all(model, from->included);
    for (guint i = 0; i < from->expressions->len; i++)
        g_ptr_array_add(index->expressions,
                        (void *) model_keep(model, g_ptr_array_index(from->expressions, i)));
    index->has_expressions = index->expressions->len > 0;
    index->has_custom_collation = from->custom_collation;
    index->where = model_keep(model, from->where);
    index->method = model_intern(model, from->method != NULL ? from->method : "btree");
    index->unique = from->unique;
    index->valid = change->concurrently ? KNOWN_MAYBE : KNOWN_YES;
    index->joined = model_join_index(model, index);
    index->name =
        change->relation.name != NULL
            ? model_intern(model, change->relation.name)
            : model_choose_relation(model, table->schema, table->name, index->joined, "idx", false);
    return index;
}

bool
apply_create_index(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->other);
    ModelIndex *index;

    if (table == NULL || change->index == NULL)
        return false;
    index = new_index(model, table, change);
    if (g_hash_table_contains(model->indexes_by_name, &(DdlName){table->schema, index->name})) {
        model_index_free(index);
        return false;
    }
    model_add_index(model, index);
    if (!table->partitioned || table->children->len == 0)
        return true;
    if (change->only) {
        index->on_only = true;
        index->valid = KNOWN_NO;
        return true;
    }
    for (guint i = 0; i < table->children->len; i++)
        model_inherit_index(model, g_ptr_array_index(table->children, i), index);
    return true;
}

bool
apply_attach_index(Model *model, const DdlChange *change)
{
    ModelIndex *parent = model_find_index(model, change->relation);
    ModelIndex *index = model_find_index(model, change->other);
    ModelConstraint *constraint;

    if (parent == NULL || index == NULL || index->parent != NULL)
        return false;
    index->parent = parent->name;
    constraint = index->is_constraint ? model_find_constraint(index->table, index->name) : NULL;
    if (constraint != NULL && parent->is_constraint) {
        constraint->inherited = parent->name;
        constraint->is_local = false;
    }
    model_settle_index(parent);
    return true;
}

/* What is built anew is valid; who waits for it, does not know yet whether it will be. */
bool
apply_reindex(Model *model, const DdlChange *change)
{
    ModelIndex *index = model_find_index(model, change->relation);

    if (index == NULL || change->object != PG_QUERY__OBJECT_TYPE__OBJECT_INDEX)
        return false;
    if (index->valid == KNOWN_NO && !index->on_only)
        index->valid = change->concurrently ? KNOWN_MAYBE : KNOWN_YES;
    return true;
}

static void
tell_children(const ModelIndex *index, const char *name)
{
    for (guint i = 0; i < index->table->children->len; i++) {
        const ModelTable *child = g_ptr_array_index(index->table->children, i);

        for (guint k = 0; k < child->indexes->len; k++) {
            ModelIndex *own = g_ptr_array_index(child->indexes, k);
            ModelConstraint *constraint = model_find_constraint(child, own->name);

            if (g_strcmp0(own->parent, index->name) != 0)
                continue;
            own->parent = name;
            if (constraint != NULL && constraint->inherited != NULL)
                constraint->inherited = name;
        }
    }
}

void
model_rename_index(Model *model, ModelIndex *index, const char *name)
{
    ModelConstraint *constraint =
        index->is_constraint ? model_find_constraint(index->table, index->name) : NULL;

    if (strcmp(index->name, name) == 0)
        return;
    tell_children(index, name);
    if (g_strcmp0(index->table->replica_identity, index->name) == 0)
        index->table->replica_identity = name;
    g_hash_table_remove(model->indexes_by_name, &(DdlName){index->schema, index->name});
    index->name = name;
    model_names_put(model->indexes_by_name, index->schema, index->name, index);
    if (constraint == NULL)
        return;
    model_rename_constraint(model, constraint, name);
    constraint->index = name;
}
