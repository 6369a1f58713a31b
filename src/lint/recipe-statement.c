/* The statement with less, more or other words in it. */
#include "lint/recipe-steps.h"

int
recipe_first_subcommand(const SqlStatement *statement)
{
    const SqlTree *tree = statement->tree;
    const PgQuery__RangeVar *relation = statement->node->alter_table_stmt->relation;
    guint i = tree_token_at(tree, relation->location) + 1;

    while (tree_token(tree, i)->token == PG_QUERY__TOKEN__ASCII_46) /* a dot */
        i += 2;
    if (tree_token(tree, i)->token == PG_QUERY__TOKEN__ASCII_42) /* an asterisk */
        i++;
    return tree_token(tree, i)->start;
}

/* The end of the text [start,end) without blanks and a comma. */
static int
trimmed(const char *text, int start, int end)
{
    while (end > start && (g_ascii_isspace(text[end - 1]) || text[end - 1] == ','))
        end--;
    return end;
}

/* [start,end) of the subcommand that @location lies in. */
static bool
find_subcommand(const SqlStatement *statement, int location, int *ret_start, int *ret_end)
{
    g_autoptr(GArray) parts = NULL;

    if (statement->node->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT)
        return false;
    parts = statement_parts(statement);
    g_array_index(parts, int, 0) = recipe_first_subcommand(statement);
    for (guint i = parts->len; i > 0; i--) {
        const int start = g_array_index(parts, int, i - 1);

        if (i > 1 && location < start)
            continue;
        *ret_start = start;
        *ret_end = i < parts->len ? g_array_index(parts, int, i) : (int) statement->end;
        return true;
    }
    return false;
}

char *
recipe_merged(const SqlStatement *first, const SqlStatement *then)
{
    const int start = recipe_first_subcommand(then);

    return g_strdup_printf("%s,\n    %.*s", sql_statement_text(first), (int) then->end - start,
                           then->tree->text + start);
}

const SqlToken *
recipe_kind_token(const LintContext *context)
{
    const SqlTree *tree = context->statement->tree;
    guint i = tree_token_at(tree, (int) context->statement->start) + 1;

    if (tree_token(tree, i)->token == PG_QUERY__TOKEN__MATERIALIZED ||
        tree_token(tree, i)->token == PG_QUERY__TOKEN__FOREIGN)
        i++;
    if (tree_token(tree, i + 1)->token == PG_QUERY__TOKEN__CONCURRENTLY)
        i++;
    return tree_token(tree, i);
}

const SqlToken *
recipe_subcommand_token(const LintContext *context, const DdlChange *change)
{
    const SqlTree *tree = context->statement->tree;
    const SqlToken *word, *next;
    int start, end;

    if (!find_subcommand(context->statement, change->location, &start, &end))
        return NULL;
    word = tree_token(tree, tree_token_at(tree, start)); /* ADD, DROP */
    next = recipe_next(context, word);
    return next->token == PG_QUERY__TOKEN__COLUMN || next->token == PG_QUERY__TOKEN__CONSTRAINT
               ? next
               : word;
}

/* The subcommands but for those that @goes holds true, each once. */
static char *
rest_of(const SqlStatement *statement, const GArray *parts, const bool *goes)
{
    const char *text = statement->tree->text;
    const int first = g_array_index(parts, int, 0);
    g_autoptr(GString) rest = g_string_new(NULL);
    guint kept = 0;

    g_string_append_len(rest, text + statement->start, first - (int) statement->start);
    for (guint i = 0; i < parts->len; i++) {
        const int start = g_array_index(parts, int, i);
        const int behind =
            i + 1 < parts->len ? g_array_index(parts, int, i + 1) : (int) statement->end;

        if (!goes[i])
            g_string_append_printf(rest, "%s%.*s", kept++ > 0 ? ", " : "",
                                   trimmed(text, start, behind) - start, text + start);
    }
    g_string_append(rest, ";\n");
    return kept > 0 ? g_string_free(g_steal_pointer(&rest), FALSE) : g_strdup("");
}

