#include "sql/total.h"

#include <glib.h>
#include <string.h>

#include "sql/tree.h"

/* Strict is not enough: `->>`, substring by pattern and to_char are strict, and give NULL for what
 * they do not find, or for infinity. So what is safe is listed. */
static const char *const total_operators[] = {"+",  "-",  "*",  "/",  "%",  "||", "^",  "=",
                                              "<>", "!=", "<",  ">",  "<=", ">=", "&",  "|",
                                              "#",  "<<", ">>", "~~", "~",  "!~", "~*", NULL};
static const char *const total_functions[] = {"abs",
                                              "ascii",
                                              "btrim",
                                              "ceil",
                                              "ceiling",
                                              "char_length",
                                              "character_length",
                                              "chr",
                                              "concat",
                                              "date_trunc",
                                              "decode",
                                              "encode",
                                              "floor",
                                              "initcap",
                                              "jsonb_build_array",
                                              "jsonb_build_object",
                                              "left",
                                              "length",
                                              "lower",
                                              "lpad",
                                              "ltrim",
                                              "md5",
                                              "mod",
                                              "now",
                                              "octet_length",
                                              "overlay",
                                              "position",
                                              "power",
                                              "quote_ident",
                                              "quote_literal",
                                              "repeat",
                                              "replace",
                                              "reverse",
                                              "right",
                                              "round",
                                              "rpad",
                                              "rtrim",
                                              "sha256",
                                              "sign",
                                              "split_part",
                                              "strpos",
                                              "substr",
                                              "timezone",
                                              "to_json",
                                              "to_jsonb",
                                              "to_timestamp",
                                              "translate",
                                              "trunc",
                                              "upper",
                                              NULL};

static bool
are_all_total(PgQuery__Node *const *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!tree_is_total(nodes[i]))
            return false;
    return true;
}

static bool
is_any_total(PgQuery__Node *const *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (tree_is_total(nodes[i]))
            return true;
    return false;
}

/* The name, if it is PostgreSQL's own: alone or in pg_catalog. */
static const char *
builtin_name(PgQuery__Node *const *names, size_t count)
{
    const char *schema = count == 2 ? tree_string(names[0]) : "pg_catalog";

    if (count < 1 || count > 2 || g_strcmp0(schema, "pg_catalog") != 0)
        return NULL;
    return tree_string(names[count - 1]);
}

static bool
is_operator_total(const PgQuery__AExpr *expression)
{
    const char *name = builtin_name(expression->name, expression->n_name);

    if (expression->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP || name == NULL ||
        !g_strv_contains(total_operators, name))
        return false;
    return (expression->lexpr == NULL || tree_is_total(expression->lexpr)) &&
           tree_is_total(expression->rexpr);
}

static bool
is_call_total(const PgQuery__FuncCall *call)
{
    const char *name = builtin_name(call->funcname, call->n_funcname);

    return name && g_strv_contains(total_functions, name) && !call->func_variadic &&
           are_all_total(call->args, call->n_args);
}

static bool
is_case_total(const PgQuery__CaseExpr *expression)
{
    if (expression->defresult == NULL || !tree_is_total(expression->defresult))
        return false;
    for (size_t i = 0; i < expression->n_args; i++)
        if (!tree_is_total(expression->args[i]->case_when->result))
            return false;
    return true;
}

bool
tree_is_total(const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
    case PG_QUERY__NODE__NODE_NULL_TEST:
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
        return true;
    case PG_QUERY__NODE__NODE_A_CONST:
        return !node->a_const->isnull;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return tree_is_total(node->type_cast->arg);
    case PG_QUERY__NODE__NODE_A_EXPR:
        return is_operator_total(node->a_expr);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return is_call_total(node->func_call);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return is_any_total(node->coalesce_expr->args, node->coalesce_expr->n_args);
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
        return is_any_total(node->min_max_expr->args, node->min_max_expr->n_args);
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
        return are_all_total(node->bool_expr->args, node->bool_expr->n_args);
    case PG_QUERY__NODE__NODE_CASE_EXPR:
        return is_case_total(node->case_expr);
    default:
        return false;
    }
}
