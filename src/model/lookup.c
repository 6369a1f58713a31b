#include <string.h>

#include "model/state.h"

/* Asks along search_path; the server's own pg_catalog holds nothing that a model does. */
static void *
find(const Model *model, GHashTable *names, DdlName name)
{
    if (name.name == NULL)
        return NULL;
    if (name.schema != NULL)
        return g_hash_table_lookup(names, &name);
    for (guint i = 0; i < model->search_path->len; i++) {
        DdlName full = {g_ptr_array_index(model->search_path, i), name.name};
        void *found = g_hash_table_lookup(names, &full);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* A temporary one hides all others. */
static void *
find_relation(const Model *model, GHashTable *names, DdlName name)
{
    void *found = NULL;

    if (name.schema == NULL && name.name != NULL)
        found = g_hash_table_lookup(names, &(DdlName){"pg_temp", name.name});
    return found != NULL ? found : find(model, names, name);
}

ModelTable *
model_find_table(const Model *model, DdlName name)
{
    return find_relation(model, model->tables_by_name, name);
}

ModelIndex *
model_find_index(const Model *model, DdlName name)
{
    return find_relation(model, model->indexes_by_name, name);
}

ModelType *
model_find_type(const Model *model, DdlName name)
{
    return find(model, model->types_by_name, name);
}

const ModelTable *
model_table(const Model *model, DdlName name)
{
    return model_find_table(model, name);
}

const ModelIndex *
model_index(const Model *model, DdlName name)
{
    return model_find_index(model, name);
}

const ModelType *
model_type(const Model *model, DdlName name)
{
    return model_find_type(model, name);
}

const ModelFunction *
model_function(const Model *model, DdlName name, int n_arguments)
{
    const GPtrArray *named = find(model, model->functions_by_name, name);

    for (guint i = 0; named != NULL && i < named->len; i++) {
        const ModelFunction *function = g_ptr_array_index(named, i);
        if (n_arguments < 0 || function->n_arguments == n_arguments)
            return function;
    }
    /* A call may leave out what has a default, or pass a VARIADIC list. */
    return named != NULL && named->len == 1 ? g_ptr_array_index(named, 0) : NULL;
}

bool
model_function_volatility(DdlName name, int n_arguments, DdlVolatility *ret_volatility,
                          const void *data)
{
    const ModelFunction *function = model_function(data, name, n_arguments);

    if (function == NULL)
        return false;
    *ret_volatility = function->volatility;
    return true;
}

bool
model_has_schema(const Model *model, const char *name)
{
    return g_hash_table_contains(model->schemas, name);
}

Known
model_exists(const Model *model, DdlName name)
{
    if (model_find_table(model, name) != NULL || model_find_index(model, name) != NULL ||
        model_find_type(model, name) != NULL)
        return KNOWN_YES;
    return model->complete ? KNOWN_NO : KNOWN_MAYBE;
}

ModelColumn *
model_find_column(const ModelTable *table, const char *name)
{
    for (guint i = 0; name != NULL && i < table->columns->len; i++) {
        ModelColumn *column = g_ptr_array_index(table->columns, i);
        if (strcmp(column->name, name) == 0)
            return column;
    }
    return NULL;
}

const ModelColumn *
model_column(const ModelTable *table, const char *name)
{
    return table != NULL ? model_find_column(table, name) : NULL;
}

ModelConstraint *
model_find_constraint(const ModelTable *table, const char *name)
{
    for (guint i = 0; name != NULL && i < table->constraints->len; i++) {
        ModelConstraint *constraint = g_ptr_array_index(table->constraints, i);
        if (strcmp(constraint->name, name) == 0)
            return constraint;
    }
    return NULL;
}

const ModelConstraint *
model_constraint(const ModelTable *table, const char *name)
{
    return table != NULL ? model_find_constraint(table, name) : NULL;
}

ModelIndex *
model_table_index(const ModelTable *table, const char *name)
{
    for (guint i = 0; name != NULL && i < table->indexes->len; i++) {
        ModelIndex *index = g_ptr_array_index(table->indexes, i);
        if (strcmp(index->name, name) == 0)
            return index;
    }
    return NULL;
}

ModelTrigger *
model_find_trigger(const ModelTable *table, const char *name)
{
    for (guint i = 0; name != NULL && i < table->triggers->len; i++) {
        ModelTrigger *trigger = g_ptr_array_index(table->triggers, i);
        if (strcmp(trigger->name, name) == 0)
            return trigger;
    }
    return NULL;
}

int
model_string_at(const GPtrArray *strings, const char *text)
{
    for (guint i = 0; i < strings->len; i++)
        if (g_strcmp0(g_ptr_array_index(strings, i), text) == 0)
            return (int) i;
    return -1;
}

bool
model_has_string(const GPtrArray *strings, const char *text)
{
    return model_string_at(strings, text) >= 0;
}

const char *
model_schema_of_new(const Model *model, DdlName name)
{
    if (name.schema != NULL)
        return name.schema;
    return model->search_path->len > 0 ? g_ptr_array_index(model->search_path, 0) : "public";
}

ModelTable *
model_require_table(Model *model, DdlName name)
{
    ModelTable *table = model_find_table(model, name);

    if (table != NULL || name.name == NULL || model->complete)
        return table;
    table = model_add_table(model, model_schema_of_new(model, name), name.name, MODEL_TABLE);
    table->columns_known = false;
    table->since = 0;
    return table;
}

ModelColumn *
model_require_column(Model *model, ModelTable *table, const char *name)
{
    ModelColumn *column = model_find_column(table, name);

    if (column != NULL || name == NULL || table->columns_known)
        return column;
    column = g_new0(ModelColumn, 1);
    column->name = model_intern(model, name);
    column->is_local = true;
    column->default_known = KNOWN_MAYBE;
    g_ptr_array_add(table->columns, column);
    return column;
}

bool
model_is_partition(const ModelTable *table)
{
    return table->parent != NULL && table->parent->partitioned;
}

static bool
key_has(const ModelTable *table, const char *column)
{
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *constraint = g_ptr_array_index(table->constraints, i);
        if (constraint->kind == CONSTRAINT_PRIMARY_KEY &&
            model_has_string(constraint->columns, column))
            return true;
    }
    return false;
}

bool
model_proves_not_null(const ModelTable *table, const PgQuery__Node *expression, const char *column)
{
    const ModelColumn *found = model_column(table, column);

    return (found == NULL || !found->is_row) && ddl_proves_not_null(expression, column);
}

static bool
check_proves(const ModelTable *table, const char *column)
{
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *constraint = g_ptr_array_index(table->constraints, i);
        if (constraint->kind == CONSTRAINT_CHECK && constraint->valid && !constraint->no_inherit &&
            model_proves_not_null(table, constraint->expression, column))
            return true;
    }
    return false;
}

