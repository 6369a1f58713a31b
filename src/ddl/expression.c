#include "ddl/expression.h"

#include <pg_query.h>
#include <string.h>

#include "ddl/build.h"
#include "ddl/volatility.h"

typedef struct {
    DdlFunctionLookup lookup;
    const void *data;
    Known known;
    const char *function;
} VolatileSearch;

static void
found(VolatileSearch *search, Known known, const char *function)
{
    if (search->known == KNOWN_YES || known == KNOWN_NO)
        return;
    search->known = known;
    search->function = function;
}

static Known
call_is_volatile(const VolatileSearch *search, const PgQuery__FuncCall *call)
{
    DdlName name = build_names(call->funcname, call->n_funcname);
    DdlVolatility volatility;
    Known known;

    /* The server's own come first on any search_path that does not say otherwise. */
    if ((name.schema == NULL || g_str_equal(name.schema, "pg_catalog")) &&
        volatility_of_server_function(name.name, &known))
        return known;
    if (search->lookup != NULL &&
        search->lookup(name, (int) call->n_args, &volatility, search->data))
        return volatility == VOLATILITY_VOLATILE ? KNOWN_YES : KNOWN_NO;
    return volatility_of_extension_function(name.name, &known) ? known : KNOWN_MAYBE;
}

static bool
visit_volatile(ProtobufCMessage *message, void *data)
{
    const PgQuery__FuncCall *call = TREE_AS(message, FuncCall, func_call);
    const PgQuery__AExpr *operation = TREE_AS(message, AExpr, a__expr);
    VolatileSearch *search = data;

    if (call != NULL)
        found(search, call_is_volatile(search, call),
              tree_string(call->funcname[call->n_funcname - 1]));
    /* OPERATOR(shop.+): somebody's own. */
    if (operation != NULL && operation->n_name > 1 &&
        g_strcmp0(tree_string(operation->name[0]), "pg_catalog") != 0)
        found(search, KNOWN_MAYBE, tree_string(operation->name[operation->n_name - 1]));
    return search->known != KNOWN_YES;
}

Known
ddl_is_volatile(const PgQuery__Node *expression, DdlFunctionLookup lookup, const void *data,
                const char **ret_function)
{
    VolatileSearch search = {lookup, data, KNOWN_NO, NULL};

    TREE_WALK((PgQuery__Node *) expression, visit_volatile, &search);
    if (ret_function != NULL)
        *ret_function = search.function;
    return search.known;
}

static const char *
column_name(const PgQuery__ColumnRef *column)
{
    return column->n_fields > 0 ? tree_string(column->fields[column->n_fields - 1]) : NULL;
}

static bool
tests_null(const PgQuery__Node *expression, const char *column, PgQuery__NullTestType type)
{
    const PgQuery__NullTest *test = expression->null_test;

    return expression->node_case == PG_QUERY__NODE__NODE_NULL_TEST && test->nulltesttype == type &&
           test->arg->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
           g_strcmp0(column_name(test->arg->column_ref), column) == 0;
}

/* Does it prove that @column is not NULL if it is not false; or, @negated, if it is not true? The
 * server moves each NOT down to the tests in the same way. */
static bool
proves(const PgQuery__Node *expression, const char *column, bool negated)
{
    const PgQuery__BoolExpr *logic = expression->bool_expr;
    bool needs_all;

    if (expression->node_case != PG_QUERY__NODE__NODE_BOOL_EXPR)
        return tests_null(expression, column,
                          negated ? PG_QUERY__NULL_TEST_TYPE__IS_NULL
                                  : PG_QUERY__NULL_TEST_TYPE__IS_NOT_NULL);
    if (logic->boolop == PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR)
        return proves(logic->args[0], column, !negated);
    needs_all = (logic->boolop == PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR) != negated;
    for (size_t i = 0; i < logic->n_args; i++)
        if (proves(logic->args[i], column, negated) != needs_all)
            return !needs_all;
    return needs_all;
}

bool
ddl_proves_not_null(const PgQuery__Node *expression, const char *column)
{
    return expression != NULL && proves(expression, column, false);
}

