/* Functions, triggers, rules, policies. */
#include "ddl/build.h"

static DdlVolatility
volatility_of(const char *word)
{
    if (g_strcmp0(word, "immutable") == 0)
        return VOLATILITY_IMMUTABLE;
    return g_strcmp0(word, "stable") == 0 ? VOLATILITY_STABLE : VOLATILITY_VOLATILE;
}

static void
apply_option(DdlFunction *function, DdlChanges *changes, const PgQuery__DefElem *option)
{
    const PgQuery__Node *value = option->arg;

    if (g_str_equal(option->defname, "language")) {
        function->language = build_take_string(changes, g_ascii_strdown(tree_string(value), -1));
    } else if (g_str_equal(option->defname, "volatility")) {
        function->volatility = volatility_of(tree_string(value));
    } else if (g_str_equal(option->defname, "security")) {
        function->security_definer = value->node_case == PG_QUERY__NODE__NODE_BOOLEAN
                                         ? value->boolean->boolval
                                         : value->integer->ival != 0;
    } else if (g_str_equal(option->defname, "as")) {
        function->body = value->node_case == PG_QUERY__NODE__NODE_LIST
                             ? tree_string(value->list->items[0])
                             : tree_string(value);
    } else if (g_str_equal(option->defname, "set")) {
        function->sets_search_path = function->sets_search_path ||
                                     g_str_equal(value->variable_set_stmt->name, "search_path");
    }
}

static int
count_arguments(const PgQuery__CreateFunctionStmt *create)
{
    int count = 0;

    for (size_t i = 0; i < create->n_parameters; i++) {
        const PgQuery__FunctionParameterMode mode = create->parameters[i]->function_parameter->mode;

        count += mode != PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT &&
                 mode != PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_TABLE;
    }
    return count;
}

static void
add_function(DdlChanges *changes, const PgQuery__CreateFunctionStmt *create)
{
    const PgQuery__ObjectType object = create->is_procedure ? OBJECT(PROCEDURE) : OBJECT(FUNCTION);
    DdlChange *change = build_change(changes, CHANGE_CREATE_FUNCTION, object);
    DdlFunction *function = BUILD_NEW(changes, DdlFunction);

    function->volatility = VOLATILITY_VOLATILE;
    function->is_procedure = create->is_procedure;
    function->n_arguments = count_arguments(create);
    if (create->return_type != NULL)
        function->returns = build_type(changes, create->return_type);
    function->returns_trigger = g_strcmp0(function->returns.name.name, "trigger") == 0;
    for (size_t i = 0; i < create->n_options; i++)
        apply_option(function, changes, create->options[i]->def_elem);
    /* BEGIN ATOMIC needs no LANGUAGE. */
    if (function->language == NULL)
        function->language = "sql";
    change->relation = build_names(create->funcname, create->n_funcname);
    change->or_replace = create->replace;
    change->function = function;
}

static void
add_alter_function(DdlChanges *changes, const PgQuery__AlterFunctionStmt *alter)
{
    for (size_t i = 0; i < alter->n_actions; i++) {
        const PgQuery__DefElem *action = alter->actions[i]->def_elem;
        DdlChange *change = build_change(changes, CHANGE_ALTER_FUNCTION, alter->objtype);

        change->relation = build_names(alter->func->objname, alter->func->n_objname);
        change->text = action->defname;
        change->value = build_value(changes, action->arg);
    }
}

static void
add_trigger(DdlChanges *changes, const PgQuery__CreateTrigStmt *create)
{
    enum { ROW_BEFORE = 2, INSERT = 4, DELETE = 8, UPDATE = 16, TRUNCATE = 32, INSTEAD = 64 };
    DdlChange *change = build_change(changes, CHANGE_CREATE_TRIGGER, OBJECT(TRIGGER));
    DdlTrigger *trigger = BUILD_NEW(changes, DdlTrigger);

    trigger->before = create->timing == ROW_BEFORE;
    trigger->instead = create->timing == INSTEAD;
    trigger->row = create->row;
    trigger->on_insert = create->events & INSERT;
    trigger->on_update = create->events & UPDATE;
    trigger->on_delete = create->events & DELETE;
    trigger->on_truncate = create->events & TRUNCATE;
    trigger->is_constraint = create->isconstraint;
    trigger->columns = build_strings(changes, create->columns, create->n_columns);
    trigger->function = build_names(create->funcname, create->n_funcname);
    change->relation = build_range(create->relation);
    change->other = build_range(create->constrrel);
    change->text = create->trigname;
    change->or_replace = create->replace;
    change->trigger = trigger;
}

static void
add_rule(DdlChanges *changes, const PgQuery__RuleStmt *rule)
{
    DdlChange *change = build_change(changes, CHANGE_CREATE_RULE, OBJECT(RULE));

    change->relation = build_range(rule->relation);
    change->text = rule->rulename;
    change->or_replace = rule->replace;
    change->where = rule->where_clause;
}

static void
add_policy(DdlChanges *changes, DdlChangeKind kind, const PgQuery__RangeVar *table,
           const char *name, const PgQuery__Node *using)
{
    DdlChange *change = build_change(changes, kind, OBJECT(POLICY));

    change->relation = build_range(table);
    change->text = name;
    change->expression = using;
}

static void
add_event_trigger(DdlChanges *changes, const PgQuery__CreateEventTrigStmt *create)
{
    DdlChange *change = build_change(changes, CHANGE_CREATE_EVENT_TRIGGER, OBJECT(EVENT_TRIGGER));

    change->relation.name = create->trigname;
    change->text = create->eventname;
}

static void
add_event_trigger_state(DdlChanges *changes, const PgQuery__AlterEventTrigStmt *alter)
{
    DdlChange *change = build_change(changes, CHANGE_TRIGGER_STATE, OBJECT(EVENT_TRIGGER));

    change->relation.name = alter->trigname;
    change->removes = alter->tgenabled[0] == 'D';
}

bool
build_routine(DdlChanges *changes, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
        add_function(changes, node->create_function_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT:
        add_alter_function(changes, node->alter_function_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
        add_trigger(changes, node->create_trig_stmt);
        return true;
    case PG_QUERY__NODE__NODE_RULE_STMT:
        add_rule(changes, node->rule_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
        add_policy(changes, CHANGE_CREATE_POLICY, node->create_policy_stmt->table,
                   node->create_policy_stmt->policy_name, node->create_policy_stmt->qual);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_POLICY_STMT:
        add_policy(changes, CHANGE_ALTER_POLICY, node->alter_policy_stmt->table,
                   node->alter_policy_stmt->policy_name, node->alter_policy_stmt->qual);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_EVENT_TRIG_STMT:
        add_event_trigger(changes, node->create_event_trig_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_EVENT_TRIG_STMT:
        add_event_trigger_state(changes, node->alter_event_trig_stmt);
        return true;
    default:
        return false;
    }
}
