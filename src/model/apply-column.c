#include <string.h>

#include "model/apply.h"
#include "sql/tree.h"

void
model_set_type(Model *model, ModelColumn *column, const DdlType *type)
{
    const ModelType *found =
        type->name.schema != NULL || !type->name.name ? NULL : model_find_type(model, type->name);
    const char *schema = found != NULL ? found->schema : type->name.schema;
    g_autofree char *label = NULL;

    if (g_strcmp0(schema, "public") == 0)
        schema = NULL;
    column->parsed = *type;
    column->parsed.name.schema = model_intern(model, schema);
    column->parsed.name.name = model_intern(model, type->name.name);
    column->parsed.words = model_intern(model, type->words);
    label = ddl_type_label(&column->parsed);
    column->type = model_intern(model, label);
    found = type->name.name != NULL && type->dimensions == 0 ? model_find_type(model, type->name)
                                                             : NULL;
    column->is_row = found != NULL && found->kind == MODEL_COMPOSITE;
}

/* @name NULL: the server makes one. */
static const ModelTable *
make_sequence(Model *model, ModelTable *table, const char *column, const char *name,
              bool is_identity)
{
    ModelTable *sequence;

    if (name == NULL)
        name = model_choose_relation(model, table->schema, table->name, column, "seq", false);
    sequence = model_add_table(model, table->schema, name, MODEL_SEQUENCE);

    sequence->owned_by = table;
    table->owns_sequence = true;
    sequence->owned_by_column = model_intern(model, column);
    sequence->is_identity = is_identity;
    sequence->temporary = table->temporary;
    return sequence;
}

/* NULL: none, or it is not known. */
static const ModelTable *
find_sequence(const Model *model, const PgQuery__Node *expression)
{
    const char *text = expression != NULL ? ddl_sequence_of(expression) : NULL;
    g_autofree char *schema = NULL, *name = NULL;

    if (text == NULL || !sql_name_parse(text, (Place){0}, &schema, &name, NULL))
        return NULL;
    return model_find_table(model, (DdlName){schema, name});
}

void
model_set_default(Model *model, ModelColumn *column, const PgQuery__Node *expression)
{
    column->default_sequence = find_sequence(model, expression);
    column->default_expression = model_keep(model, expression);
    column->has_default = expression != NULL && !ddl_is_null_constant(expression);
    column->default_known = KNOWN_YES;
}

void
model_add_identity_sequence(Model *model, ModelTable *table, const char *column)
{
    make_sequence(model, table, column, NULL, true);
}

ModelColumn *
model_new_column(Model *model, ModelTable *table, const DdlColumn *definition)
{
    ModelColumn *column = g_new0(ModelColumn, 1);

    column->name = model_intern(model, definition->name);
    model_set_type(model, column, &definition->type);
    column->collation = model_intern(model, definition->collation);
    column->is_local = true;
    model_set_default(model, column, definition->default_expression);
    if (definition->generated != NULL)
        column->default_expression = model_keep(model, definition->generated);
    column->is_generated = definition->generated != NULL;
    column->is_identity = definition->identity != 0;
    column->identity_always = definition->identity == 'a';
    column->is_serial = definition->type.is_serial;
    column->has_default |= column->is_serial;
    column->not_null = definition->not_null || column->is_identity || column->is_serial;
    g_ptr_array_add(table->columns, column);
    if (column->is_identity)
        model_add_identity_sequence(model, table, column->name);
    if (column->is_serial)
        column->default_sequence = make_sequence(model, table, column->name, NULL, false);
    return column;
}

static void
add_to_children(Model *model, ModelTable *table, const ModelColumn *column)
{
    for (guint i = 0; i < table->children->len; i++) {
        ModelTable *child = g_ptr_array_index(table->children, i);
        ModelColumn *own = model_find_column(child, column->name);

        if (own == NULL) {
            own = g_memdup2(column, sizeof *column);
            own->is_local = own->is_serial = own->is_identity = own->identity_always = false;
            g_ptr_array_add(child->columns, own);
        }
        own->is_inherited = true;
        add_to_children(model, child, column);
    }
}

bool
apply_add_column(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);
    ModelColumn *column;

    if (table == NULL || change->definition == NULL ||
        model_find_column(table, change->definition->name) != NULL)
        return false;
    column = model_new_column(model, table, change->definition);
    add_to_children(model, table, column);
    return true;
}

/* Calls @visit on the column of the table and, unless ONLY is said, of all that inherit it. */
static bool
each_column(Model *model, const DdlChange *change, ModelTable *table,
            void (*visit)(Model *model, const DdlChange *change, ModelColumn *column))
{
    ModelColumn *column = table != NULL ? model_require_column(model, table, change->column) : NULL;

    if (column == NULL)
        return false;
    visit(model, change, column);
    for (guint i = 0; !change->only && i < table->children->len; i++)
        each_column(model, change, g_ptr_array_index(table->children, i), visit);
    return true;
}

