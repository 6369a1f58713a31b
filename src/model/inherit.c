#include <string.h>

#include "model/apply.h"
#include "model/query.h"

void
model_inherit_columns(Model *model, ModelTable *child, ModelTable *parent)
{
    (void) model;
    for (guint i = 0; i < parent->columns->len; i++) {
        const ModelColumn *column = g_ptr_array_index(parent->columns, i);
        ModelColumn *own = model_find_column(child, column->name);

        if (own == NULL) {
            own = g_memdup2(column, sizeof *column);
            own->is_local = own->is_serial = own->is_identity = own->identity_always = false;
            g_ptr_array_add(child->columns, own);
        } else if (!own->has_default && !own->is_generated) {
            own->default_expression = column->default_expression;
            own->default_sequence = column->default_sequence;
            own->has_default = column->has_default;
            own->is_generated = column->is_generated;
        }
        own->is_inherited = true;
        own->not_null |= column->not_null;
    }
}

/* A copy of @from that belongs to it. */
static ModelConstraint *
copy_of(const ModelConstraint *from)
{
    ModelConstraint *copy = model_constraint_new();
    GPtrArray *columns = copy->columns, *referenced = copy->referenced_columns;

    *copy = *from;
    copy->columns = columns;
    copy->referenced_columns = referenced;
    copy->inherited = from->name;
    copy->is_local = false;
    for (guint i = 0; i < from->columns->len; i++)
        g_ptr_array_add(columns, g_ptr_array_index(from->columns, i));
    for (guint i = 0; i < from->referenced_columns->len; i++)
        g_ptr_array_add(referenced, g_ptr_array_index(from->referenced_columns, i));
    return copy;
}

void
model_inherit_check(Model *model, ModelTable *child, const ModelConstraint *check)
{
    ModelConstraint *own = model_find_constraint(child, check->name);

    if (check->no_inherit)
        return;
    if (own == NULL) {
        own = copy_of(check);
        model_add_constraint(model, child, own);
    }
    own->inherited = check->name;
    own->is_local = own->is_local && !model_is_partition(child);
    for (guint i = 0; i < child->children->len; i++)
        model_inherit_check(model, g_ptr_array_index(child->children, i), own);
}

void
model_copy_check(Model *model, ModelTable *table, const ModelConstraint *check)
{
    ModelConstraint *copy = copy_of(check);

    copy->inherited = NULL;
    copy->is_local = copy->valid = true;
    model_add_constraint(model, table, copy);
}

void
model_inherit_checks(Model *model, ModelTable *child, ModelTable *parent)
{
    for (guint i = 0; i < parent->constraints->len; i++) {
        const ModelConstraint *constraint = g_ptr_array_index(parent->constraints, i);
        if (constraint->kind == CONSTRAINT_CHECK)
            model_inherit_check(model, child, constraint);
    }
}

static bool
same_strings(const GPtrArray *a, const GPtrArray *b)
{
    if (a->len != b->len)
        return false;
    for (guint i = 0; i < a->len; i++)
        if (g_strcmp0(g_ptr_array_index(a, i), g_ptr_array_index(b, i)) != 0)
            return false;
    return true;
}

static bool
same_expressions(const GPtrArray *a, const GPtrArray *b)
{
    if (a->len != b->len)
        return false;
    for (guint i = 0; i < a->len; i++)
        if (!ddl_expression_equal(g_ptr_array_index(a, i), g_ptr_array_index(b, i)))
            return false;
    return true;
}

static bool
same_index(const ModelIndex *own, const ModelIndex *parent)
{
    return own->parent == NULL && own->unique == parent->unique &&
           own->exclusion == parent->exclusion && g_strcmp0(own->method, parent->method) == 0 &&
           (!parent->is_constraint || (own->is_constraint && own->primary == parent->primary)) &&
           same_strings(own->columns, parent->columns) &&
           same_strings(own->included, parent->included) &&
           same_expressions(own->expressions, parent->expressions) &&
           ddl_expression_equal(own->where, parent->where);
}

