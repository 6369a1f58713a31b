#include <string.h>

#include "model/state.h"

static guint
name_hash(const void *key)
{
    const DdlName *name = key;

    return g_str_hash(name->name) * 31 + g_str_hash(name->schema);
}

static gboolean
name_equal(const void *a, const void *b)
{
    const DdlName *x = a, *y = b;

    return strcmp(x->name, y->name) == 0 && strcmp(x->schema, y->schema) == 0;
}

GHashTable *
model_names_new(GDestroyNotify free_value)
{
    return g_hash_table_new_full(name_hash, name_equal, g_free, free_value);
}

void
model_names_put(GHashTable *names, const char *schema, const char *name, void *value)
{
    DdlName key = {schema, name};

    g_hash_table_replace(names, g_memdup2(&key, sizeof key), value);
}

ModelStore *
model_store_new(ModelStore *take_base)
{
    ModelStore *store = g_new0(ModelStore, 1);

    store->users = 1;
    store->base = take_base;
    store->strings = g_string_chunk_new(4 * 1024);
    return store;
}

ModelStore *
model_store_ref(ModelStore *store)
{
    g_atomic_int_inc(&store->users);
    return store;
}

static void
store_unref(ModelStore *store)
{
    if (store == NULL || !g_atomic_int_dec_and_test(&store->users))
        return;
    store_unref(store->base);
    g_string_chunk_free(store->strings);
    blocks_free(store->blocks);
    g_free(store);
}

const char *
model_intern(Model *model, const char *text)
{
    return text != NULL ? g_string_chunk_insert_const(model->store->strings, text) : NULL;
}

GPtrArray *
model_intern_all(Model *model, const GPtrArray *from)
{
    GPtrArray *strings = g_ptr_array_new();

    for (guint i = 0; from != NULL && i < from->len; i++)
        g_ptr_array_add(strings, (void *) model_intern(model, g_ptr_array_index(from, i)));
    return strings;
}

const PgQuery__Node *
model_keep(Model *model, const PgQuery__Node *node)
{
    return tree_copy(node, &model->store->blocks);
}

static void
column_free(void *column)
{
    g_free(column);
}

ModelConstraint *
model_constraint_new(void)
{
    ModelConstraint *constraint = g_new0(ModelConstraint, 1);

    constraint->valid = constraint->is_local = true;
    constraint->columns = g_ptr_array_new();
    constraint->referenced_columns = g_ptr_array_new();
    return constraint;
}

void
model_constraint_free(ModelConstraint *constraint)
{
    g_ptr_array_unref(constraint->columns);
    g_ptr_array_unref(constraint->referenced_columns);
    g_free(constraint);
}

ModelIndex *
model_index_new(void)
{
    ModelIndex *index = g_new0(ModelIndex, 1);

    index->method = "btree";
    index->valid = KNOWN_YES;
    index->columns = g_ptr_array_new();
    index->expressions = g_ptr_array_new();
    index->included = g_ptr_array_new();
    return index;
}

void
model_index_free(ModelIndex *index)
{
    g_ptr_array_unref(index->columns);
    g_ptr_array_unref(index->expressions);
    g_ptr_array_unref(index->included);
    g_free(index);
}

ModelTrigger *
model_trigger_new(void)
{
    ModelTrigger *trigger = g_new0(ModelTrigger, 1);

    trigger->enabled = true;
    trigger->columns = g_ptr_array_new();
    return trigger;
}

void
model_trigger_free(ModelTrigger *trigger)
{
    g_ptr_array_unref(trigger->columns);
    g_free(trigger);
}

static void
table_free(void *data)
{
    ModelTable *table = data;

    g_ptr_array_unref(table->columns);
    g_ptr_array_unref(table->constraints);
    g_ptr_array_unref(table->indexes);
    g_ptr_array_unref(table->triggers);
    g_ptr_array_unref(table->policies);
    g_ptr_array_unref(table->rules);
    g_ptr_array_unref(table->partition_key);
    g_ptr_array_unref(table->reads);
    g_ptr_array_unref(table->read_by);
    g_ptr_array_unref(table->referenced_by);
    g_ptr_array_unref(table->other_parents);
    g_ptr_array_unref(table->children);
    g_free(table);
}

static void
type_free(void *data)
{
    ModelType *type = data;

    g_ptr_array_unref(type->values);
    g_ptr_array_unref(type->constraints);
    g_ptr_array_unref(type->attributes);
    g_free(type);
}

