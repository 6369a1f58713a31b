#include "sql/bound.h"

#include <string.h>

#include "sql/tree.h"

/* The one statement of a backfill section, taken apart. */
typedef struct {
    const SqlTree *tree;
    const PgQuery__RangeVar *relation;
    PgQuery__Node *const *targets; /* ResTarget; NULL for DELETE */
    size_t n_targets;
    PgQuery__Node *where; /* NULL: none */
} Parts;

static bool
refuse(const SqlTree *tree, int offset, GError **error, const char *what)
{
    error_set_at(error, ERROR_SQL, tree_place(tree, offset), "%s", what);
    error_hint(error,
               "A backfill is one plain UPDATE or DELETE on one table, as one would run it on "
               "a laptop; sluice cuts it into parts.");
    return false;
}

static bool
check_update(const SqlTree *tree, const PgQuery__UpdateStmt *update, GError **error)
{
    const int at = update->relation->location;

    if (update->with_clause != NULL)
        return refuse(tree, update->with_clause->location, error,
                      "a backfill with a WITH clause is not supported yet");
    if (update->n_from_clause > 0)
        return refuse(tree, at, error, "a backfill by UPDATE .. FROM is not supported yet");
    if (update->n_returning_list > 0)
        return refuse(tree, at, error, "a backfill cannot have RETURNING: nobody reads it");
    for (size_t i = 0; i < update->n_target_list; i++) {
        const PgQuery__ResTarget *target = update->target_list[i]->res_target;

        if (target->val->node_case == PG_QUERY__NODE__NODE_MULTI_ASSIGN_REF)
            return refuse(tree, target->location, error,
                          "a backfill sets its columns one by one, not as (a, b) = ..");
    }
    return true;
}

static bool
check_delete(const SqlTree *tree, const PgQuery__DeleteStmt *delete, GError **error)
{
    const int at = delete->relation->location;

    if (delete->with_clause != NULL)
        return refuse(tree, delete->with_clause->location, error,
                      "a backfill with a WITH clause is not supported yet");
    if (delete->n_using_clause > 0)
        return refuse(tree, at, error, "a backfill by DELETE .. USING is not supported yet");
    if (delete->n_returning_list > 0)
        return refuse(tree, at, error, "a backfill cannot have RETURNING: nobody reads it");
    if (delete->where_clause == NULL) {
        error_set_at(error, ERROR_SQL, tree_place(tree, at), "this DELETE empties the table");
        error_hint(error, "Say which rows with a WHERE; `WHERE true` if all are meant.");
        return false;
    }
    return true;
}

static bool
parts_of(const SqlTree *tree, Parts *parts, GError **error)
{
    const PgQuery__ParseResult *result = tree->result;
    const PgQuery__Node *node = result->n_stmts > 0 ? result->stmts[0]->stmt : NULL;

    parts->tree = tree;
    if (result->n_stmts == 0)
        return refuse(tree, -1, error, "the backfill holds no statement");
    if (result->n_stmts > 1)
        return refuse(tree,
                      tree_token(tree, tree_token_at(tree, result->stmts[1]->stmt_location))->start,
                      error, "a backfill is one statement, this is a second one");
    if (node->node_case == PG_QUERY__NODE__NODE_UPDATE_STMT) {
        parts->relation = node->update_stmt->relation;
        parts->targets = node->update_stmt->target_list;
        parts->n_targets = node->update_stmt->n_target_list;
        parts->where = node->update_stmt->where_clause;
        if (!check_update(tree, node->update_stmt, error))
            return false;
    } else if (node->node_case == PG_QUERY__NODE__NODE_DELETE_STMT) {
        parts->relation = node->delete_stmt->relation;
        parts->where = node->delete_stmt->where_clause;
        if (!check_delete(tree, node->delete_stmt, error))
            return false;
    } else if (node->node_case == PG_QUERY__NODE__NODE_INSERT_STMT) {
        return refuse(tree, tree_token(tree, 0)->start, error,
                      "a backfill by INSERT is not supported yet");
    } else {
        return refuse(tree, tree_token(tree, 0)->start, error,
                      "a backfill is an UPDATE or a DELETE");
    }
    if (!parts->relation->inh)
        return refuse(tree, parts->relation->location, error,
                      "a backfill cannot say ONLY: it runs on each partition by itself");
    if (parts->where != NULL && parts->where->node_case == PG_QUERY__NODE__NODE_CURRENT_OF_EXPR)
        return refuse(tree, parts->relation->location, error,
                      "a backfill cannot use WHERE CURRENT OF");
    return true;
}

/* What names the table inside the statement. */
static const char *
alias_of(const PgQuery__RangeVar *relation)
{
    return relation->alias != NULL ? relation->alias->aliasname : relation->relname;
}

/* users.full_name and full_name are the same column: drops the qualifier, for tree_equal. */
static bool
visit_unqualify(ProtobufCMessage *message, void *data)
{
    PgQuery__ColumnRef *column = TREE_AS(message, ColumnRef, column_ref);
    const char *alias = data;

    if (column == NULL || column->n_fields != 2 ||
        g_strcmp0(tree_string(column->fields[0]), alias) != 0)
        return true;
    pg_query__node__free_unpacked(column->fields[0], NULL);
    column->fields[0] = column->fields[1];
    column->n_fields = 1;
    return false;
}