static void
append_all(GPtrArray *to, const GPtrArray *from)
{
    for (guint i = 0; i < from->len; i++)
        g_ptr_array_add(to, g_ptr_array_index(from, i));
}

static const char *
clone_name(Model *model, const ModelIndex *index, const ModelTable *table)
{
    const char *label = "idx";

    if (index->is_constraint)
        label = index->primary ? "pkey" : index->exclusion ? "excl" : "key";
    return model_choose_relation(model, table->schema, table->name,
                                 index->primary ? NULL : index->joined, label,
                                 index->is_constraint);
}

static const ModelConstraint *
constraint_of(const ModelIndex *index)
{
    return index->is_constraint ? model_find_constraint(index->table, index->name) : NULL;
}

ModelIndex *
model_clone_index(Model *model, const ModelIndex *index, ModelTable *table)
{
    ModelIndex *clone = model_index_new();
    GPtrArray *columns = clone->columns, *expressions = clone->expressions,
              *included = clone->included;
    const ModelConstraint *constraint = constraint_of(index);

    *clone = *index;
    clone->columns = columns;
    clone->expressions = expressions;
    clone->included = included;
    append_all(columns, index->columns);
    append_all(expressions, index->expressions);
    append_all(included, index->included);
    clone->name = clone_name(model, index, table);
    clone->table = table;
    clone->parent = NULL;
    clone->on_only = false;
    clone->valid = index->valid == KNOWN_MAYBE ? KNOWN_MAYBE : KNOWN_YES;
    model_add_index(model, clone);
    if (constraint != NULL) {
        ModelConstraint *copy = copy_of(constraint);
        copy->name = copy->index = clone->name;
        copy->inherited = NULL;
        copy->is_local = true;
        model_add_constraint(model, table, copy);
    }
    return clone;
}

static void
attach_index(ModelIndex *own, const ModelIndex *index)
{
    ModelConstraint *constraint =
        own->is_constraint ? model_find_constraint(own->table, own->name) : NULL;

    own->parent = index->name;
    if (constraint != NULL && index->is_constraint) {
        constraint->inherited = index->name;
        constraint->is_local = false;
    }
}

void
model_inherit_index(Model *model, ModelTable *child, const ModelIndex *index)
{
    ModelIndex *own = NULL;

    for (guint i = 0; own == NULL && i < child->indexes->len; i++)
        if (same_index(g_ptr_array_index(child->indexes, i), index))
            own = g_ptr_array_index(child->indexes, i);
    if (own != NULL) {
        attach_index(own, index);
        return;
    }
    own = model_clone_index(model, index, child);
    attach_index(own, index);
    if (index->primary)
        for (guint i = 0; i < index->columns->len; i++)
            model_set_not_null(child, g_ptr_array_index(index->columns, i), true);
    for (guint i = 0; i < child->children->len; i++)
        model_inherit_index(model, g_ptr_array_index(child->children, i), own);
}

static ModelConstraint *
same_foreign_key(const ModelTable *child, const ModelConstraint *key)
{
    for (guint i = 0; i < child->constraints->len; i++) {
        ModelConstraint *own = g_ptr_array_index(child->constraints, i);
        if (own->kind == CONSTRAINT_FOREIGN_KEY && own->inherited == NULL && own->valid &&
            own->referenced == key->referenced && same_strings(own->columns, key->columns) &&
            same_strings(own->referenced_columns, key->referenced_columns))
            return own;
    }
    return NULL;
}

void
model_inherit_foreign_key(Model *model, ModelTable *child, const ModelConstraint *key)
{
    ModelConstraint *own = same_foreign_key(child, key);

    if (own != NULL) {
        own->inherited = key->name;
        own->is_local = false;
        return;
    }
    own = copy_of(key);
    if (model_find_constraint(child, key->name) != NULL)
        own->name = model_choose_constraint(model, child->schema, child->name,
                                            model_join_columns(model, key->columns), "fkey");
    model_add_constraint(model, child, own);
    for (guint i = 0; i < child->children->len; i++)
        model_inherit_foreign_key(model, g_ptr_array_index(child->children, i), own);
}

