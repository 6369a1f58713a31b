#include <string.h>

#include "model/apply.h"

ModelConstraint *
model_new_check(Model *model, const DdlConstraint *from, const char *name)
{
    ModelConstraint *check = model_constraint_new();

    check->kind = CONSTRAINT_CHECK;
    check->name = model_intern(model, name);
    g_ptr_array_unref(check->columns);
    check->columns = model_intern_all(model, from->columns);
    check->expression = model_keep(model, from->expression);
    check->valid = !from->not_valid;
    check->no_inherit = from->no_inherit;
    return check;
}

static bool
add_check(Model *model, ModelTable *table, const DdlChange *change)
{
    const DdlConstraint *from = change->constraint;
    const char *one = from->columns->len == 1 ? g_ptr_array_index(from->columns, 0) : NULL;
    const char *name = from->name;
    ModelConstraint *check;

    if (name == NULL)
        name = model_choose_constraint(model, table->schema, table->name, one, "check");
    check = model_find_constraint(table, name);
    if (check != NULL) {
        /* What it inherits already is its own too. */
        check->is_local |= check->kind == CONSTRAINT_CHECK && !model_is_partition(table);
        return false;
    }
    check = model_new_check(model, from, name);
    /* Of a new table there is nothing to validate. */
    check->valid |= change->in_definition && table->since == model->step;
    model_add_constraint(model, table, check);
    for (guint i = 0; !change->only && i < table->children->len; i++)
        model_inherit_check(model, g_ptr_array_index(table->children, i), check);
    return true;
}

static ModelTable *
referenced_of(Model *model, ModelTable *table, DdlName name)
{
    ModelTable *referenced = model_require_table(model, name);

    if (referenced == NULL && name.schema == NULL && g_strcmp0(name.name, table->name) == 0)
        return table;
    return referenced;
}

static void
copy_primary_key(const ModelTable *table, GPtrArray *columns)
{
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *key = g_ptr_array_index(table->constraints, i);
        for (guint k = 0; key->kind == CONSTRAINT_PRIMARY_KEY && k < key->columns->len; k++)
            g_ptr_array_add(columns, g_ptr_array_index(key->columns, k));
    }
}

static bool
add_foreign_key(Model *model, ModelTable *table, const DdlChange *change)
{
    const DdlConstraint *from = change->constraint;
    ModelTable *referenced = referenced_of(model, table, from->referenced);
    ModelConstraint *key;

    if (referenced == NULL || model_find_constraint(table, from->name) != NULL)
        return false;
    key = model_constraint_new();
    key->kind = CONSTRAINT_FOREIGN_KEY;
    g_ptr_array_unref(key->columns);
    key->columns = model_intern_all(model, from->columns);
    key->name = from->name != NULL
                    ? model_intern(model, from->name)
                    : model_choose_constraint(model, table->schema, table->name,
                                              model_join_columns(model, key->columns), "fkey");
    key->referenced = referenced;
    key->referenced_schema = referenced->schema;
    key->referenced_name = referenced->name;
    g_ptr_array_unref(key->referenced_columns);
    key->referenced_columns = model_intern_all(model, from->referenced_columns);
    if (key->referenced_columns->len == 0)
        copy_primary_key(referenced, key->referenced_columns);
    key->valid = !from->not_valid || (change->in_definition && table->since == model->step);
    key->deferrable = from->deferrable;
    model_add_constraint(model, table, key);
    for (guint i = 0; table->partitioned && i < table->children->len; i++)
        model_inherit_foreign_key(model, g_ptr_array_index(table->children, i), key);
    return true;
}

static const char *
key_name(Model *model, const ModelTable *table, const DdlConstraint *from, const ModelIndex *index)
{
    if (from->name != NULL)
        return model_intern(model, from->name);
    if (from->kind == CONSTRAINT_PRIMARY_KEY)
        return model_choose_relation(model, table->schema, table->name, NULL, "pkey", true);
    return model_choose_relation(model, table->schema, table->name, index->joined,
                                 from->kind == CONSTRAINT_UNIQUE ? "key" : "excl", true);
}

static ModelIndex *
new_key_index(Model *model, ModelTable *table, const DdlConstraint *from)
{
    ModelIndex *index = model_index_new();

    g_ptr_array_unref(index->columns);
    index->columns = model_intern_all(model, from->columns);
    index->table = table;
    index->primary = from->kind == CONSTRAINT_PRIMARY_KEY;
    index->exclusion = from->kind == CONSTRAINT_EXCLUSION;
    index->unique = !index->exclusion;
    index->has_expressions = model_has_string(index->columns, NULL);
    if (index->exclusion) {
        index->method = "gist";
        index->where = model_keep(model, from->expression);
    }
    index->joined = model_join_index(model, index);
    index->name = key_name(model, table, from, index);
    return index;
}