Model *
model_new_in(ModelStore *take_store)
{
    Model *model = g_new0(Model, 1);

    model->store = take_store;
    model->tables = g_ptr_array_new_with_free_func(table_free);
    model->types = g_ptr_array_new_with_free_func(type_free);
    model->functions = g_ptr_array_new_with_free_func(g_free);
    model->tables_by_name = model_names_new(NULL);
    model->indexes_by_name = model_names_new(NULL);
    model->types_by_name = model_names_new(NULL);
    model->constraint_names = model_names_new(NULL);
    model->functions_by_name = model_names_new((GDestroyNotify) g_ptr_array_unref);
    model->schemas = g_hash_table_new(g_str_hash, g_str_equal);
    model->search_path = g_ptr_array_new();
    return model;
}

Model *
model_new(void)
{
    Model *model = model_new_in(model_store_new(NULL));

    g_hash_table_add(model->schemas, (void *) model_intern(model, "public"));
    g_ptr_array_add(model->search_path, (void *) model_intern(model, "public"));
    return model;
}

void
model_free(Model *model)
{
    if (model == NULL)
        return;
    g_hash_table_unref(model->tables_by_name);
    g_hash_table_unref(model->indexes_by_name);
    g_hash_table_unref(model->types_by_name);
    g_hash_table_unref(model->constraint_names);
    g_hash_table_unref(model->functions_by_name);
    g_hash_table_unref(model->schemas);
    g_ptr_array_unref(model->search_path);
    g_ptr_array_unref(model->tables);
    g_ptr_array_unref(model->types);
    g_ptr_array_unref(model->functions);
    store_unref(model->store);
    g_free(model);
}

ModelTable *
model_add_table(Model *model, const char *schema, const char *name, ModelKind kind)
{
    ModelTable *table = g_new0(ModelTable, 1);

    table->schema = model_intern(model, schema);
    table->name = model_intern(model, name);
    table->kind = kind;
    table->columns = g_ptr_array_new_with_free_func(column_free);
    table->constraints = g_ptr_array_new_with_free_func((GDestroyNotify) model_constraint_free);
    table->indexes = g_ptr_array_new_with_free_func((GDestroyNotify) model_index_free);
    table->triggers = g_ptr_array_new_with_free_func((GDestroyNotify) model_trigger_free);
    table->policies = g_ptr_array_new();
    table->rules = g_ptr_array_new();
    table->partition_key = g_ptr_array_new();
    table->reads = g_ptr_array_new_with_free_func(g_free);
    table->read_by = g_ptr_array_new();
    table->referenced_by = g_ptr_array_new();
    table->other_parents = g_ptr_array_new();
    table->children = g_ptr_array_new();
    table->replica_identity = "default";
    table->rows = table->bytes = -1;
    table->since = model->step;
    table->columns_known = true;
    g_ptr_array_add(model->tables, table);
    model_names_put(model->tables_by_name, table->schema, table->name, table);
    return table;
}

void
model_forget_reads(ModelTable *view)
{
    for (guint i = 0; i < view->reads->len; i++) {
        const ModelRead *read = g_ptr_array_index(view->reads, i);
        g_ptr_array_remove(read->table->read_by, view);
    }
    g_ptr_array_set_size(view->reads, 0);
}

/* Views that stay have lost what they read; only a model that knows a part of the schema comes
 * here with any. */
static void
forget_readers(ModelTable *table)
{
    for (guint i = 0; i < table->read_by->len; i++) {
        ModelTable *view = g_ptr_array_index(table->read_by, i);
        for (guint k = view->reads->len; k-- > 0;)
            if (((ModelRead *) g_ptr_array_index(view->reads, k))->table == table)
                g_ptr_array_remove_index(view->reads, k);
    }
}

/* Defaults that count with it go along. */
static void
forget_defaults(const Model *model, const ModelTable *sequence)
{
    for (guint i = 0; i < model->tables->len; i++) {
        const ModelTable *table = g_ptr_array_index(model->tables, i);

        for (guint k = 0; k < table->columns->len; k++) {
            ModelColumn *column = g_ptr_array_index(table->columns, k);
            if (column->default_sequence != sequence)
                continue;
            column->has_default = column->is_serial = false;
            column->default_expression = NULL;
            column->default_sequence = NULL;
        }
    }
}

void
model_remove_table(Model *model, ModelTable *table)
{
    if (table->kind == MODEL_SEQUENCE)
        forget_defaults(model, table);
    while (table->referenced_by->len > 0)
        model_remove_constraint(model, g_ptr_array_index(table->referenced_by, 0));
    while (table->constraints->len > 0)
        model_remove_constraint(model, g_ptr_array_index(table->constraints, 0));
    while (table->indexes->len > 0)
        model_remove_index(model, g_ptr_array_index(table->indexes, 0));
    model_forget_reads(table);
    forget_readers(table);
    while (table->parent != NULL)
        model_remove_parent(table, table->parent);
    while (table->children->len > 0)
        model_remove_parent(g_ptr_array_index(table->children, 0), table);
    g_hash_table_remove(model->tables_by_name, &(DdlName){table->schema, table->name});
    g_ptr_array_remove(model->tables, table);
}

