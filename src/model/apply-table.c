#include <string.h>

#include "model/apply.h"
#include "sql/tree.h"

static const PgQuery__CreateStmt *
create_statement(const DdlChange *change)
{
    if (change->node != NULL && change->node->node_case == PG_QUERY__NODE__NODE_CREATE_STMT)
        return change->node->create_stmt;
    if (change->node != NULL &&
        change->node->node_case == PG_QUERY__NODE__NODE_CREATE_FOREIGN_TABLE_STMT)
        return change->node->create_foreign_table_stmt->base_stmt;
    return NULL;
}

static DdlName
name_of(const PgQuery__RangeVar *relation)
{
    bool has_schema = relation->schemaname != NULL && relation->schemaname[0] != '\0';

    return (DdlName){has_schema ? relation->schemaname : NULL, relation->relname};
}

/* The columns that LIKE copies: NOT NULL always, the rest where it is said. */
static void
copy_columns(Model *model, ModelTable *table, const PgQuery__TableLikeClause *like)
{
    enum { DEFAULTS = 1 << 3, GENERATED = 1 << 4, IDENTITY = 1 << 5 };
    const ModelTable *source = model_require_table(model, name_of(like->relation));

    if (source == NULL || !source->columns_known)
        table->columns_known = false;
    for (guint i = 0; source != NULL && i < source->columns->len; i++) {
        const ModelColumn *from = g_ptr_array_index(source->columns, i);
        ModelColumn *column = g_memdup2(from, sizeof *from);

        column->is_local = true;
        column->is_inherited = column->is_serial = false;
        if (!(like->options & (from->is_generated ? GENERATED : DEFAULTS))) {
            column->has_default = column->is_generated = false;
            column->default_expression = NULL;
            column->default_sequence = NULL;
        }
        column->is_identity = column->identity_always = false;
        g_ptr_array_add(table->columns, column);
        if (!from->is_identity || !(like->options & IDENTITY))
            continue;
        column->is_identity = true;
        column->identity_always = from->identity_always;
        model_add_identity_sequence(model, table, column->name);
    }
}

static const DdlColumn *
definition_of(const DdlChange *change, const PgQuery__ColumnDef *element)
{
    for (guint i = 0; change->columns != NULL && i < change->columns->len; i++) {
        const DdlColumn *column = g_ptr_array_index(change->columns, i);
        if (strcmp(column->name, element->colname) == 0)
            return column;
    }
    return NULL;
}

/* Merges what the definition says into a column that is there by inheritance, or of a type. */
static void
merge_column(Model *model, ModelTable *table, ModelColumn *column, const DdlColumn *definition)
{
    column->is_local = !model_is_partition(table);
    column->not_null |= definition->not_null;
    if (definition->default_expression != NULL) {
        model_set_default(model, column, definition->default_expression);
    }
    if (definition->generated != NULL) {
        column->default_expression = model_keep(model, definition->generated);
        column->is_generated = true;
    }
}

/* Of a type that was met in passing only, not all attributes are known. */
static void
add_attributes(Model *model, ModelTable *table, const ModelType *type)
{
    table->type = type;
    table->columns_known &= type != NULL && (model->complete || type->since > 0);
    for (guint i = 0; type != NULL && i < type->attributes->len; i++)
        g_ptr_array_add(table->columns,
                        g_memdup2(g_ptr_array_index(type->attributes, i), sizeof(ModelColumn)));
}

enum { COLUMNS_MOST = 1600 }; /* of a table; the server refuses more */

static void
add_elements(Model *model, ModelTable *table, const DdlChange *change,
             const PgQuery__CreateStmt *statement)
{
    for (size_t i = 0; i < statement->n_table_elts && table->columns->len < COLUMNS_MOST; i++) {
        const PgQuery__Node *element = statement->table_elts[i];
        const DdlColumn *definition;
        ModelColumn *column;

        if (element->node_case == PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE)
            copy_columns(model, table, element->table_like_clause);
        if (element->node_case != PG_QUERY__NODE__NODE_COLUMN_DEF)
            continue;
        definition = definition_of(change, element->column_def);
        column = model_find_column(table, element->column_def->colname);
        if (definition != NULL && column != NULL)
            merge_column(model, table, column, definition);
        else if (definition != NULL)
            model_new_column(model, table, definition);
    }
}