static void
visit_type(Model *model, const DdlChange *change, ModelColumn *column)
{
    model_set_type(model, column, &change->definition->type);
    column->collation = model_intern(model, change->definition->collation);
}

bool
apply_column_type(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);
    bool done = change->definition != NULL && each_column(model, change, table, visit_type);

    for (guint i = 0; done && i < table->indexes->len; i++) {
        ModelIndex *index = g_ptr_array_index(table->indexes, i);
        if (model_has_string(index->columns, change->column))
            index->since = model->step;
    }
    return done;
}

static void
visit_default(Model *model, const DdlChange *change, ModelColumn *column)
{
    model_set_default(model, column,
                      change->kind == CHANGE_SET_DEFAULT ? change->expression : NULL);
    column->is_serial = false;
}

bool
apply_default(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);

    if (!each_column(model, change, table, visit_default))
        return false;
    model_settle_serial(model, table, change->column);
    return true;
}

void
model_set_not_null(ModelTable *table, const char *column, bool recurse)
{
    ModelColumn *found = model_find_column(table, column);

    if (found != NULL)
        found->not_null = true;
    for (guint i = 0; recurse && i < table->children->len; i++)
        model_set_not_null(g_ptr_array_index(table->children, i), column, true);
}

static void
visit_not_null(Model *model, const DdlChange *change, ModelColumn *column)
{
    (void) model;
    column->not_null = change->kind == CHANGE_SET_NOT_NULL;
}

bool
apply_not_null(Model *model, const DdlChange *change)
{
    return each_column(model, change, model_require_table(model, change->relation), visit_not_null);
}

/* AS IDENTITY (SEQUENCE NAME ..), as dumps write it; NULL: not said. */
static const char *
sequence_name(const DdlChange *change)
{
    const PgQuery__Node *definition =
        change->node != NULL && change->node->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_CMD
            ? change->node->alter_table_cmd->def
            : NULL;
    const PgQuery__Constraint *identity =
        definition != NULL && definition->node_case == PG_QUERY__NODE__NODE_CONSTRAINT
            ? definition->constraint
            : NULL;

    for (size_t i = 0; identity != NULL && i < identity->n_options; i++) {
        const PgQuery__DefElem *option = identity->options[i]->def_elem;
        if (strcmp(option->defname, "sequence_name") == 0 && option->arg != NULL &&
            option->arg->node_case == PG_QUERY__NODE__NODE_LIST && option->arg->list->n_items > 0)
            return tree_string(option->arg->list->items[option->arg->list->n_items - 1]);
    }
    return NULL;
}

static void
add_identity(Model *model, const DdlChange *change, ModelTable *table, ModelColumn *column)
{
    if (column->is_identity)
        return;
    column->is_identity = column->not_null = true;
    column->identity_always = change->definition != NULL && change->definition->identity == 'a';
    make_sequence(model, table, column->name, sequence_name(change), true);
}

bool
apply_identity(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);
    ModelColumn *column = table != NULL ? model_require_column(model, table, change->column) : NULL;

    if (column == NULL)
        return false;
    if (change->kind == CHANGE_ADD_IDENTITY) {
        add_identity(model, change, table, column);
    } else if (change->kind == CHANGE_DROP_IDENTITY) {
        column->is_identity = column->identity_always = false;
        model_drop_owned(model, table, column->name);
    } else if (g_strcmp0(change->text, "always") == 0) {
        column->identity_always = true;
    } else if (g_strcmp0(change->text, "by default") == 0) {
        column->identity_always = false;
    }
    return true;
}

static void
visit_drop_expression(Model *model, const DdlChange *change, ModelColumn *column)
{
    (void) change;
    if (column->is_generated)
        model_set_default(model, column, NULL);
    column->is_generated = false;
}

bool
apply_drop_expression(Model *model, const DdlChange *change)
{
    return each_column(model, change, model_require_table(model, change->relation),
                       visit_drop_expression);
}

static bool
owns_sequence(const Model *model, const ModelTable *table, const char *column)
{
    for (guint i = 0; i < model->tables->len; i++) {
        const ModelTable *sequence = g_ptr_array_index(model->tables, i);
        if (sequence->owned_by == table && !sequence->is_identity &&
            g_strcmp0(sequence->owned_by_column, column) == 0)
            return true;
    }
    return false;
}

void
model_settle_serial(Model *model, ModelTable *table, const char *column)
{
    ModelColumn *found = model_find_column(table, column);

    if (found == NULL || (found->default_expression == NULL && !found->is_serial))
        return;
    found->is_serial =
        (found->default_expression == NULL || ddl_calls(found->default_expression, "nextval")) &&
        owns_sequence(model, table, column);
}