bool
ddl_is_null_constant(const PgQuery__Node *expression)
{
    while (expression != NULL && expression->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        expression = expression->type_cast->arg;
    return expression != NULL && expression->node_case == PG_QUERY__NODE__NODE_A_CONST &&
           expression->a_const->isnull;
}

static bool
visit_column(ProtobufCMessage *message, void *data)
{
    const PgQuery__ColumnRef *column = TREE_AS(message, ColumnRef, column_ref);
    GPtrArray *columns = data;
    const char *name = column != NULL ? column_name(column) : NULL;

    if (name != NULL && !g_ptr_array_find_with_equal_func(columns, name, g_str_equal, NULL))
        g_ptr_array_add(columns, (char *) name);
    return true;
}

void
ddl_columns_read(const PgQuery__Node *expression, GPtrArray *columns)
{
    TREE_WALK((PgQuery__Node *) expression, visit_column, columns);
}

typedef struct {
    DdlName relation;
    const char *function;
    bool found;
} Mention;

static bool
visit_relation(ProtobufCMessage *message, void *data)
{
    const PgQuery__RangeVar *range = TREE_AS(message, RangeVar, range_var);
    Mention *mention = data;

    if (range != NULL && g_strcmp0(range->relname, mention->relation.name) == 0 &&
        (mention->relation.schema == NULL || range->schemaname[0] == '\0' ||
         g_str_equal(range->schemaname, mention->relation.schema)))
        mention->found = true;
    return !mention->found;
}

bool
ddl_mentions_relation(const PgQuery__Node *query, DdlName relation)
{
    Mention mention = {.relation = relation};

    TREE_WALK((PgQuery__Node *) query, visit_relation, &mention);
    return mention.found;
}

static bool
visit_function(ProtobufCMessage *message, void *data)
{
    const PgQuery__FuncCall *call = TREE_AS(message, FuncCall, func_call);
    Mention *mention = data;
    DdlName name;

    if (call == NULL)
        return !mention->found;
    name = build_names(call->funcname, call->n_funcname);
    if ((name.schema == NULL || g_str_equal(name.schema, "pg_catalog")) &&
        g_strcmp0(name.name, mention->function) == 0)
        mention->found = true;
    return !mention->found;
}

bool
ddl_calls(const PgQuery__Node *expression, const char *function)
{
    Mention mention = {.function = function};

    TREE_WALK((PgQuery__Node *) expression, visit_function, &mention);
    return mention.found;
}

static bool
visit_nextval(ProtobufCMessage *message, void *data)
{
    const PgQuery__FuncCall *call = TREE_AS(message, FuncCall, func_call);
    const char **sequence = data;
    const PgQuery__Node *name;

    if (call == NULL || call->n_args != 1 ||
        g_strcmp0(build_names(call->funcname, call->n_funcname).name, "nextval") != 0)
        return *sequence == NULL;
    name = call->args[0];
    while (name->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        name = name->type_cast->arg;
    if (name->node_case == PG_QUERY__NODE__NODE_A_CONST &&
        name->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL)
        *sequence = name->a_const->sval->sval;
    return *sequence == NULL;
}

const char *
ddl_sequence_of(const PgQuery__Node *expression)
{
    const char *sequence = NULL;

    TREE_WALK((PgQuery__Node *) expression, visit_nextval, &sequence);
    return sequence;
}

bool
ddl_expression_equal(const PgQuery__Node *a, const PgQuery__Node *b)
{
    return tree_equal(a != NULL ? &a->base : NULL, b != NULL ? &b->base : NULL);
}

/* ".." if the deparser cannot. Caller owns. */
static char *
deparse(PgQuery__Node *statement)
{
    PgQuery__RawStmt raw = PG_QUERY__RAW_STMT__INIT;
    PgQuery__ParseResult result = PG_QUERY__PARSE_RESULT__INIT;
    PgQuery__RawStmt *statements[] = {&raw};
    g_autofree char *packed = NULL;
    PgQueryProtobuf protobuf;
    PgQueryDeparseResult deparsed;
    char *text;

    raw.stmt = statement;
    result.n_stmts = 1;
    result.stmts = statements;
    /* Not the functions of the result: those hand the tree over (sql/handover.h). */
    protobuf.len = protobuf_c_message_get_packed_size(&result.base);
    packed = g_malloc(protobuf.len);
    protobuf_c_message_pack(&result.base, (guint8 *) packed);
    protobuf.data = packed;
    deparsed = pg_query_deparse_protobuf(protobuf);
    text = g_strdup(deparsed.error == NULL ? deparsed.query : "..");
    pg_query_free_deparse_result(deparsed);
    return text;
}

char *
ddl_statement_text(const PgQuery__Node *statement)
{
    return deparse((PgQuery__Node *) statement);
}

/* The deparser knows statements: SELECT @expression. */
char *
ddl_expression_text(const PgQuery__Node *expression)
{
    PgQuery__ResTarget target = PG_QUERY__RES_TARGET__INIT;
    PgQuery__SelectStmt select = PG_QUERY__SELECT_STMT__INIT;
    PgQuery__Node target_node = PG_QUERY__NODE__INIT, select_node = PG_QUERY__NODE__INIT;
    PgQuery__Node *targets[] = {&target_node};
    char *text;

    target.val = (PgQuery__Node *) expression;
    target_node.node_case = PG_QUERY__NODE__NODE_RES_TARGET;
    target_node.res_target = &target;
    select.n_target_list = 1;
    select.target_list = targets;
    select.limit_option = PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_DEFAULT;
    select.op = PG_QUERY__SET_OPERATION__SETOP_NONE;
    select_node.node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
    select_node.select_stmt = &select;
    text = deparse(&select_node);
    if (g_str_has_prefix(text, "SELECT "))
        memmove(text, text + strlen("SELECT "), strlen(text + strlen("SELECT ")) + 1);
    return text;
}