/* The index that a key is made of: its own, or the one that USING INDEX names. */
static ModelIndex *
key_index(Model *model, ModelTable *table, const DdlConstraint *from)
{
    ModelIndex *index;

    if (from->using_index == NULL) {
        index = new_key_index(model, table, from);
        if (model_find_index(model, (DdlName){table->schema, index->name}) != NULL) {
            model_index_free(index);
            return NULL;
        }
        model_add_index(model, index);
        return index;
    }
    index = model_table_index(table, from->using_index);
    if (index == NULL && !table->columns_known) {
        index = model_index_new();
        index->table = table;
        index->name = model_intern(model, from->using_index);
        index->unique = true;
        index->joined = "";
        model_add_index(model, index);
    }
    if (index != NULL && from->name != NULL)
        model_rename_index(model, index, model_intern(model, from->name));
    if (index != NULL)
        index->primary = from->kind == CONSTRAINT_PRIMARY_KEY;
    return index;
}

static void
spread_key(Model *model, ModelTable *table, ModelIndex *index, bool only)
{
    if (!table->partitioned || table->children->len == 0)
        return;
    if (only) {
        index->on_only = true;
        index->valid = KNOWN_NO;
        return;
    }
    for (guint i = 0; i < table->children->len; i++)
        model_inherit_index(model, g_ptr_array_index(table->children, i), index);
}

/* CREATE TABLE t (a int PRIMARY KEY, UNIQUE (a)) makes one index: the server merges equal keys of a
 * definition where one of them has no name. */
static bool
is_merged(const Model *model, const ModelTable *table, const DdlChange *change)
{
    const DdlConstraint *from = change->constraint;

    if (!change->in_definition || table->since != model->step || from->name != NULL ||
        from->kind != CONSTRAINT_UNIQUE)
        return false;
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *key = g_ptr_array_index(table->constraints, i);
        bool same = (key->kind == CONSTRAINT_PRIMARY_KEY || key->kind == CONSTRAINT_UNIQUE) &&
                    key->columns->len == from->columns->len;
        for (guint k = 0; same && k < from->columns->len; k++)
            same = g_strcmp0(g_ptr_array_index(key->columns, k),
                             g_ptr_array_index(from->columns, k)) == 0;
        if (same)
            return true;
    }
    return false;
}

static bool
add_key(Model *model, ModelTable *table, const DdlChange *change)
{
    const DdlConstraint *from = change->constraint;
    ModelIndex *index;
    ModelConstraint *key;

    if (is_merged(model, table, change))
        return true;
    index = key_index(model, table, from);
    if (index == NULL)
        return false;
    index->is_constraint = true;
    key = model_constraint_new();
    key->kind = from->kind;
    key->name = key->index = index->name;
    key->deferrable = from->deferrable;
    key->expression = index->where;
    for (guint i = 0; i < index->columns->len; i++) {
        g_ptr_array_add(key->columns, g_ptr_array_index(index->columns, i));
        if (index->primary)
            model_set_not_null(table, g_ptr_array_index(index->columns, i), true);
    }
    model_add_constraint(model, table, key);
    spread_key(model, table, index, change->only);
    return true;
}

static bool
add_to_domain(Model *model, ModelType *domain, const DdlConstraint *from)
{
    const char *name = from->name;
    g_autofree char *made = NULL;

    for (guint pass = 0; name == NULL; pass++) {
        g_free(made);
        made = pass == 0 ? g_strdup_printf("%s_check", domain->name)
                         : g_strdup_printf("%s_check%u", domain->name, pass);
        name = made;
        for (guint i = 0; i < domain->constraints->len; i++)
            if (g_str_equal(((ModelConstraint *) g_ptr_array_index(domain->constraints, i))->name,
                            made))
                name = NULL;
    }
    g_ptr_array_add(domain->constraints, model_new_check(model, from, name));
    return true;
}

static ModelType *
domain_of(const Model *model, const DdlChange *change)
{
    bool is_domain = change->object == PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN ||
                     change->object == PG_QUERY__OBJECT_TYPE__OBJECT_DOMCONSTRAINT;

    return is_domain ? model_find_type(model, change->relation) : NULL;
}

bool
apply_add_constraint(Model *model, const DdlChange *change)
{
    ModelType *domain = domain_of(model, change);
    ModelTable *table;

    if (change->constraint == NULL)
        return false;
    if (domain != NULL)
        return add_to_domain(model, domain, change->constraint);
    if (change->object == PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN)
        return false;
    table = model_require_table(model, change->relation);
    if (table == NULL)
        return false;
    if (change->constraint->kind == CONSTRAINT_CHECK)
        return add_check(model, table, change);
    if (change->constraint->kind == CONSTRAINT_FOREIGN_KEY)
        return add_foreign_key(model, table, change);
    return add_key(model, table, change);
}

