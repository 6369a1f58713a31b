/* Whether the CHECKs of a table imply the bounds of a partition: as far as the server's own prover
 * goes for one column and constants, and no further. */
#include <string.h>

#include "locks/predictor.h"
#include "sql/tree.h"

/* What the operands of AND of all valid CHECKs say of the column. */
typedef struct {
    const char *column;
    const char *type;   /* the column's; NULL: not known */
    GPtrArray *lowest;  /* const PgQuery__Node *: column >= it */
    GPtrArray *above;   /* column > it */
    GPtrArray *highest; /* column <= it */
    GPtrArray *below;   /* column < it */
    GPtrArray *among;   /* column is one of these; NULL: no list was given */
    bool has_more;      /* something else, which only the server understands */
} Clauses;

static const PgQuery__Node *
bare(const PgQuery__Node *node)
{
    while (node != NULL && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        node = node->type_cast->arg;
    return node;
}

static bool
is_column(const Clauses *clauses, const PgQuery__Node *node)
{
    node = bare(node);
    return node != NULL && node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
           node->column_ref->n_fields == 1 &&
           g_strcmp0(tree_string(node->column_ref->fields[0]), clauses->column) == 0;
}

/* A constant that is of the column's type, or becomes it: one with a cast to another type is
 * compared by rules of its own. */
static bool
is_constant(const Clauses *clauses, const PgQuery__Node *node)
{
    const PgQuery__TypeName *type;

    while (node != NULL && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST) {
        type = node->type_cast->type_name;
        if (g_strcmp0(tree_string(type->names[type->n_names - 1]), clauses->type) != 0)
            return false;
        node = node->type_cast->arg;
    }
    return node != NULL && node->node_case == PG_QUERY__NODE__NODE_A_CONST;
}

static GPtrArray *
list_for(const Clauses *clauses, const char *sign)
{
    if (g_str_equal(sign, ">="))
        return clauses->lowest;
    if (g_str_equal(sign, ">"))
        return clauses->above;
    if (g_str_equal(sign, "<="))
        return clauses->highest;
    return g_str_equal(sign, "<") ? clauses->below : NULL;
}

static const char *
commuted(const char *sign)
{
    if (sign[0] == '>')
        return sign[1] == '=' ? "<=" : "<";
    if (sign[0] == '<' && sign[1] != '>')
        return sign[1] == '=' ? ">=" : ">";
    return sign;
}

static void
add_among(Clauses *clauses, PgQuery__Node *const *nodes, size_t count)
{
    if (clauses->among != NULL) {
        clauses->has_more = true;
        return;
    }
    clauses->among = g_ptr_array_new();
    for (size_t i = 0; i < count; i++) {
        if (is_constant(clauses, nodes[i]))
            g_ptr_array_add(clauses->among, nodes[i]);
        else
            clauses->has_more = true;
    }
}

static bool
add_comparison(Clauses *clauses, const PgQuery__Node *column, const char *sign,
               PgQuery__Node *constant)
{
    GPtrArray *list = list_for(clauses, sign);

    if (!is_column(clauses, column) || !is_constant(clauses, constant))
        return false;
    if (g_str_equal(sign, "="))
        add_among(clauses, &constant, 1);
    else if (list != NULL)
        g_ptr_array_add(list, constant);
    return list != NULL || g_str_equal(sign, "=");
}

/* BETWEEN, IN (..), = ANY (ARRAY[..]). */
static bool
add_list(Clauses *clauses, const PgQuery__AExpr *expr)
{
    const PgQuery__Node *right = bare(expr->rexpr);

    if (!is_column(clauses, expr->lexpr) || right == NULL)
        return false;
    if (expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY &&
        right->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR) {
        add_among(clauses, right->a_array_expr->elements, right->a_array_expr->n_elements);
        return true;
    }
    if (right->node_case != PG_QUERY__NODE__NODE_LIST)
        return false;
    if (expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN)
        return add_comparison(clauses, expr->lexpr, ">=", right->list->items[0]) &&
               add_comparison(clauses, expr->lexpr, "<=", right->list->items[1]);
    if (expr->kind != PG_QUERY__A__EXPR__KIND__AEXPR_IN)
        return false;
    add_among(clauses, right->list->items, right->list->n_items);
    return true;
}

static bool
add_expression(Clauses *clauses, const PgQuery__AExpr *expr)
{
    const char *sign = expr->n_name > 0 ? tree_string(expr->name[expr->n_name - 1]) : "";

    if (expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP)
        return add_comparison(clauses, expr->lexpr, sign, expr->rexpr) ||
               add_comparison(clauses, expr->rexpr, commuted(sign), expr->lexpr);
    return (g_str_equal(sign, "=") || expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN) &&
           add_list(clauses, expr);
}

static bool
reads_column(const Clauses *clauses, const PgQuery__Node *expression)
{
    g_autoptr(GPtrArray) read = g_ptr_array_new();

    ddl_columns_read(expression, read);
    return g_ptr_array_find_with_equal_func(read, clauses->column, g_str_equal, NULL);
}

static void
add_clauses(Clauses *clauses, const PgQuery__Node *node)
{
    if (node == NULL)
        return;
    if (node->node_case == PG_QUERY__NODE__NODE_BOOL_EXPR &&
        node->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR) {
        for (size_t i = 0; i < node->bool_expr->n_args; i++)
            add_clauses(clauses, node->bool_expr->args[i]);
        return;
    }
    if (node->node_case == PG_QUERY__NODE__NODE_A_EXPR && add_expression(clauses, node->a_expr))
        return;
    if (node->node_case != PG_QUERY__NODE__NODE_NULL_TEST && reads_column(clauses, node))
        clauses->has_more = true;
}

typedef enum { ORDER_UNKNOWN, ORDER_LESS, ORDER_EQUAL, ORDER_GREATER } Order;

static bool
number_of(const PgQuery__Node *node, double *ret_number)
{
    const PgQuery__AConst *constant = bare(node)->a_const;

    if (constant->val_case == PG_QUERY__A__CONST__VAL_IVAL)
        *ret_number = constant->ival->ival;
    else if (constant->val_case == PG_QUERY__A__CONST__VAL_FVAL)
        *ret_number = g_ascii_strtod(constant->fval->fval, NULL);
    else
        return false;
    return true;
}

static const char *
text_of(const PgQuery__Node *node)
{
    const PgQuery__AConst *constant = bare(node)->a_const;

    return constant->val_case == PG_QUERY__A__CONST__VAL_SVAL ? constant->sval->sval : NULL;
}

/* "2024-01-31", "2024-01-31 12:00:00": their order is that of the letters. */
static bool
is_day(const char *text)
{
    return g_regex_match_simple("^[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?$", text,
                                0, 0);
}

/* How @a stands to @b. */
static Order
order_of(const PgQuery__Node *a, const PgQuery__Node *b)
{
    double left, right;
    g_autofree char *one = NULL, *other = NULL;
    int difference;

    if (ddl_expression_equal(bare(a), bare(b)))
        return ORDER_EQUAL;
    if (number_of(a, &left) && number_of(b, &right))
        return left < right ? ORDER_LESS : left > right ? ORDER_GREATER : ORDER_EQUAL;
    if (text_of(a) == NULL || text_of(b) == NULL || !is_day(text_of(a)) || !is_day(text_of(b)))
        return ORDER_UNKNOWN;
    one = g_strconcat(text_of(a), text_of(a)[10] ? "" : " 00:00:00", NULL);
    other = g_strconcat(text_of(b), text_of(b)[10] ? "" : " 00:00:00", NULL);
    difference = strcmp(one, other);
    return difference < 0 ? ORDER_LESS : difference > 0 ? ORDER_GREATER : ORDER_EQUAL;
}

/* @beyond: the order that a constant of @list must have to @end; an equal one does if @or_equal.
 * KNOWN_NO: none of them does. */
static Known
any_beyond(const GPtrArray *list, const PgQuery__Node *end, Order beyond, bool or_equal)
{
    Known known = KNOWN_NO;

    for (guint i = 0; i < list->len; i++) {
        const Order order = order_of(list->pdata[i], end);

        if (order == beyond || (or_equal && order == ORDER_EQUAL))
            return KNOWN_YES;
        if (order == ORDER_UNKNOWN)
            known = KNOWN_MAYBE;
    }
    return known;
}

static Known
all_beyond(const GPtrArray *list, const PgQuery__Node *end, Order beyond, bool or_equal)
{
    for (guint i = 0; i < list->len; i++) {
        const Order order = order_of(list->pdata[i], end);

        if (order == ORDER_UNKNOWN)
            return KNOWN_MAYBE;
        if (order != beyond && !(or_equal && order == ORDER_EQUAL))
            return KNOWN_NO;
    }
    return KNOWN_YES;
}

static Known
either(Known a, Known b)
{
    if (a == KNOWN_YES || b == KNOWN_YES)
        return KNOWN_YES;
    return a == KNOWN_MAYBE || b == KNOWN_MAYBE ? KNOWN_MAYBE : KNOWN_NO;
}

static Known
both(Known a, Known b)
{
    if (a == KNOWN_NO || b == KNOWN_NO)
        return KNOWN_NO;
    return a == KNOWN_MAYBE || b == KNOWN_MAYBE ? KNOWN_MAYBE : KNOWN_YES;
}

/* MINVALUE and MAXVALUE are column references in the parser's tree: nothing is beyond them. */
static bool
is_endless(const PgQuery__Node *end)
{
    return bare(end)->node_case == PG_QUERY__NODE__NODE_COLUMN_REF;
}

/* column >= @end */
static Known
implies_lower(const Clauses *clauses, const PgQuery__Node *end)
{
    Known known;

    if (is_endless(end))
        return KNOWN_YES;
    if (bare(end)->node_case != PG_QUERY__NODE__NODE_A_CONST)
        return KNOWN_MAYBE;
    known = either(any_beyond(clauses->lowest, end, ORDER_GREATER, true),
                   any_beyond(clauses->above, end, ORDER_GREATER, true));
    return clauses->among ? either(known, all_beyond(clauses->among, end, ORDER_GREATER, true))
                          : known;
}

/* column < @end */
static Known
implies_upper(const Clauses *clauses, const PgQuery__Node *end)
{
    Known known;

    if (is_endless(end))
        return KNOWN_YES;
    if (bare(end)->node_case != PG_QUERY__NODE__NODE_A_CONST)
        return KNOWN_MAYBE;
    known = either(any_beyond(clauses->below, end, ORDER_LESS, true),
                   any_beyond(clauses->highest, end, ORDER_LESS, false));
    return clauses->among ? either(known, all_beyond(clauses->among, end, ORDER_LESS, false))
                          : known;
}

static bool
is_one_of(const PgQuery__Node *value, PgQuery__Node *const *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ddl_expression_equal(bare(value), bare(values[i])))
            return true;
    return false;
}