static void
add_parents(Model *model, ModelTable *table, const PgQuery__CreateStmt *statement)
{
    for (size_t i = 0; i < statement->n_inh_relations; i++) {
        ModelTable *parent = NULL;

        if (statement->inh_relations[i]->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
            parent = model_require_table(model, name_of(statement->inh_relations[i]->range_var));
        if (parent == NULL) {
            table->columns_known = false;
            continue;
        }
        if (statement->partbound != NULL)
            parent->partitioned = true;
        table->columns_known &= parent->columns_known;
        model_add_parent(table, parent);
        model_inherit_columns(model, table, parent);
        model_inherit_checks(model, table, parent);
    }
}

static const char *
schema_of_new(const Model *model, const DdlChange *change)
{
    return change->temporary ? "pg_temp" : model_schema_of_new(model, change->relation);
}

/* A new table has no row that could fail. */
static void
settle_checks(ModelTable *table)
{
    for (guint i = 0; i < table->constraints->len; i++) {
        ModelConstraint *constraint = g_ptr_array_index(table->constraints, i);
        constraint->valid = true;
    }
}

bool
apply_create_table(Model *model, const DdlChange *change)
{
    const PgQuery__CreateStmt *statement = create_statement(change);
    const char *schema = schema_of_new(model, change);
    DdlName name = {schema, change->relation.name};
    bool is_foreign = change->object == PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE;
    ModelTable *table;

    if (statement == NULL || g_hash_table_contains(model->tables_by_name, &name))
        return false;
    table =
        model_add_table(model, schema, name.name, is_foreign ? MODEL_FOREIGN_TABLE : MODEL_TABLE);
    table->temporary = change->temporary;
    table->unlogged = change->unlogged;
    table->partitioned = change->partitioned;
    table->is_default_partition = change->is_default;
    g_ptr_array_unref(table->partition_key);
    table->partition_key = model_intern_all(model, change->partitioned ? change->names : NULL);
    if (change->of_type.name != NULL)
        add_attributes(model, table, model_find_type(model, change->of_type));
    add_parents(model, table, statement);
    settle_checks(table);
    add_elements(model, table, change, statement);
    if (table->parent != NULL && statement->partbound != NULL)
        model_inherit_rest(model, table, table->parent);
    return true;
}

static bool
includes(const DdlChange *change, const char *what)
{
    return change->names != NULL && model_has_string(change->names, what);
}

bool
apply_like(Model *model, const DdlChange *change)
{
    ModelTable *table = model_find_table(model, change->relation);
    const ModelTable *source = model_find_table(model, change->other);

    if (table == NULL || source == NULL)
        return false;
    for (guint i = 0; includes(change, "constraints") && i < source->constraints->len; i++) {
        const ModelConstraint *check = g_ptr_array_index(source->constraints, i);
        if (check->kind == CONSTRAINT_CHECK)
            model_copy_check(model, table, check);
    }
    for (guint i = 0; includes(change, "indexes") && i < source->indexes->len; i++)
        model_clone_index(model, g_ptr_array_index(source->indexes, i), table);
    return true;
}

/* Of a table that has them already: their defaults stay its own. */
static void
attach_columns(ModelTable *child, const ModelTable *parent)
{
    for (guint i = 0; i < parent->columns->len; i++) {
        const ModelColumn *from = g_ptr_array_index(parent->columns, i);
        ModelColumn *column = model_find_column(child, from->name);
        if (column == NULL)
            continue;
        column->is_inherited = true;
        column->is_local = column->is_local && !parent->partitioned;
    }
}

bool
apply_inherit(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);
    ModelTable *parent = model_require_table(model, change->other);

    /* Of a definition, CREATE TABLE has done it. */
    if (change->in_definition || table == NULL || parent == NULL)
        return change->in_definition;
    if (change->removes) {
        model_disinherit(model, table, parent);
        return true;
    }
    model_add_parent(table, parent);
    attach_columns(table, parent);
    model_inherit_checks(model, table, parent);
    return true;
}

bool
apply_attach_partition(Model *model, const DdlChange *change)
{
    ModelTable *parent = model_require_table(model, change->relation);
    ModelTable *child = model_require_table(model, change->other);

    if (parent == NULL || child == NULL || child->parent != NULL)
        return false;
    parent->partitioned = true;
    model_add_parent(child, parent);
    child->is_default_partition = change->is_default;
    attach_columns(child, parent);
    model_inherit_checks(model, child, parent);
    model_inherit_rest(model, child, parent);
    return true;
}

bool
apply_detach_partition(Model *model, const DdlChange *change)
{
    ModelTable *parent = model_find_table(model, change->relation);
    ModelTable *child = model_find_table(model, change->other);

    if (parent == NULL || child == NULL || child->parent != parent)
        return false;
    model_disinherit(model, child, parent);
    return true;
}

bool
apply_persistence(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);

    if (table == NULL)
        return false;
    table->unlogged = change->removes;
    for (guint i = 0; i < model->tables->len; i++) {
        ModelTable *sequence = g_ptr_array_index(model->tables, i);
        if (sequence->owned_by == table)
            sequence->unlogged = table->unlogged;
    }
    return true;
}

bool
apply_replica_identity(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);

    if (table == NULL)
        return false;
    table->replica_identity = model_intern(
        model, g_strcmp0(change->text, "index") == 0 ? change->other.name : change->text);
    return true;
}

bool
apply_row_security(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);

    if (table == NULL)
        return false;
    if (change->forced)
        table->force_row_security = !change->removes;
    else
        table->row_security = !change->removes;
    return true;
}

bool
apply_rows(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);

    if (table != NULL && !change->removes)
        table->rows_loaded = true;
    return table != NULL;
}

/* ALTER TABLE .. OF: of a table that has the type's columns already. */
bool
apply_alter_other(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);

    if (table == NULL || g_strcmp0(change->text, "of") != 0)
        return false;
    table->type = change->removes ? NULL : model_find_type(model, change->of_type);
    return true;
}