void
model_inherit_trigger(Model *model, ModelTable *child, const ModelTrigger *trigger)
{
    ModelTrigger *own = model_find_trigger(child, trigger->name);

    if (!trigger->row)
        return;
    if (own == NULL) {
        GPtrArray *columns;
        own = model_trigger_new();
        columns = own->columns;
        *own = *trigger;
        own->columns = columns;
        append_all(columns, trigger->columns);
        g_ptr_array_add(child->triggers, own);
    }
    own->is_inherited = true;
    for (guint i = 0; i < child->children->len; i++)
        model_inherit_trigger(model, g_ptr_array_index(child->children, i), own);
}

void
model_inherit_rest(Model *model, ModelTable *child, ModelTable *parent)
{
    for (guint i = 0; i < parent->indexes->len; i++) {
        ModelIndex *index = g_ptr_array_index(parent->indexes, i);
        model_inherit_index(model, child, index);
        model_settle_index(index);
    }
    for (guint i = 0; i < parent->constraints->len; i++) {
        const ModelConstraint *constraint = g_ptr_array_index(parent->constraints, i);
        if (constraint->kind == CONSTRAINT_FOREIGN_KEY)
            model_inherit_foreign_key(model, child, constraint);
    }
    for (guint i = 0; i < parent->triggers->len; i++)
        model_inherit_trigger(model, child, g_ptr_array_index(parent->triggers, i));
}

static bool
still_inherits(const ModelTable *child, const char *column)
{
    if (child->parent != NULL && model_find_column(child->parent, column) != NULL)
        return true;
    for (guint i = 0; i < child->other_parents->len; i++)
        if (model_find_column(g_ptr_array_index(child->other_parents, i), column) != NULL)
            return true;
    return false;
}

static void
disinherit_triggers(ModelTable *child)
{
    for (guint i = child->triggers->len; i-- > 0;)
        if (((ModelTrigger *) g_ptr_array_index(child->triggers, i))->is_inherited)
            g_ptr_array_remove_index(child->triggers, i);
}

void
model_disinherit(Model *model, ModelTable *child, ModelTable *parent)
{
    bool was_partition = model_is_partition(child);

    (void) model;
    model_remove_parent(child, parent);
    for (guint i = 0; i < child->columns->len; i++) {
        ModelColumn *column = g_ptr_array_index(child->columns, i);
        column->is_inherited = still_inherits(child, column->name);
        column->is_local |= !column->is_inherited;
    }
    for (guint i = 0; i < child->constraints->len; i++) {
        ModelConstraint *constraint = g_ptr_array_index(child->constraints, i);
        if (constraint->inherited != NULL &&
            model_find_constraint(parent, constraint->inherited) != NULL) {
            constraint->inherited = NULL;
            constraint->is_local = true;
        }
    }
    for (guint i = 0; was_partition && i < child->indexes->len; i++)
        ((ModelIndex *) g_ptr_array_index(child->indexes, i))->parent = NULL;
    if (was_partition)
        disinherit_triggers(child);
}

static bool
has_child_of(const ModelTable *table, const ModelIndex *index)
{
    for (guint i = 0; i < table->indexes->len; i++) {
        const ModelIndex *own = g_ptr_array_index(table->indexes, i);
        if (g_strcmp0(own->parent, index->name) == 0 && own->valid != KNOWN_NO)
            return true;
    }
    return false;
}

void
model_settle_index(ModelIndex *index)
{
    if (!index->table->partitioned || index->valid == KNOWN_YES)
        return;
    for (guint i = 0; i < index->table->children->len; i++)
        if (!has_child_of(g_ptr_array_index(index->table->children, i), index))
            return;
    index->valid = KNOWN_YES;
    index->on_only = false;
    if (index->parent != NULL && index->table->parent != NULL) {
        ModelIndex *parent = model_table_index(index->table->parent, index->parent);
        if (parent != NULL)
            model_settle_index(parent);
    }
}
