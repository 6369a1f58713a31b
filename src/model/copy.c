#include "model/state.h"

/* Each struct of the original -> its copy; what was not met yet is NULL there. */
typedef struct {
    Model *to;
    GHashTable *tables;
    GHashTable *constraints;
} Copying;

static GPtrArray *
copy_strings(const GPtrArray *from)
{
    GPtrArray *to = g_ptr_array_sized_new(from->len);

    for (guint i = 0; i < from->len; i++)
        g_ptr_array_add(to, g_ptr_array_index(from, i));
    return to;
}

/* Structs without anything of their own. */
static GPtrArray *
copy_flat(const GPtrArray *from, gsize size)
{
    GPtrArray *to = g_ptr_array_new_full(from->len, g_free);

    for (guint i = 0; i < from->len; i++)
        g_ptr_array_add(to, g_memdup2(g_ptr_array_index(from, i), size));
    return to;
}

static ModelTable *
table_of(const Copying *copying, const ModelTable *from)
{
    return from != NULL ? g_hash_table_lookup(copying->tables, from) : NULL;
}

static GPtrArray *
copy_tables(const Copying *copying, const GPtrArray *from)
{
    GPtrArray *to = g_ptr_array_sized_new(from->len);

    for (guint i = 0; i < from->len; i++)
        g_ptr_array_add(to, table_of(copying, g_ptr_array_index(from, i)));
    return to;
}

static GPtrArray *
copy_columns(const Copying *copying, const GPtrArray *from)
{
    GPtrArray *to = copy_flat(from, sizeof(ModelColumn));

    for (guint i = 0; i < to->len; i++) {
        ModelColumn *column = g_ptr_array_index(to, i);
        column->default_sequence = table_of(copying, column->default_sequence);
    }
    return to;
}

static ModelConstraint *
copy_constraint(const Copying *copying, const ModelConstraint *from)
{
    ModelConstraint *to = g_memdup2(from, sizeof *from);

    to->columns = copy_strings(from->columns);
    to->referenced_columns = copy_strings(from->referenced_columns);
    to->table = table_of(copying, from->table);
    to->referenced = table_of(copying, from->referenced);
    g_hash_table_insert(copying->constraints, (void *) from, to);
    return to;
}

static GPtrArray *
copy_constraints(const Copying *copying, const GPtrArray *from)
{
    GPtrArray *to = g_ptr_array_new_full(from->len, (GDestroyNotify) model_constraint_free);

    for (guint i = 0; i < from->len; i++)
        g_ptr_array_add(to, copy_constraint(copying, g_ptr_array_index(from, i)));
    return to;
}

static void
copy_indexes(const Copying *copying, ModelTable *to, const GPtrArray *from)
{
    to->indexes = g_ptr_array_new_full(from->len, (GDestroyNotify) model_index_free);
    for (guint i = 0; i < from->len; i++) {
        const ModelIndex *index = g_ptr_array_index(from, i);
        ModelIndex *copy = g_memdup2(index, sizeof *index);

        copy->table = to;
        copy->columns = copy_strings(index->columns);
        copy->expressions = copy_strings(index->expressions);
        copy->included = copy_strings(index->included);
        g_ptr_array_add(to->indexes, copy);
        model_names_put(copying->to->indexes_by_name, copy->schema, copy->name, copy);
    }
}

static GPtrArray *
copy_triggers(const GPtrArray *from)
{
    GPtrArray *to = g_ptr_array_new_full(from->len, (GDestroyNotify) model_trigger_free);

    for (guint i = 0; i < from->len; i++) {
        const ModelTrigger *trigger = g_ptr_array_index(from, i);
        ModelTrigger *copy = g_memdup2(trigger, sizeof *trigger);

        copy->columns = copy_strings(trigger->columns);
        g_ptr_array_add(to, copy);
    }
    return to;
}

static GPtrArray *
copy_reads(const Copying *copying, const GPtrArray *from)
{
    GPtrArray *to = copy_flat(from, sizeof(ModelRead));

    for (guint i = 0; i < to->len; i++) {
        ModelRead *read = g_ptr_array_index(to, i);
        read->table = table_of(copying, read->table);
    }
    return to;
}