static char *
rest_without(const LintContext *context, const DdlChange *change, bool of_column)
{
    const SqlStatement *statement = context->statement;
    g_autoptr(GArray) parts = NULL;
    g_autofree bool *goes = NULL;

    if (statement->node->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT)
        return g_strdup("");
    parts = statement_parts(statement);
    goes = g_new0(bool, parts->len);
    g_array_index(parts, int, 0) = recipe_first_subcommand(statement);
    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChange *other = ddl_changes_get(context->changes, i);
        guint at = parts->len - 1;

        while (at > 0 && other->location < g_array_index(parts, int, at))
            at--;
        if (other == change || (of_column && g_strcmp0(other->column, change->column) == 0))
            goes[at] = true;
    }
    return rest_of(statement, parts, goes);
}

char *
recipe_rest(const LintContext *context, const DdlChange *change)
{
    return rest_without(context, change, false);
}

char *
recipe_rest_of_column(const LintContext *context, const DdlChange *change)
{
    return rest_without(context, change, true);
}

/* DEFERRABLE and its like belong to the part before them. */
static bool
is_attribute(const PgQuery__Constraint *part)
{
    return part->contype >= PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE &&
           part->contype <= PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_IMMEDIATE;
}

/* The column that the subcommand [start,end) adds; NULL: none. */
static const PgQuery__ColumnDef *
added_column(const SqlStatement *statement, int start, int end)
{
    const PgQuery__AlterTableStmt *alter = statement->node->alter_table_stmt;

    for (size_t i = 0; i < alter->n_cmds; i++) {
        const PgQuery__Node *def = alter->cmds[i]->alter_table_cmd->def;

        if (def != NULL && def->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF &&
            def->column_def->location >= start && def->column_def->location < end)
            return def->column_def;
    }
    return NULL;
}

/* Where what stands behind the part at @location begins; @end: nothing does. */
static int
part_end(const PgQuery__ColumnDef *column, int location, int end)
{
    if (column->coll_clause != NULL && column->coll_clause->location > location)
        end = MIN(end, column->coll_clause->location);
    for (size_t i = 0; i < column->n_constraints; i++) {
        const PgQuery__Constraint *part = column->constraints[i]->constraint;

        if (!is_attribute(part) && part->location > location)
            end = MIN(end, part->location);
    }
    return end;
}

/* [start,end) of a constraint, with NOT VALID at its end or without. */
static int
without_not_valid(const SqlTree *tree, int start, int end)
{
    for (guint i = tree_token_at(tree, start); i < tree_token_count(tree); i++) {
        const SqlToken *token = tree_token(tree, i);

        if (token->start >= end)
            break;
        if (token->token == PG_QUERY__TOKEN__NOT && i + 1 < tree_token_count(tree) &&
            tree_token(tree, i + 1)->token == PG_QUERY__TOKEN__VALID)
            return trimmed(tree->text, start, token->start);
    }
    return end;
}

char *
recipe_constraint_body(const LintContext *context, const DdlChange *change)
{
    const SqlStatement *statement = context->statement;
    const SqlTree *tree = statement->tree;
    const PgQuery__ColumnDef *column;
    g_autofree char *name = NULL;
    int start, end;
    guint i;

    if (!find_subcommand(statement, change->location, &start, &end))
        return NULL;
    column = added_column(statement, start, end);
    if (column != NULL)
        end = part_end(column, change->location, end);
    end = trimmed(tree->text, start, end);
    i = tree_token_at(tree, column != NULL ? change->location : start);
    if (tree_token(tree, i)->token == PG_QUERY__TOKEN__ADD_P)
        i++;
    if (tree_token(tree, i)->token == PG_QUERY__TOKEN__CONSTRAINT)
        i += 2;
    start = tree_token(tree, i)->start;
    end = without_not_valid(tree, start, end);
    if (column == NULL || change->constraint->kind != CONSTRAINT_FOREIGN_KEY)
        return g_strndup(tree->text + start, (gsize) (end - start));
    name = ddl_name_label((DdlName){NULL, change->column});
    return g_strdup_printf("FOREIGN KEY (%s) %.*s", name, end - start, tree->text + start);
}