Known
model_is_not_null(const ModelTable *table, const char *column, bool by_check)
{
    const ModelColumn *found = model_column(table, column);

    if (table == NULL)
        return KNOWN_MAYBE;
    if ((found != NULL && found->not_null) || key_has(table, column) ||
        (by_check && check_proves(table, column)))
        return KNOWN_YES;
    if (found != NULL && (table->columns_known || found->type != NULL))
        return by_check && !table->columns_known ? KNOWN_MAYBE : KNOWN_NO;
    return table->columns_known ? KNOWN_NO : KNOWN_MAYBE;
}

const ModelIndex *
model_covering_index(const ModelTable *table, const GPtrArray *columns)
{
    for (guint i = 0; table != NULL && i < table->indexes->len; i++) {
        const ModelIndex *index = g_ptr_array_index(table->indexes, i);
        guint found = 0;

        if (index->where != NULL || index->valid == KNOWN_NO || index->columns->len < columns->len)
            continue;
        for (guint k = 0; k < columns->len; k++)
            found += model_has_string(columns, g_ptr_array_index(index->columns, k));
        if (found == columns->len)
            return index;
    }
    return NULL;
}

GPtrArray *
model_referencing(const Model *model, const ModelTable *table, GPtrArray **ret_tables)
{
    GPtrArray *constraints = g_ptr_array_new(), *tables = g_ptr_array_new();

    (void) model;
    for (guint i = 0; table != NULL && i < table->referenced_by->len; i++) {
        ModelConstraint *constraint = g_ptr_array_index(table->referenced_by, i);
        g_ptr_array_add(constraints, constraint);
        g_ptr_array_add(tables, constraint->table);
    }
    if (ret_tables != NULL)
        *ret_tables = tables;
    else
        g_ptr_array_unref(tables);
    return constraints;
}

const GPtrArray *
model_tables(const Model *model)
{
    return model->tables;
}

guint
model_step(const Model *model)
{
    return model->step;
}

void
model_set_complete(Model *model, bool complete)
{
    model->complete = complete;
}

bool
model_is_complete(const Model *model)
{
    return model->complete;
}

void
model_set_server_version(Model *model, int major)
{
    model->server_version = major;
}

int
model_server_version(const Model *model)
{
    return model->server_version;
}

char *
model_table_label(const ModelTable *table)
{
    bool is_plain = g_str_equal(table->schema, "public") || g_str_equal(table->schema, "pg_temp");

    return ddl_name_label((DdlName){is_plain ? NULL : table->schema, table->name});
}