/* All but who references it: the constraints of other tables may not be copied yet. */
static void
copy_table(const Copying *copying, ModelTable *to, const ModelTable *from)
{
    *to = *from;
    to->columns = copy_columns(copying, from->columns);
    to->constraints = copy_constraints(copying, from->constraints);
    copy_indexes(copying, to, from->indexes);
    to->triggers = copy_triggers(from->triggers);
    to->policies = copy_strings(from->policies);
    to->rules = copy_strings(from->rules);
    to->partition_key = copy_strings(from->partition_key);
    to->reads = copy_reads(copying, from->reads);
    to->read_by = copy_tables(copying, from->read_by);
    to->parent = table_of(copying, from->parent);
    to->other_parents = copy_tables(copying, from->other_parents);
    to->children = copy_tables(copying, from->children);
    to->owned_by = table_of(copying, from->owned_by);
}

static void
copy_referenced_by(const Copying *copying, ModelTable *to, const ModelTable *from)
{
    to->referenced_by = g_ptr_array_sized_new(from->referenced_by->len);
    for (guint i = 0; i < from->referenced_by->len; i++)
        g_ptr_array_add(
            to->referenced_by,
            g_hash_table_lookup(copying->constraints, g_ptr_array_index(from->referenced_by, i)));
}

static void
copy_all_tables(Copying *copying, const Model *from)
{
    Model *to = copying->to;

    for (guint i = 0; i < from->tables->len; i++) {
        ModelTable *table = g_new0(ModelTable, 1);
        g_ptr_array_add(to->tables, table);
        g_hash_table_insert(copying->tables, g_ptr_array_index(from->tables, i), table);
    }
    for (guint i = 0; i < from->tables->len; i++) {
        ModelTable *table = g_ptr_array_index(to->tables, i);
        copy_table(copying, table, g_ptr_array_index(from->tables, i));
        model_names_put(to->tables_by_name, table->schema, table->name, table);
    }
    for (guint i = 0; i < from->tables->len; i++)
        copy_referenced_by(copying, g_ptr_array_index(to->tables, i),
                           g_ptr_array_index(from->tables, i));
}

static void
copy_types(const Copying *copying, const Model *from)
{
    for (guint i = 0; i < from->types->len; i++) {
        const ModelType *type = g_ptr_array_index(from->types, i);
        ModelType *copy = g_memdup2(type, sizeof *type);

        copy->values = copy_strings(type->values);
        copy->constraints = copy_constraints(copying, type->constraints);
        copy->attributes = copy_flat(type->attributes, sizeof(ModelColumn));
        g_ptr_array_add(copying->to->types, copy);
        model_names_put(copying->to->types_by_name, copy->schema, copy->name, copy);
    }
    for (guint i = 0; i < copying->to->tables->len; i++) {
        ModelTable *table = g_ptr_array_index(copying->to->tables, i);

        if (table->type != NULL)
            table->type = g_hash_table_lookup(copying->to->types_by_name,
                                              &(DdlName){table->type->schema, table->type->name});
    }
}

static void
copy_functions(Model *to, const Model *from)
{
    for (guint i = 0; i < from->functions->len; i++) {
        const ModelFunction *function = g_ptr_array_index(from->functions, i);
        ModelFunction *copy = model_add_function(to, function->schema, function->name);
        *copy = *function;
    }
}

static void
copy_names(GHashTable *to, GHashTable *from)
{
    GHashTableIter iter;
    void *key, *value;

    g_hash_table_iter_init(&iter, from);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const DdlName *name = key;
        model_names_put(to, name->schema, name->name, value);
    }
}

static Model *
copy_into(const Model *model, ModelStore *take_store)
{
    Model *to = model_new_in(take_store);
    g_autoptr(GHashTable) tables = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) constraints = g_hash_table_new(NULL, NULL);
    Copying copying = {to, tables, constraints};
    GHashTableIter iter;
    void *schema;

    copy_all_tables(&copying, model);
    copy_types(&copying, model);
    copy_functions(to, model);
    copy_names(to->constraint_names, model->constraint_names);
    g_hash_table_iter_init(&iter, model->schemas);
    while (g_hash_table_iter_next(&iter, &schema, NULL))
        g_hash_table_add(to->schemas, schema);
    g_ptr_array_unref(to->search_path);
    to->search_path = copy_strings(model->search_path);
    to->complete = model->complete;
    to->server_version = model->server_version;
    to->step = model->step;
    return to;
}

Model *
model_copy(const Model *model)
{
    return copy_into(model, model_store_ref(model->store));
}

Model *
model_fork(const Model *model)
{
    return copy_into(model, model_store_new(model_store_ref(model->store)));
}
