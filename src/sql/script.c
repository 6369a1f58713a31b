#include "sql/script.h"

#include <string.h>

#include "sql/statement.h"

static void
statement_free(SqlStatement *statement)
{
    g_free(statement->text);
    g_free(statement->verb);
    g_free(statement);
}

static bool
token_is(const SqlStatement *statement, guint index, const char *word)
{
    const SqlToken *token;

    if (index >= statement->end)
        return false;
    token = tree_token(statement->tree, index);
    return strlen(word) == (size_t) (token->end - token->start) &&
           g_ascii_strncasecmp(statement->tree->text + token->start, word, strlen(word)) == 0;
}

static bool
token_is_any(const SqlStatement *statement, guint index, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (token_is(statement, index, *words))
            return true;
    }
    return false;
}

static void
append_word(const SqlStatement *statement, GString *verb, guint index)
{
    const SqlToken *token;
    g_autofree char *word = NULL;

    if (index >= statement->end)
        return;
    token = tree_token(statement->tree, index);
    word = g_ascii_strup(statement->tree->text + token->start, token->end - token->start);
    if (verb->len > 0)
        g_string_append_c(verb, ' ');
    g_string_append(verb, word);
}

/* "create or replace function f .." gives CREATE FUNCTION: the words that tell the kind. */
static char *
verb_of(const SqlStatement *statement)
{
    static const char *const with_object[] = {"CREATE", "ALTER", "DROP", "REFRESH", NULL};
    static const char *const adjectives[] = {"OR",        "REPLACE",    "UNIQUE",     "TEMP",
                                             "TEMPORARY", "UNLOGGED",   "GLOBAL",     "LOCAL",
                                             "RECURSIVE", "CONSTRAINT", "PROCEDURAL", NULL};
    static const char *const double_words[] = {"MATERIALIZED", "FOREIGN", "EVENT", "ACCESS",
                                               "USER",         "DEFAULT", "LARGE", "TEXT",
                                               "TRUSTED",      NULL};
    g_autoptr(GString) verb = g_string_new(NULL);
    guint i = statement->first;

    append_word(statement, verb, i);
    if (token_is_any(statement, i, with_object)) {
        for (i++; token_is_any(statement, i, adjectives); i++)
            ;
        append_word(statement, verb, i);
        if (token_is_any(statement, i, double_words))
            append_word(statement, verb, i + 1);
    }
    if (statement_has_token(statement, PG_QUERY__TOKEN__CONCURRENTLY))
        g_string_append(verb, " CONCURRENTLY");
    return g_string_free(g_steal_pointer(&verb), FALSE);
}

static SqlStatement *
statement_new(const SqlTree *tree, const PgQuery__RawStmt *raw)
{
    SqlStatement *statement = g_new0(SqlStatement, 1);
    const int start = raw->stmt_location;
    const int end = raw->stmt_len > 0 ? start + raw->stmt_len : (int) strlen(tree->text);
    int from, to;

    statement->tree = tree;
    statement->node = raw->stmt;
    statement->first = tree_token_at(tree, start);
    statement->end = tree_token_at(tree, end);
    while (statement->end > statement->first &&
           tree_token(tree, statement->end - 1)->token == PG_QUERY__TOKEN__ASCII_59)
        statement->end--;
    g_assert(statement->first < statement->end);
    from = tree_token(tree, statement->first)->start;
    to = tree_token(tree, statement->end - 1)->end;
    statement->text = g_strndup(tree->text + from, (gsize) (to - from));
    statement->verb = verb_of(statement);
    return statement;
}

SqlScript *
sql_parse(const char *text, Place origin, GError **error)
{
    g_autoptr(SqlTree) tree = tree_parse(text, origin, error);
    SqlScript *script;

    if (tree == NULL)
        return NULL;
    script = g_new0(SqlScript, 1);
    script->users = 1;
    script->statements = g_ptr_array_new_with_free_func((GDestroyNotify) statement_free);
    script->tree = g_steal_pointer(&tree);
    for (size_t i = 0; i < script->tree->result->n_stmts; i++)
        g_ptr_array_add(script->statements,
                        statement_new(script->tree, script->tree->result->stmts[i]));
    return script;
}

SqlScript *
sql_script_ref(SqlScript *script)
{
    script->users++;
    return script;
}

void
sql_script_free(SqlScript *script)
{
    if (script == NULL || --script->users > 0)
        return;
    g_ptr_array_unref(script->statements);
    tree_free(script->tree);
    g_free(script);
}

guint
sql_script_count(const SqlScript *script)
{
    return script->statements->len;
}

const SqlStatement *
sql_script_get(const SqlScript *script, guint index)
{
    g_assert(index < script->statements->len);
    return script->statements->pdata[index];
}

const char *
sql_statement_text(const SqlStatement *statement)
{
    return statement->text;
}

Place
sql_statement_place(const SqlStatement *statement)
{
    return tree_place(statement->tree, tree_token(statement->tree, statement->first)->start);
}

const char *
sql_statement_verb(const SqlStatement *statement)
{
    return statement->verb;
}