void
model_add_index(Model *model, ModelIndex *index)
{
    index->since = model->step;
    index->schema = index->table->schema;
    g_ptr_array_add(index->table->indexes, index);
    model_names_put(model->indexes_by_name, index->schema, index->name, index);
}

void
model_remove_index(Model *model, ModelIndex *index)
{
    g_hash_table_remove(model->indexes_by_name, &(DdlName){index->schema, index->name});
    g_ptr_array_remove(index->table->indexes, index);
}

void
model_count_constraint(Model *model, const ModelConstraint *constraint, int by)
{
    const char *schema = constraint->table->schema;
    int count = GPOINTER_TO_INT(
        g_hash_table_lookup(model->constraint_names, &(DdlName){schema, constraint->name}));

    model_names_put(model->constraint_names, schema, constraint->name, GINT_TO_POINTER(count + by));
}

void
model_add_constraint(Model *model, ModelTable *table, ModelConstraint *constraint)
{
    constraint->table = table;
    constraint->since = model->step;
    g_ptr_array_add(table->constraints, constraint);
    if (constraint->referenced != NULL)
        g_ptr_array_add(constraint->referenced->referenced_by, constraint);
    model_count_constraint(model, constraint, 1);
}

void
model_remove_constraint(Model *model, ModelConstraint *constraint)
{
    model_count_constraint(model, constraint, -1);
    if (constraint->referenced != NULL)
        g_ptr_array_remove(constraint->referenced->referenced_by, constraint);
    g_ptr_array_remove(constraint->table->constraints, constraint);
}

void
model_rename_constraint(Model *model, ModelConstraint *constraint, const char *name)
{
    model_count_constraint(model, constraint, -1);
    constraint->name = name;
    model_count_constraint(model, constraint, 1);
}

void
model_add_read(ModelTable *view, ModelTable *table, const char *column)
{
    ModelRead *read;

    if (view == table)
        return;
    if (!g_ptr_array_find(table->read_by, view, NULL))
        g_ptr_array_add(table->read_by, view);
    for (guint i = 0; i < view->reads->len; i++) {
        read = g_ptr_array_index(view->reads, i);
        if (read->table == table && g_strcmp0(read->column, column) == 0)
            return;
    }
    read = g_new0(ModelRead, 1);
    read->table = table;
    read->column = column;
    g_ptr_array_add(view->reads, read);
}

void
model_add_parent(ModelTable *child, ModelTable *parent)
{
    if (child->parent == NULL)
        child->parent = parent;
    else
        g_ptr_array_add(child->other_parents, parent);
    g_ptr_array_add(parent->children, child);
}

void
model_remove_parent(ModelTable *child, ModelTable *parent)
{
    g_ptr_array_remove(parent->children, child);
    if (child->parent != parent) {
        g_ptr_array_remove(child->other_parents, parent);
        return;
    }
    child->parent = NULL;
    child->is_default_partition = false;
    if (child->other_parents->len > 0)
        child->parent = g_ptr_array_remove_index(child->other_parents, 0);
}

ModelType *
model_add_type(Model *model, const char *schema, const char *name, ModelTypeKind kind)
{
    ModelType *type = g_new0(ModelType, 1);

    type->schema = model_intern(model, schema);
    type->name = model_intern(model, name);
    type->kind = kind;
    type->values = g_ptr_array_new();
    type->constraints = g_ptr_array_new_with_free_func((GDestroyNotify) model_constraint_free);
    type->attributes = g_ptr_array_new_with_free_func(column_free);
    type->since = model->step;
    g_ptr_array_add(model->types, type);
    model_names_put(model->types_by_name, type->schema, type->name, type);
    return type;
}

void
model_remove_type(Model *model, ModelType *type)
{
    g_hash_table_remove(model->types_by_name, &(DdlName){type->schema, type->name});
    g_ptr_array_remove(model->types, type);
}

ModelFunction *
model_add_function(Model *model, const char *schema, const char *name)
{
    ModelFunction *function = g_new0(ModelFunction, 1);
    GPtrArray *named;

    function->schema = model_intern(model, schema);
    function->name = model_intern(model, name);
    function->arguments = "";
    named = g_hash_table_lookup(model->functions_by_name, &(DdlName){schema, name});
    if (named == NULL) {
        named = g_ptr_array_new();
        model_names_put(model->functions_by_name, function->schema, function->name, named);
    }
    g_ptr_array_add(named, function);
    g_ptr_array_add(model->functions, function);
    return function;
}

void
model_remove_function(Model *model, ModelFunction *function)
{
    GPtrArray *named =
        g_hash_table_lookup(model->functions_by_name, &(DdlName){function->schema, function->name});

    g_ptr_array_remove(named, function);
    g_ptr_array_remove(model->functions, function);
}
