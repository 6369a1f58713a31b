#include "sql/finished.h"

/* users.full_name and full_name are the same column: drops the qualifier, for tree_equal. */
static bool
visit_unqualify(ProtobufCMessage *message, void *data)
{
    PgQuery__ColumnRef *column = TREE_AS(message, ColumnRef, column_ref);
    const char *alias = data;

    if (column == NULL || column->n_fields != 2 ||
        g_strcmp0(tree_string(column->fields[0]), alias) != 0)
        return true;
    column->fields[0] = column->fields[1];
    column->n_fields = 1;
    return false;
}

static const PgQuery__ResTarget *
target_of(const Assignments *set, const PgQuery__Node *column)
{
    const char *name = tree_bare_column(column);

    for (size_t i = 0; name != NULL && i < set->n_targets; i++) {
        const PgQuery__ResTarget *target = set->targets[i]->res_target;
        if (target->n_indirection == 0 && g_str_equal(target->name, name))
            return target;
    }
    return NULL;
}

typedef struct {
    const Assignments *set;
    bool found;
} Touch;

static bool
visit_touch(ProtobufCMessage *message, void *data)
{
    const PgQuery__ColumnRef *column = TREE_AS(message, ColumnRef, column_ref);
    Touch *touch = data;

    if (column == NULL || (column->n_fields == 2 && !touch->set->self_joined &&
                           g_strcmp0(tree_string(column->fields[0]), touch->set->alias) != 0))
        return true;
    for (size_t i = 0; i < touch->set->n_targets; i++) {
        if (g_strcmp0(tree_string(column->fields[column->n_fields - 1]),
                      touch->set->targets[i]->res_target->name) == 0)
            touch->found = true;
    }
    return true;
}

static bool
visit_moving_value(ProtobufCMessage *message, void *data)
{
    static const char *const names[] = {"now",     "clock_timestamp", "statement_timestamp",
                                        "random",  "gen_random_uuid", "transaction_timestamp",
                                        "nextval", "timeofday",       NULL};
    const PgQuery__FuncCall *call = TREE_AS(message, FuncCall, func_call);
    bool *found = data;

    *found |=
        TREE_AS(message, SQLValueFunction, sqlvalue_function) != NULL ||
        (call != NULL && g_strv_contains(names, tree_string(call->funcname[call->n_funcname - 1])));
    return !*found;
}

bool
finished_is_moved(const Assignments *set, PgQuery__Node *expression)
{
    Touch touch = {set, false};

    TREE_WALK(expression, visit_touch, &touch);
    TREE_WALK(expression, visit_moving_value, &touch.found);
    return touch.found;
}

bool
finished_is_never_null(const PgQuery__Node *node)
{
    static const char *const never_null[] = {"now",    "clock_timestamp", "gen_random_uuid",
                                             "random", "nextval",         NULL};
    const char *name;

    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_A_CONST:
        return !node->a_const->isnull;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return finished_is_never_null(node->type_cast->arg);
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
        return true;
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return node->coalesce_expr->n_args > 0 &&
               finished_is_never_null(node->coalesce_expr->args[node->coalesce_expr->n_args - 1]);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        name = tree_string(node->func_call->funcname[node->func_call->n_funcname - 1]);
        return name != NULL && g_strv_contains(never_null, name);
    default:
        return false;
    }
}

static void
gather_conjuncts(PgQuery__Node *condition, GPtrArray *conjuncts)
{
    const PgQuery__BoolExpr *expression = condition->bool_expr;

    if (condition->node_case != PG_QUERY__NODE__NODE_BOOL_EXPR ||
        expression->boolop != PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR) {
        g_ptr_array_add(conjuncts, condition);
        return;
    }
    for (size_t i = 0; i < expression->n_args; i++)
        gather_conjuncts(expression->args[i], conjuncts);
}

static bool
is_null_test(const PgQuery__Node *node, PgQuery__NullTestType type)
{
    return node->node_case == PG_QUERY__NODE__NODE_NULL_TEST &&
           node->null_test->nulltesttype == type;
}

/* `expr IS NOT NULL` among the conjuncts? */
static bool
holds_not_null(const GPtrArray *conjuncts, const PgQuery__Node *expression)
{
    for (guint i = 0; i < conjuncts->len; i++) {
        const PgQuery__Node *other = conjuncts->pdata[i];
        if (is_null_test(other, PG_QUERY__NULL_TEST_TYPE__IS_NOT_NULL) &&
            tree_equal(&other->null_test->arg->base, &expression->base))
            return true;
    }
    return false;
}

static bool
excludes_by_null(const Assignments *set, const GPtrArray *conjuncts, const PgQuery__Node *conjunct)
{
    const PgQuery__ResTarget *target;

    if (!is_null_test(conjunct, PG_QUERY__NULL_TEST_TYPE__IS_NULL))
        return false;
    target = target_of(set, conjunct->null_test->arg);
    return target != NULL &&
           (finished_is_never_null(target->val) || holds_not_null(conjuncts, target->val));
}

static bool
excludes_by_distinct(const Assignments *set, const PgQuery__Node *conjunct)
{
    const PgQuery__AExpr *comparison = conjunct->a_expr;
    const PgQuery__ResTarget *target;
    PgQuery__Node *other;

    if (conjunct->node_case != PG_QUERY__NODE__NODE_A_EXPR ||
        comparison->kind != PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT)
        return false;
    target = target_of(set, comparison->lexpr);
    other = comparison->rexpr;
    if (target == NULL) {
        target = target_of(set, comparison->rexpr);
        other = comparison->lexpr;
    }
    return target != NULL && tree_equal(&other->base, &target->val->base) &&
           !finished_is_moved(set, target->val);
}

/* Is the condition false for every row that the statement has been over? */
static bool
excludes(const Assignments *set, PgQuery__Node *condition)
{
    g_autoptr(GPtrArray) conjuncts = g_ptr_array_new();

    gather_conjuncts(condition, conjuncts);
    for (guint i = 0; i < conjuncts->len; i++) {
        PgQuery__Node *conjunct = conjuncts->pdata[i];
        bool all = conjunct->node_case == PG_QUERY__NODE__NODE_BOOL_EXPR &&
                   conjunct->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR;

        for (size_t k = 0; all && k < conjunct->bool_expr->n_args; k++)
            all = excludes(set, conjunct->bool_expr->args[k]);
        if (all || excludes_by_null(set, conjuncts, conjunct) ||
            excludes_by_distinct(set, conjunct))
            return true;
    }
    return false;
}

bool
finished_is_excluded(const Assignments *set, PgQuery__Node *where)
{
    for (size_t i = 0; i < set->n_targets; i++)
        TREE_WALK(set->targets[i], visit_unqualify, (void *) set->alias);
    TREE_WALK(where, visit_unqualify, (void *) set->alias);
    return excludes(set, where);
}