char *
recipe_without(const LintContext *context, const DdlChange *change, RecipeGoes goes)
{
    const SqlStatement *statement = context->statement;
    const char *text = statement->tree->text;
    const PgQuery__ColumnDef *column;
    g_autoptr(GString) kept = g_string_new(NULL);
    int start, end, at = (int) statement->start;

    if (!find_subcommand(statement, change->location, &start, &end) ||
        (column = added_column(statement, start, end)) == NULL)
        return g_strdup_printf("%s;\n", sql_statement_text(statement));
    end = trimmed(text, start, end);
    for (size_t i = 0; i < column->n_constraints; i++) {
        const PgQuery__Constraint *part = column->constraints[i]->constraint;
        const int begin = trimmed(text, at, part->location);

        if (is_attribute(part) || !goes(part, change))
            continue;
        g_string_append_len(kept, text + at, begin - at);
        at = trimmed(text, begin, part_end(column, part->location, end));
    }
    g_string_append_printf(kept, "%.*s;\n", (int) statement->end - at, text + at);
    return g_string_free(g_steal_pointer(&kept), FALSE);
}

static bool
is_itself(const PgQuery__Constraint *part, const DdlChange *change)
{
    return part->location == change->location;
}

char *
recipe_without_constraint(const LintContext *context, const DdlChange *change)
{
    return change->in_definition ? recipe_without(context, change, is_itself)
                                 : recipe_rest(context, change);
}

const SqlToken *
recipe_token(const LintContext *context, PgQuery__Token token, int from)
{
    const SqlTree *tree = context->statement->tree;
    const guint count = tree_token_count(tree);

    for (guint i = tree_token_at(tree, from); i < count; i++) {
        const SqlToken *found = tree_token(tree, i);

        if (found->start >= (int) context->statement->end)
            return NULL;
        if (found->token == token)
            return found;
    }
    return NULL;
}

const SqlToken *
recipe_next(const LintContext *context, const SqlToken *token)
{
    const SqlTree *tree = context->statement->tree;
    const guint i = tree_token_at(tree, token->end);

    return i < tree_token_count(tree) && tree_token(tree, i)->start < (int) context->statement->end
               ? tree_token(tree, i)
               : NULL;
}

char *
recipe_replacing(const LintContext *context, int start, int end, const char *text)
{
    const SqlStatement *statement = context->statement;
    const SqlTree *tree = statement->tree;

    if (end == 0)
        end = tree_token(tree, tree_token_at(tree, start))->end;
    return g_strdup_printf("%.*s%s%.*s", start - (int) statement->start,
                           tree->text + statement->start, text, (int) statement->end - end,
                           tree->text + end);
}

char *
recipe_with_type(const LintContext *context, int location, const char *type)
{
    const SqlTree *tree = context->statement->tree;
    const SqlToken *name = tree_token(tree, tree_token_at(tree, location));
    const SqlToken *old = recipe_next(context, name);

    return old ? recipe_replacing(context, old->start, old->end, type)
               : g_strdup(sql_statement_text(context->statement));
}

char *
recipe_index(const SqlStatement *statement, const char *name)
{
    const SqlTree *tree = statement->tree;
    guint i = tree_token_at(tree, (int) statement->start);
    int head, on;
    g_autofree char *own = NULL;

    while (tree_token(tree, i)->token != PG_QUERY__TOKEN__INDEX)
        i++;
    head = tree_token(tree, i)->end;
    while (tree_token(tree, i)->token != PG_QUERY__TOKEN__ON)
        i++;
    on = tree_token(tree, i)->start;
    if (name == NULL && statement->node->index_stmt->idxname[0] != '\0')
        name = own = ddl_name_label((DdlName){NULL, statement->node->index_stmt->idxname});
    return g_strdup_printf("%.*s CONCURRENTLY %s%s%.*s", head - (int) statement->start,
                           tree->text + statement->start, name ? name : "", name ? " " : "",
                           (int) statement->end - on, tree->text + on);
}