static const PgQuery__ResTarget *
target_of(const Parts *parts, const PgQuery__Node *column)
{
    const char *name = tree_bare_column(column);

    for (size_t i = 0; name != NULL && i < parts->n_targets; i++) {
        const PgQuery__ResTarget *target = parts->targets[i]->res_target;
        if (target->n_indirection == 0 && g_str_equal(target->name, name))
            return target;
    }
    return NULL;
}

typedef struct {
    const Parts *parts;
    bool found;
} Touch;

static bool
visit_touch(ProtobufCMessage *message, void *data)
{
    const PgQuery__ColumnRef *column = TREE_AS(message, ColumnRef, column_ref);
    Touch *touch = data;

    for (size_t i = 0; column != NULL && i < touch->parts->n_targets; i++) {
        if (g_strcmp0(tree_string(column->fields[column->n_fields - 1]),
                      touch->parts->targets[i]->res_target->name) == 0)
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

/* Does the statement change what @expression reads, or does it have another value each time? Then a
 * condition on it proves nothing. */
static bool
is_moved(const Parts *parts, PgQuery__Node *expression)
{
    Touch touch = {parts, false};

    TREE_WALK(expression, visit_touch, &touch);
    TREE_WALK(expression, visit_moving_value, &touch.found);
    return touch.found;
}

/* Can the expression never be NULL, by its form alone? */
static bool
is_never_null(const PgQuery__Node *node)
{
    static const char *const never_null[] = {"now",    "clock_timestamp", "gen_random_uuid",
                                             "random", "nextval",         NULL};
    const char *name;

    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_A_CONST:
        return !node->a_const->isnull;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return is_never_null(node->type_cast->arg);
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
        return true;
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return node->coalesce_expr->n_args > 0 &&
               is_never_null(node->coalesce_expr->args[node->coalesce_expr->n_args - 1]);
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
excludes_by_null(const Parts *parts, const GPtrArray *conjuncts, const PgQuery__Node *conjunct)
{
    const PgQuery__ResTarget *target;

    if (!is_null_test(conjunct, PG_QUERY__NULL_TEST_TYPE__IS_NULL))
        return false;
    target = target_of(parts, conjunct->null_test->arg);
    return target != NULL && (is_never_null(target->val) || holds_not_null(conjuncts, target->val));
}

static bool
excludes_by_distinct(const Parts *parts, const PgQuery__Node *conjunct)
{
    const PgQuery__AExpr *comparison = conjunct->a_expr;
    const PgQuery__ResTarget *target;
    PgQuery__Node *other;

    if (conjunct->node_case != PG_QUERY__NODE__NODE_A_EXPR ||
        comparison->kind != PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT)
        return false;
    target = target_of(parts, comparison->lexpr);
    other = comparison->rexpr;
    if (target == NULL) {
        target = target_of(parts, comparison->rexpr);
        other = comparison->lexpr;
    }
    return target != NULL && tree_equal(&other->base, &target->val->base) &&
           !is_moved(parts, target->val);
}

/* Is the condition false for every row that the statement has been over? */
static bool
excludes(const Parts *parts, PgQuery__Node *condition)
{
    g_autoptr(GPtrArray) conjuncts = g_ptr_array_new();

    gather_conjuncts(condition, conjuncts);
    for (guint i = 0; i < conjuncts->len; i++) {
        PgQuery__Node *conjunct = conjuncts->pdata[i];
        bool all = conjunct->node_case == PG_QUERY__NODE__NODE_BOOL_EXPR &&
                   conjunct->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR;

        for (size_t k = 0; all && k < conjunct->bool_expr->n_args; k++)
            all = excludes(parts, conjunct->bool_expr->args[k]);
        if (all || excludes_by_null(parts, conjuncts, conjunct) ||
            excludes_by_distinct(parts, conjunct))
            return true;
    }
    return false;
}

/* Where the WHERE keyword stands: no other is outside parentheses. The number of tokens if none. */
static guint
where_token(const SqlTree *tree)
{
    int depth = 0;

    for (guint i = 0; i < tree->tokens->len; i++) {
        const PgQuery__Token token = tree_token(tree, i)->token;
        if (token == PG_QUERY__TOKEN__ASCII_40)
            depth++;
        else if (token == PG_QUERY__TOKEN__ASCII_41)
            depth--;
        else if (token == PG_QUERY__TOKEN__WHERE && depth == 0)
            return i;
    }
    return tree->tokens->len;
}

/* The number of tokens without semicolons at the end. */
static guint
last_token(const SqlTree *tree)
{
    guint end = tree->tokens->len;

    while (end > 0 && tree_token(tree, end - 1)->token == PG_QUERY__TOKEN__ASCII_59)
        end--;
    return end;
}

static char *
assigned_text(const Parts *parts, size_t index)
{
    const guint where = where_token(parts->tree);
    const guint first = tree_token_at(parts->tree, parts->targets[index]->res_target->location);
    guint end = MIN(where, last_token(parts->tree));

    if (index + 1 < parts->n_targets)
        end = tree_token_at(parts->tree, parts->targets[index + 1]->res_target->location) - 1;
    for (guint i = first; i < end; i++) {
        if (tree_token(parts->tree, i)->token == PG_QUERY__TOKEN__ASCII_61)
            return tree_fold(parts->tree, i + 1, end);
    }
    return NULL;
}

/* The line to add, for the first column that the statement sets. */
static bool
refuse_where(const Parts *parts, GError **error)
{
    const PgQuery__ResTarget *target = parts->targets[0]->res_target;
    const int at = parts->where != NULL ? tree_token(parts->tree, where_token(parts->tree))->start
                                        : tree_token(parts->tree, 0)->start;
    const char *join = parts->where != NULL ? "AND" : "WHERE";
    g_autofree char *column = tree_quote(target->name);
    g_autofree char *expression = assigned_text(parts, 0);

    error_set_at(error, ERROR_SQL, tree_place(parts->tree, at),
                 parts->where != NULL
                     ? "the WHERE does not exclude the rows that are done, so that the backfill "
                       "would never end"
                     : "the backfill has no WHERE that excludes the rows that are done");
    if (target->n_indirection == 0 && is_never_null(target->val))
        return error_hint(error,
                          "Add `%s %s IS NULL`, or a line `-- sluice: finished when "
                          "<condition>`.",
                          join, column);
    if (target->n_indirection > 0 || is_moved(parts, target->val))
        return error_hint(error, "Add a line `-- sluice: finished when <condition>` that is true "
                                 "for a row that is done.");
    return error_hint(error,
                      "Add `%s %s IS NULL AND %s IS NOT NULL` or `%s %s IS DISTINCT FROM "
                      "%s`, or a line `-- sluice: finished when <condition>`.",
                      join, column, expression, join, column, expression);
}

/* The author's own condition has to be one: with parentheses around it and without. */
static bool
check_finished_when(const char *finished_when, Place origin, GError **error)
{
    static const char *const frames[][2] = {{"SELECT WHERE ", ""}, {"SELECT WHERE (", ")"}};

    for (guint i = 0; i < G_N_ELEMENTS(frames); i++) {
        g_autofree char *text = g_strconcat(frames[i][0], finished_when, frames[i][1], NULL);
        g_autoptr(SqlTree) tree = tree_parse(text, (Place){0}, NULL);

        if (tree == NULL || tree->result->n_stmts != 1)
            return error_set_at(error, ERROR_SQL, origin,
                                "'finished when %s' does not hold a condition", finished_when);
    }
    return true;
}

static SqlBackfill *
backfill_new(const Parts *parts, const char *finished_when)
{
    const SqlTree *tree = parts->tree;
    const guint where = where_token(tree), end = last_token(tree);
    SqlBackfill *backfill = g_new0(SqlBackfill, 1);
    g_autofree char *written = NULL;

    backfill->kind = parts->targets != NULL ? BACKFILL_UPDATE : BACKFILL_DELETE;
    if (parts->relation->schemaname[0])
        backfill->schema = g_strdup(parts->relation->schemaname);
    backfill->table = g_strdup(parts->relation->relname);
    backfill->alias = tree_quote(alias_of(parts->relation));
    backfill->columns = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < parts->n_targets; i++)
        g_ptr_array_add(backfill->columns, g_strdup(parts->targets[i]->res_target->name));
    if (parts->targets != NULL)
        backfill->set = tree_fold(
            tree, tree_token_at(tree, parts->targets[0]->res_target->location), MIN(where, end));
    if (where < end)
        written = tree_fold(tree, where + 1, end);
    if (finished_when != NULL && written != NULL)
        backfill->where = g_strdup_printf("(%s) AND (%s) IS NOT TRUE", written, finished_when);
    else if (finished_when != NULL)
        backfill->where = g_strdup_printf("(%s) IS NOT TRUE", finished_when);
    else
        backfill->where = g_steal_pointer(&written);
    return backfill;
}

SqlBackfill *
sql_backfill_parse(const char *text, Place origin, const char *finished_when, GError **error)
{
    g_autoptr(SqlTree) tree = tree_parse(text, origin, error);
    Parts parts = {0};

    if (tree == NULL || !parts_of(tree, &parts, error))
        return NULL;
    tree_walk(&tree->result->base, visit_unqualify, (void *) alias_of(parts.relation));
    if (finished_when != NULL) {
        if (!check_finished_when(finished_when, tree->origin, error))
            return NULL;
    } else if (parts.targets != NULL && (parts.where == NULL || !excludes(&parts, parts.where))) {
        refuse_where(&parts, error);
        return NULL;
    }
    return backfill_new(&parts, finished_when);
}

void
sql_backfill_free(SqlBackfill *backfill)
{
    if (backfill == NULL)
        return;
    g_free(backfill->schema);
    g_free(backfill->table);
    g_free(backfill->alias);
    g_free(backfill->set);
    g_free(backfill->where);
    g_ptr_array_unref(backfill->columns);
    g_free(backfill);
}
