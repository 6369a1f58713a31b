#include "sql/script.h"

#include <string.h>

#include "sql/skim.h"
#include "sql/statement.h"

void *
statement_alloc(const SqlStatement *statement, gsize size)
{
    return memset(blocks_alloc(&((SqlTree *) statement->tree)->blocks, size), 0, size);
}

static const char *
keep(SqlTree *tree, const char *text, gsize length)
{
    char *copy = blocks_alloc(&tree->blocks, length + 1);

    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static bool
skim_is_any(const Skim *skim, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (skim_is(skim, *words))
            return true;
    }
    return false;
}

static void
append_word(GString *verb, const Skim *skim)
{
    if (verb->len > 0)
        g_string_append_c(verb, ' ');
    for (gsize i = skim->start; i < skim->end; i++)
        g_string_append_c(verb, g_ascii_toupper(skim->text[i]));
}

/* "create or replace function f .." gives CREATE FUNCTION: the words that tell the kind. */
static void
append_verb(GString *verb, const SqlStatement *statement, bool concurrently)
{
    static const char *const with_object[] = {"create", "alter", "drop", "refresh", NULL};
    static const char *const adjectives[] = {"or",        "replace",    "unique",     "temp",
                                             "temporary", "unlogged",   "global",     "local",
                                             "recursive", "constraint", "procedural", NULL};
    static const char *const double_words[] = {"materialized", "foreign", "event", "access",
                                               "user",         "default", "large", "text",
                                               "trusted",      NULL};
    Skim skim = skim_begin(statement->tree->text, statement->start, statement->end);
    bool more = skim_next(&skim);

    append_word(verb, &skim);
    if (skim_is_any(&skim, with_object)) {
        while ((more = skim_next(&skim)) && skim_is_any(&skim, adjectives))
            ;
        if (more) {
            const bool is_double = skim_is_any(&skim, double_words);

            append_word(verb, &skim);
            if (is_double && skim_next(&skim))
                append_word(verb, &skim);
        }
    }
    if (concurrently)
        g_string_append(verb, " CONCURRENTLY");
}

/* @verb: room for one. */
static SqlStatement *
statement_new(SqlTree *tree, const PgQuery__RawStmt *raw, gsize text_length, GString *verb)
{
    SqlStatement *statement = blocks_alloc(&tree->blocks, sizeof *statement);
    const gsize from = (gsize) raw->stmt_location;
    const gsize to = raw->stmt_len > 0 ? from + (gsize) raw->stmt_len : text_length;
    bool concurrently = false;

    *statement = (SqlStatement){.tree = tree, .node = raw->stmt, .start = to};
    for (Skim skim = skim_begin(tree->text, from, to); skim_next(&skim);) {
        if (skim.kind == SKIM_SEMICOLON)
            continue;
        statement->start = MIN(statement->start, skim.start);
        statement->end = skim.end;
        concurrently = concurrently || skim_is(&skim, "concurrently");
    }
    g_assert(statement->start < statement->end);
    statement->text = keep(tree, tree->text + statement->start, statement->end - statement->start);
    g_string_truncate(verb, 0);
    append_verb(verb, statement, concurrently);
    statement->verb = keep(tree, verb->str, verb->len);
    return statement;
}

SqlScript *
sql_parse(const char *text, Place origin, GError **error)
{
    g_autoptr(SqlTree) tree = tree_parse(text, origin, error);
    g_autoptr(GString) verb = NULL;
    SqlScript *script;
    gsize length;

    if (tree == NULL)
        return NULL;
    length = strlen(tree->text);
    script = g_new0(SqlScript, 1);
    script->users = 1;
    script->statements = g_ptr_array_sized_new((guint) tree->result->n_stmts);
    verb = g_string_new(NULL);
    script->tree = g_steal_pointer(&tree);
    for (size_t i = 0; i < script->tree->result->n_stmts; i++)
        g_ptr_array_add(script->statements,
                        statement_new(script->tree, script->tree->result->stmts[i], length, verb));
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
    return tree_place(statement->tree, (int) statement->start);
}

const char *
sql_statement_verb(const SqlStatement *statement)
{
    return statement->verb;
}

GArray *
statement_parts(const SqlStatement *statement)
{
    GArray *parts = g_array_new(FALSE, FALSE, sizeof(int));
    bool begins = true;
    int depth = 0;

    for (Skim skim = skim_begin(statement->tree->text, statement->start, statement->end);
         skim_next(&skim);) {
        const int start = (int) skim.start;

        if (begins)
            g_array_append_val(parts, start);
        depth += (skim.kind == SKIM_OPEN) - (skim.kind == SKIM_CLOSE);
        begins = skim.kind == SKIM_COMMA && depth == 0;
    }
    return parts;
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
sql_statement_validates(const SqlStatement *statement)
{
    const PgQuery__AlterTableStmt *alter = statement->node->alter_table_stmt;

    if (statement->node->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT)
        return false;
    for (size_t i = 0; i < alter->n_cmds; i++)
        if (alter->cmds[i]->alter_table_cmd->subtype !=
            PG_QUERY__ALTER_TABLE_TYPE__AT_ValidateConstraint)
            return false;
    return true;
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

char *
sql_canonical(const char *text)
{
    g_autoptr(GArray) tokens = tree_scan(text);
    GString *joined;

    if (tokens == NULL)
        return g_strdup(text);
    joined = g_string_sized_new(64);
    for (guint i = 0; i < tokens->len; i++) {
        const SqlToken *token = &g_array_index(tokens, SqlToken, i);

        if (i > 0)
            g_string_append_c(joined, ' ');
        g_string_append_len(joined, text + token->start, token->end - token->start);
    }
    return g_string_free(joined, FALSE);
}

char *
sql_script_canonical(const SqlScript *script)
{
    return sql_canonical(script->tree->text);
}

char *
sql_statement_canonical(const SqlStatement *statement)
{
    return sql_canonical(statement->text);
}

char *
sql_statement_words(const SqlStatement *statement)
{
    GString *words = g_string_sized_new(statement->end - statement->start + 64);

    for (Skim skim = skim_begin(statement->tree->text, statement->start, statement->end);
         skim_next(&skim);) {
        if (words->len > 0)
            g_string_append_c(words, ' ');
        g_string_append_len(words, skim.text + skim.start, (gssize) (skim.end - skim.start));
    }
    return g_string_free(words, FALSE);
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
