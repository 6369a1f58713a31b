#include "sql/body.h"

#include <pg_query.h>
#include <string.h>

#include "base/json.h"
#include "sql/tree.h"

void
body_statement_free(BodyStatement *statement)
{
    g_free(statement->text);
    g_free(statement->expression);
    g_free(statement);
}

/* The text of @expression if that is one constant, as EXECUTE 'DROP TABLE t' has it. */
static char *
constant_of(const char *expression)
{
    g_autofree char *select = g_strdup_printf("SELECT %s", expression);
    g_autoptr(SqlTree) tree = tree_parse(select, (Place){0}, NULL);
    const PgQuery__Node *value;

    if (tree == NULL || tree->result->n_stmts != 1 ||
        tree->result->stmts[0]->stmt->node_case != PG_QUERY__NODE__NODE_SELECT_STMT ||
        tree->result->stmts[0]->stmt->select_stmt->n_target_list != 1)
        return NULL;
    value = tree->result->stmts[0]->stmt->select_stmt->target_list[0]->res_target->val;
    if (value->node_case != PG_QUERY__NODE__NODE_A_CONST ||
        value->a_const->val_case != PG_QUERY__A__CONST__VAL_SVAL)
        return NULL;
    return g_strdup(value->a_const->sval->sval);
}

typedef struct {
    GPtrArray *statements;
    bool conditional, looped, repeated;
} BodyWalk;

static void
add_statement(const BodyWalk *walk, const json_t *node, const char *member, bool dynamic)
{
    const json_t *expression = json_object_get(json_object_get(node, member), "PLpgSQL_expr");
    const char *query = json_string_value(json_object_get(expression, "query"));
    BodyStatement *statement;

    if (query == NULL)
        return;
    statement = g_new0(BodyStatement, 1);
    statement->text = dynamic ? constant_of(query) : g_strdup(query);
    statement->expression = statement->text ? NULL : g_strdup(query);
    statement->line = (int) json_integer_value(json_object_get(node, "lineno"));
    statement->conditional = walk->conditional;
    statement->repeated = walk->repeated;
    g_ptr_array_add(walk->statements, statement);
}

static bool
is_conditional(const char *kind, const char *member)
{
    static const char *const branches[] = {
        "then_body", "elsif_list", "else_body", "case_when_list", "else_stmts", "exceptions", NULL};

    if (g_strv_contains(branches, member))
        return true;
    return g_str_equal(member, "body") && !g_str_equal(kind, "PLpgSQL_stmt_block") &&
           !g_str_equal(kind, "PLpgSQL_stmt_loop");
}

static bool
is_loop(const char *kind)
{
    static const char *const loops[] = {"PLpgSQL_stmt_loop",
                                        "PLpgSQL_stmt_while",
                                        "PLpgSQL_stmt_fori",
                                        "PLpgSQL_stmt_fors",
                                        "PLpgSQL_stmt_forc",
                                        "PLpgSQL_stmt_dynfors",
                                        NULL};

    return g_strv_contains(loops, kind);
}

/* Does a transaction end somewhere in @node? */
static bool
ends_transaction(json_t *node)
{
    const char *member;
    json_t *value;
    size_t index;

    json_array_foreach(node, index, value) if (ends_transaction(value)) return true;
    json_object_foreach(node, member, value)
    {
        if (g_str_equal(member, "PLpgSQL_stmt_commit") ||
            g_str_equal(member, "PLpgSQL_stmt_rollback") || ends_transaction(value))
            return true;
    }
    return false;
}

static void
walk_node(const BodyWalk *walk, const char *kind, json_t *node)
{
    const char *member;
    json_t *value;
    size_t index;

    if (json_is_array(node)) {
        json_array_foreach(node, index, value) walk_node(walk, kind, value);
        return;
    }
    if (g_str_equal(kind, "PLpgSQL_stmt_execsql"))
        add_statement(walk, node, "sqlstmt", false);
    else if (g_str_equal(kind, "PLpgSQL_stmt_perform") || g_str_equal(kind, "PLpgSQL_stmt_call"))
        add_statement(walk, node, "expr", false);
    else if (g_str_equal(kind, "PLpgSQL_stmt_dynexecute"))
        add_statement(walk, node, "query", true);
    json_object_foreach(node, member, value)
    {
        BodyWalk below = *walk;

        below.conditional |= is_conditional(kind, member);
        if (is_loop(member) && !walk->looped) {
            below.looped = true;
            below.repeated = !ends_transaction(value);
        }
        if (json_is_object(value) || json_is_array(value))
            walk_node(&below, g_str_has_prefix(member, "PLpgSQL") ? member : kind, value);
    }
}

GPtrArray *
body_statements(const char *text, GError **error)
{
    PgQueryPlpgsqlParseResult parsed = pg_query_parse_plpgsql(text);
    GPtrArray *statements = g_ptr_array_new_with_free_func((GDestroyNotify) body_statement_free);
    const BodyWalk walk = {.statements = statements};
    g_autoptr(json_t) document = NULL;

    if (parsed.error != NULL) {
        error_set(error, ERROR_SQL, "%s", parsed.error->message);
        pg_query_free_plpgsql_parse_result(parsed);
        g_ptr_array_unref(statements);
        return NULL;
    }
    document = json_loads(parsed.plpgsql_funcs, 0, NULL);
    pg_query_free_plpgsql_parse_result(parsed);
    if (document != NULL)
        walk_node(&walk, "", document);
    return statements;
}