static Known
implies_list(const Clauses *clauses, const PgQuery__PartitionBoundSpec *bound)
{
    if (clauses->among == NULL)
        return KNOWN_NO;
    for (guint i = 0; i < clauses->among->len; i++)
        if (!is_one_of(clauses->among->pdata[i], bound->listdatums, bound->n_listdatums))
            return KNOWN_NO;
    return KNOWN_YES;
}

static Known
implies(const Clauses *clauses, const PgQuery__PartitionBoundSpec *bound)
{
    if (bound->n_listdatums > 0)
        return implies_list(clauses, bound);
    if (bound->n_lowerdatums == 1 && bound->n_upperdatums == 1)
        return both(implies_lower(clauses, bound->lowerdatums[0]),
                    implies_upper(clauses, bound->upperdatums[0]));
    return clauses->has_more ? KNOWN_MAYBE : KNOWN_NO; /* HASH: a CHECK in a function's words */
}

static void
clauses_clear(Clauses *clauses)
{
    g_ptr_array_unref(clauses->lowest);
    g_ptr_array_unref(clauses->above);
    g_ptr_array_unref(clauses->highest);
    g_ptr_array_unref(clauses->below);
    g_clear_pointer(&clauses->among, g_ptr_array_unref);
}

Known
predictor_implies_bound(const ModelTable *table, const char *column,
                        const PgQuery__PartitionBoundSpec *bound)
{
    const ModelColumn *known_column = model_column(table, column);
    Clauses clauses = {.column = column,
                       .type = known_column != NULL ? known_column->parsed.name.name : NULL,
                       .lowest = g_ptr_array_new(),
                       .above = g_ptr_array_new(),
                       .highest = g_ptr_array_new(),
                       .below = g_ptr_array_new()};
    Known known;

    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *check = table->constraints->pdata[i];
        if (check->kind == CONSTRAINT_CHECK && check->valid)
            add_clauses(&clauses, check->expression);
    }
    known = implies(&clauses, bound);
    if (known == KNOWN_NO && (clauses.has_more || !table->columns_known))
        known = KNOWN_MAYBE;
    clauses_clear(&clauses);
    return both(known, model_is_not_null(table, column, true));
}