bool
statement_has_token(const SqlStatement *statement, PgQuery__Token token)
{
    for (guint i = statement->first; i < statement->end; i++) {
        if (tree_token(statement->tree, i)->token == token)
            return true;
    }
    return false;
}

/* Options that make a command one that no transaction block may hold. */
static bool
has_option(PgQuery__Node *const *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM &&
            g_str_equal(options[i]->def_elem->defname, name))
            return true;
    }
    return false;
}

static bool
detaches_concurrently(const PgQuery__AlterTableStmt *alter)
{
    for (size_t i = 0; i < alter->n_cmds; i++) {
        const PgQuery__Node *def = alter->cmds[i]->alter_table_cmd->def;
        if (def != NULL && def->node_case == PG_QUERY__NODE__NODE_PARTITION_CMD &&
            def->partition_cmd->concurrent)
            return true;
    }
    return false;
}

bool
sql_statement_is_transactional(const SqlStatement *statement)
{
    const PgQuery__Node *node = statement->node;

    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_INDEX_STMT:
        return !node->index_stmt->concurrent;
    case PG_QUERY__NODE__NODE_DROP_STMT:
        return !node->drop_stmt->concurrent;
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        return !detaches_concurrently(node->alter_table_stmt);
    case PG_QUERY__NODE__NODE_REINDEX_STMT:
        return node->reindex_stmt->relation != NULL &&
               !has_option(node->reindex_stmt->params, node->reindex_stmt->n_params,
                           "concurrently");
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
        return !node->vacuum_stmt->is_vacuumcmd;
    case PG_QUERY__NODE__NODE_CLUSTER_STMT:
        return node->cluster_stmt->relation != NULL;
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_STMT:
        return !has_option(node->alter_database_stmt->options, node->alter_database_stmt->n_options,
                           "tablespace");
    case PG_QUERY__NODE__NODE_DISCARD_STMT:
        return node->discard_stmt->target != PG_QUERY__DISCARD_MODE__DISCARD_ALL;
    case PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT:
    case PG_QUERY__NODE__NODE_CREATEDB_STMT:
    case PG_QUERY__NODE__NODE_DROPDB_STMT:
    case PG_QUERY__NODE__NODE_CREATE_TABLE_SPACE_STMT:
    case PG_QUERY__NODE__NODE_DROP_TABLE_SPACE_STMT:
    case PG_QUERY__NODE__NODE_CREATE_SUBSCRIPTION_STMT:
    case PG_QUERY__NODE__NODE_ALTER_SUBSCRIPTION_STMT:
    case PG_QUERY__NODE__NODE_DROP_SUBSCRIPTION_STMT:
        return false;
    default:
        return true;
    }
}

bool
sql_statement_is_transaction_control(const SqlStatement *statement)
{
    return statement->node->node_case == PG_QUERY__NODE__NODE_TRANSACTION_STMT;
}

bool
sql_statement_is_client_copy(const SqlStatement *statement)
{
    return statement->node->node_case == PG_QUERY__NODE__NODE_COPY_STMT &&
           statement->node->copy_stmt->filename[0] == '\0';
}

/* The tokens [first,end) of @text with one blank between them. */
static char *
join_tokens(const char *text, const GArray *tokens, guint first, guint end)
{
    GString *joined = g_string_sized_new(64);

    for (guint i = first; i < end; i++) {
        const SqlToken *token = &g_array_index(tokens, SqlToken, i);
        if (i > first)
            g_string_append_c(joined, ' ');
        g_string_append_len(joined, text + token->start, token->end - token->start);
    }
    return g_string_free(joined, FALSE);
}

char *
sql_canonical(const char *text)
{
    g_autoptr(GArray) tokens = tree_scan(text);

    return tokens ? join_tokens(text, tokens, 0, tokens->len) : g_strdup(text);
}

char *
sql_script_canonical(const SqlScript *script)
{
    const SqlTree *tree = script->tree;

    return join_tokens(tree->text, tree->tokens, 0, tree->tokens->len);
}

char *
sql_statement_canonical(const SqlStatement *statement)
{
    const SqlTree *tree = statement->tree;

    return join_tokens(tree->text, tree->tokens, statement->first, statement->end);
}

const char *
lock_mode_name(LockMode mode)
{
    static const char *const names[] = {
        [LOCK_ACCESS_SHARE] = "ACCESS SHARE",
        [LOCK_ROW_SHARE] = "ROW SHARE",
        [LOCK_ROW_EXCLUSIVE] = "ROW EXCLUSIVE",
        [LOCK_SHARE_UPDATE_EXCLUSIVE] = "SHARE UPDATE EXCLUSIVE",
        [LOCK_SHARE] = "SHARE",
        [LOCK_SHARE_ROW_EXCLUSIVE] = "SHARE ROW EXCLUSIVE",
        [LOCK_EXCLUSIVE] = "EXCLUSIVE",
        [LOCK_ACCESS_EXCLUSIVE] = "ACCESS EXCLUSIVE",
    };

    return names[mode];
}