static ModelConstraint *
domain_constraint(const ModelType *domain, const char *name)
{
    for (guint i = 0; i < domain->constraints->len; i++) {
        ModelConstraint *constraint = g_ptr_array_index(domain->constraints, i);
        if (g_strcmp0(constraint->name, name) == 0)
            return constraint;
    }
    return NULL;
}

/* The constraint that the change names, of a table or a domain. */
static ModelConstraint *
constraint_of(Model *model, const DdlChange *change)
{
    const ModelType *domain = domain_of(model, change);
    const ModelTable *table;

    if (domain != NULL)
        return domain_constraint(domain, change->constraint_name);
    table = model_require_table(model, change->relation);
    return table != NULL ? model_find_constraint(table, change->constraint_name) : NULL;
}

bool
apply_drop_constraint(Model *model, const DdlChange *change)
{
    ModelType *domain = domain_of(model, change);
    ModelConstraint *constraint = constraint_of(model, change);
    const char *name;

    if (constraint == NULL)
        return false;
    if (domain != NULL)
        return g_ptr_array_remove(domain->constraints, constraint);
    name = constraint->name;
    for (guint i = 0; change->only && i < constraint->table->children->len; i++) {
        ModelConstraint *own =
            model_find_constraint(g_ptr_array_index(constraint->table->children, i), name);
        if (own != NULL && own->inherited != NULL) {
            own->inherited = NULL;
            own->is_local = true;
        }
    }
    model_drop_constraint(model, constraint);
    return true;
}

static void
validate(ModelConstraint *constraint)
{
    constraint->valid = true;
    for (guint i = 0; constraint->table != NULL && i < constraint->table->children->len; i++) {
        const ModelTable *child = g_ptr_array_index(constraint->table->children, i);
        for (guint k = 0; k < child->constraints->len; k++) {
            ModelConstraint *own = g_ptr_array_index(child->constraints, k);
            if (g_strcmp0(own->inherited, constraint->name) == 0)
                validate(own);
        }
    }
}

bool
apply_validate_constraint(Model *model, const DdlChange *change)
{
    ModelConstraint *constraint = constraint_of(model, change);

    if (constraint != NULL)
        validate(constraint);
    return constraint != NULL;
}

static void
set_deferrable(ModelConstraint *constraint, bool deferrable)
{
    const GPtrArray *children = constraint->table->children;

    constraint->deferrable = deferrable;
    for (guint i = 0; i < children->len; i++) {
        const ModelTable *child = g_ptr_array_index(children, i);

        for (guint k = 0; k < child->constraints->len; k++) {
            ModelConstraint *own = g_ptr_array_index(child->constraints, k);
            if (g_strcmp0(own->inherited, constraint->name) == 0)
                set_deferrable(own, deferrable);
        }
    }
}

bool
apply_alter_constraint(Model *model, const DdlChange *change)
{
    ModelConstraint *constraint = constraint_of(model, change);

    if (constraint != NULL)
        set_deferrable(constraint, !change->removes);
    return constraint != NULL;
}

/* A CHECK keeps its name in all tables that inherit it; others are only told of it. */
static void
rename_constraint(Model *model, ModelConstraint *constraint, const char *name)
{
    ModelTable *table = constraint->table;
    const char *old = constraint->name;
    ModelConstraint *renamed = constraint;

    for (guint i = 0; i < table->children->len; i++) {
        const ModelTable *child = g_ptr_array_index(table->children, i);
        for (guint k = 0; k < child->constraints->len; k++) {
            ModelConstraint *own = g_ptr_array_index(child->constraints, k);
            if (g_strcmp0(own->inherited, old) != 0)
                continue;
            own->inherited = name;
            if (own->kind == CONSTRAINT_CHECK)
                rename_constraint(model, own, name);
        }
    }
    model_rename_constraint(model, renamed, name);
}

bool
apply_rename_constraint(Model *model, const DdlChange *change)
{
    ModelConstraint *constraint = constraint_of(model, change);
    const char *name = model_intern(model, change->new_name);
    ModelIndex *index;

    if (constraint == NULL)
        return false;
    if (constraint->table == NULL) {
        constraint->name = name;
        return true;
    }
    index =
        constraint->index != NULL ? model_table_index(constraint->table, constraint->index) : NULL;
    if (index != NULL)
        model_rename_index(model, index, name);
    else
        rename_constraint(model, constraint, name);
    return true;
}
