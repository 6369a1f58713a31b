#include <string.h>

#include "model/apply.h"
#include "sql/tree.h"

static void
append_type(GString *label, const PgQuery__TypeName *type)
{
    const char *name = type->n_names > 0 ? tree_string(type->names[type->n_names - 1]) : "";

    g_string_append_printf(label, "%s%s%s", label->len > 0 ? ", " : "", name != NULL ? name : "",
                           type->n_array_bounds > 0 ? "[]" : "");
}

static bool
is_input(const PgQuery__FunctionParameter *parameter)
{
    return parameter->mode != PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT &&
           parameter->mode != PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_TABLE;
}

/* What tells overloads apart: the types that a call gives. Caller owns. */
static char *
parameters_label(PgQuery__Node *const *parameters, size_t count)
{
    GString *label = g_string_new(NULL);

    for (size_t i = 0; i < count; i++) {
        const PgQuery__FunctionParameter *parameter =
            parameters[i]->node_case == PG_QUERY__NODE__NODE_FUNCTION_PARAMETER
                ? parameters[i]->function_parameter
                : NULL;
        if (parameter != NULL && is_input(parameter) && parameter->arg_type != NULL)
            append_type(label, parameter->arg_type);
    }
    return g_string_free(label, FALSE);
}

static char *
types_label(PgQuery__Node *const *types, size_t count)
{
    GString *label = g_string_new(NULL);

    for (size_t i = 0; i < count; i++)
        if (types[i]->node_case == PG_QUERY__NODE__NODE_TYPE_NAME)
            append_type(label, types[i]->type_name);
    return g_string_free(label, FALSE);
}

static const PgQuery__ObjectWithArgs *
with_args(const PgQuery__Node *node)
{
    return node != NULL && node->node_case == PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS
               ? node->object_with_args
               : NULL;
}

/* Of the statement's objects the one of that name. */
static const PgQuery__ObjectWithArgs *
dropped(const PgQuery__DropStmt *drop, DdlName name)
{
    for (size_t i = 0; i < drop->n_objects; i++) {
        const PgQuery__ObjectWithArgs *object = with_args(drop->objects[i]);
        if (object != NULL && object->n_objname > 0 &&
            g_strcmp0(tree_string(object->objname[object->n_objname - 1]), name.name) == 0)
            return object;
    }
    return NULL;
}

static const PgQuery__ObjectWithArgs *
object_of(const DdlChange *change)
{
    const PgQuery__Node *node = change->node;

    if (node == NULL)
        return NULL;
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_DROP_STMT:
        return dropped(node->drop_stmt, change->relation);
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        return with_args(node->rename_stmt->object);
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
        return with_args(node->alter_object_schema_stmt->object);
    case PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT:
        return node->alter_function_stmt->func;
    default:
        return NULL;
    }
}

static ModelFunction *
find_overload(const Model *model, const char *schema, const char *name, const char *arguments)
{
    const GPtrArray *named =
        g_hash_table_lookup(model->functions_by_name, &(DdlName){schema, name});

    for (guint i = 0; named != NULL && i < named->len; i++) {
        ModelFunction *function = g_ptr_array_index(named, i);
        if (g_strcmp0(function->arguments, arguments) == 0)
            return function;
    }
    return NULL;
}

ModelFunction *
model_find_function(const Model *model, const DdlChange *change)
{
    const PgQuery__ObjectWithArgs *object = object_of(change);
    ModelFunction *any = (ModelFunction *) model_function(model, change->relation, -1);
    g_autofree char *arguments = NULL;
    ModelFunction *found;

    if (any == NULL || object == NULL || object->args_unspecified)
        return any;
    arguments = object->n_objfuncargs > 0
                    ? parameters_label(object->objfuncargs, object->n_objfuncargs)
                    : types_label(object->objargs, object->n_objargs);
    found = find_overload(model, any->schema, any->name, arguments);
    return found;
}

bool
apply_create_function(Model *model, const DdlChange *change)
{
    const char *schema = model_schema_of_new(model, change->relation);
    const DdlFunction *from = change->function;
    g_autofree char *arguments = NULL;
    ModelFunction *function;

    if (from == NULL || change->relation.name == NULL || change->node == NULL ||
        change->node->node_case != PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT)
        return false;
    arguments = parameters_label(change->node->create_function_stmt->parameters,
                                 change->node->create_function_stmt->n_parameters);
    function = find_overload(model, schema, change->relation.name, arguments);
    if (function != NULL && !change->or_replace)
        return false;
    if (function == NULL)
        function = model_add_function(model, schema, change->relation.name);
    function->arguments = model_intern(model, arguments);
    function->language = model_intern(model, from->language);
    function->body = model_intern(model, from->body);
    function->volatility = from->volatility;
    function->n_arguments = from->n_arguments;
    function->returns_trigger = from->returns_trigger;
    return true;
}

static bool
set_volatility(ModelFunction *function, const PgQuery__DefElem *action)
{
    const char *word = action->arg != NULL ? tree_string(action->arg) : NULL;

    if (strcmp(action->defname, "volatility") != 0 || word == NULL)
        return false;
    if (strcmp(word, "immutable") == 0)
        function->volatility = VOLATILITY_IMMUTABLE;
    else if (strcmp(word, "stable") == 0)
        function->volatility = VOLATILITY_STABLE;
    else
        function->volatility = VOLATILITY_VOLATILE;
    return true;
}

bool
apply_alter_function(Model *model, const DdlChange *change)
{
    ModelFunction *function = model_find_function(model, change);
    const PgQuery__AlterFunctionStmt *statement;
    bool done = false;

    if (function == NULL || change->node->node_case != PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT)
        return false;
    statement = change->node->alter_function_stmt;
    for (size_t i = 0; i < statement->n_actions; i++)
        if (statement->actions[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM)
            done |= set_volatility(function, statement->actions[i]->def_elem);
    return done;
}
