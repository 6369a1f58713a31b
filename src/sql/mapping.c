#include "sql/mapping.h"

#include <string.h>

#include "sql/total.h"
#include "sql/tree.h"

static void
pair_free(SqlPair *pair)
{
    g_free(pair->column);
    g_free(pair->expression);
    g_ptr_array_unref(pair->sources);
    g_free((char *) pair->place.file);
    g_free(pair);
}

static SqlMapping *
mapping_new(void)
{
    SqlMapping *mapping = g_new0(SqlMapping, 1);

    mapping->pairs = g_ptr_array_new_with_free_func((GDestroyNotify) pair_free);
    return mapping;
}

void
sql_mapping_free(SqlMapping *mapping)
{
    if (mapping == NULL)
        return;
    g_ptr_array_unref(mapping->pairs);
    if (mapping->where)
        pair_free(mapping->where);
    if (mapping->group)
        g_ptr_array_unref(mapping->group);
    g_free(mapping);
}

static bool
holds_name(const GPtrArray *names, const char *name)
{
    return g_ptr_array_find_with_equal_func((GPtrArray *) names, name, g_str_equal, NULL);
}

/* What a visit of one expression gathers. */
typedef struct {
    GPtrArray *sources;
    bool may_aggregate;
    const char *refused; /* why a trigger or an UPDATE cannot inline it; NULL: it can */
    int offset;          /* of what is refused */
} Expression;

static bool
refuse(Expression *expression, const char *why, int offset)
{
    if (expression->refused == NULL) {
        expression->refused = why;
        expression->offset = offset;
    }
    return false;
}

static bool
is_aggregate(const PgQuery__FuncCall *call)
{
    static const char *const names[] = {
        "count",     "sum",        "avg",      "min",     "max",   "array_agg", "json_agg",
        "jsonb_agg", "string_agg", "bool_and", "bool_or", "every", NULL};
    const char *name = tree_string(call->funcname[call->n_funcname - 1]);

    if (call->agg_star || call->agg_distinct || call->agg_within_group || call->n_agg_order > 0 ||
        call->agg_filter != NULL)
        return true;
    return name != NULL && g_strv_contains(names, name);
}

static bool
visit_column(const PgQuery__ColumnRef *column, Expression *expression)
{
    const char *name = column->n_fields == 1 ? tree_string(column->fields[0]) : NULL;

    if (name == NULL)
        return refuse(expression, "a column of the row is named alone, without its table",
                      column->location);
    if (!holds_name(expression->sources, name))
        g_ptr_array_add(expression->sources, g_strdup(name));
    return false;
}

static bool
visit_expression(ProtobufCMessage *message, void *data)
{
    Expression *expression = data;
    const PgQuery__ColumnRef *column = TREE_AS(message, ColumnRef, column_ref);
    const PgQuery__SubLink *subquery = TREE_AS(message, SubLink, sub_link);
    const PgQuery__ParamRef *parameter = TREE_AS(message, ParamRef, param_ref);
    const PgQuery__FuncCall *call = TREE_AS(message, FuncCall, func_call);

    if (column != NULL)
        return visit_column(column, expression);
    if (subquery != NULL)
        return refuse(expression, "a subquery cannot be part of a mapping", subquery->location);
    if (parameter != NULL)
        return refuse(expression, "a parameter cannot be part of a mapping", parameter->location);
    if (call != NULL && call->over != NULL)
        return refuse(expression, "a window function cannot be part of a mapping", call->location);
    if (call != NULL && !expression->may_aggregate && is_aggregate(call))
        return refuse(expression, "an aggregate cannot be part of a mapping", call->location);
    return true;
}

static bool
fail_refused(const SqlTree *tree, const Expression *expression, GError **error)
{
    error_set_at(error, ERROR_SQL, tree_place(tree, expression->offset), "%s", expression->refused);
    return error_hint(error, "A trigger and an UPDATE must both be able to run it: use columns of "
                             "the row, operators and functions only.");
}

/* The tokens of a target, without its `AS name`. */
static char *
expression_text(const SqlTree *tree, const PgQuery__ResTarget *target, guint end)
{
    const guint first = tree_token_at(tree, target->location);

    if (target->name[0] == '\0')
        return tree_fold(tree, first, end);
    end--; /* the name */
    if (end > first && tree_token(tree, end - 1)->token == PG_QUERY__TOKEN__AS)
        end--;
    return tree_fold(tree, first, end);
}

/* What a mapping may be: over one table its columns have other names than the ones it sets. */
typedef struct {
    bool is_query;
    bool is_grouped;
} Kind;

/* @end: the token behind the target, a comma or the end of the targets. */
static SqlPair *
pair_parse(const SqlTree *tree, const PgQuery__ResTarget *target, guint end, Kind kind,
           GError **error)
{
    g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(g_free);
    Expression expression = {.sources = sources, .may_aggregate = kind.is_grouped};
    const char *column = kind.is_query ? tree_bare_column(target->val) : NULL;
    SqlPair *pair;

    if (target->name[0] != '\0')
        column = target->name;

    TREE_WALK(target->val, visit_expression, &expression);
    if (expression.refused != NULL) {
        fail_refused(tree, &expression, error);
        return NULL;
    }
    if (column == NULL) {
        error_set_at(error, ERROR_SQL, tree_place(tree, target->location),
                     "the mapping does not say which column this sets");
        error_hint(error, "Write `SELECT expression AS column`.");
        return NULL;
    }
    pair = g_new0(SqlPair, 1);
    pair->column = g_strdup(column);
    pair->expression = expression_text(tree, target, end);
    pair->sources = g_steal_pointer(&sources);
    pair->is_column = tree_bare_column(target->val) != NULL;
    pair->is_total = tree_is_total(target->val);
    pair->place = tree_place(tree, target->location);
    pair->place.file = g_strdup(pair->place.file);
    return pair;
}

/* What no mapping may have, of either kind. */
static bool
has_more(const PgQuery__SelectStmt *select)
{
    return select->n_target_list == 0 || select->with_clause != NULL ||
           select->n_distinct_clause > 0 || select->having_clause != NULL ||
           select->n_window_clause > 0 || select->n_sort_clause > 0 ||
           select->limit_count != NULL || select->limit_offset != NULL ||
           select->n_locking_clause > 0 || select->into_clause != NULL ||
           select->n_values_lists > 0 || select->op != PG_QUERY__SET_OPERATION__SETOP_NONE;
}

/* The SELECT of a mapping, or NULL with the reason why it is none. */
static const PgQuery__SelectStmt *
mapping_select(const SqlTree *tree, bool is_query, GError **error)
{
    const PgQuery__ParseResult *result = tree->result;
    const PgQuery__SelectStmt *select;

    if (result->n_stmts != 1 ||
        result->stmts[0]->stmt->node_case != PG_QUERY__NODE__NODE_SELECT_STMT) {
        error_set_at(error, ERROR_SQL, tree->origin, "a mapping is one SELECT");
        error_hint(error, "Write `SELECT expression AS column, ..;`.");
        return NULL;
    }
    select = result->stmts[0]->stmt->select_stmt;
    if (select->n_from_clause > 0) {
        error_set_at(error, ERROR_SQL, tree_place(tree, result->stmts[0]->stmt_location),
                     "a mapping has no FROM: it reads the row itself");
        error_hint(error,
                   "Leave FROM out; the table stands in the line `-- sluice: sync <table>`.");
        return NULL;
    }
    if (has_more(select) ||
        (!is_query && (select->where_clause != NULL || select->n_group_clause > 0))) {
        error_set_at(error, ERROR_SQL, tree_place(tree, result->stmts[0]->stmt_location),
                     "a mapping is a list of `expression AS column` and nothing else%s",
                     is_query ? " but WHERE and GROUP BY" : "");
        return NULL;
    }
    return select;
}

/* The token behind what begins at @from: the first one of @keyword on the query's own level, or the
 * end of the statement. */
static guint
clause_end(const SqlTree *tree, guint from, PgQuery__Token keyword, PgQuery__Token other)
{
    guint end = from;
    int depth = 0;

    for (; end < tree_token_count(tree); end++) {
        const PgQuery__Token token = tree_token(tree, end)->token;

        /* WITHIN GROUP belongs to an aggregate. */
        if (token == PG_QUERY__TOKEN__GROUP_P && end > 0 &&
            tree_token(tree, end - 1)->token == PG_QUERY__TOKEN__WITHIN)
            continue;
        depth += (token == PG_QUERY__TOKEN__ASCII_40) - (token == PG_QUERY__TOKEN__ASCII_41);
        if (depth == 0 &&
            (token == keyword || token == other || token == PG_QUERY__TOKEN__ASCII_59))
            break;
    }
    return end;
}

/* Adds the pair of the target at @index. */
static bool
mapping_add(SqlMapping *mapping, const SqlTree *tree, const PgQuery__SelectStmt *select,
            size_t index, Kind kind, GError **error)
{
    const PgQuery__ResTarget *target = select->target_list[index]->res_target;
    const bool is_last = index + 1 == select->n_target_list;
    guint end;
    SqlPair *pair;

    if (is_last)
        end = clause_end(tree, tree_token_at(tree, target->location), PG_QUERY__TOKEN__WHERE,
                         PG_QUERY__TOKEN__GROUP_P);
    else
        end = tree_token_at(tree, select->target_list[index + 1]->res_target->location) - 1;
    pair = pair_parse(tree, target, end, kind, error);
    if (pair == NULL)
        return false;
    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *other = mapping->pairs->pdata[i];
        if (g_str_equal(other->column, pair->column)) {
            error_set_at(error, ERROR_SQL, pair->place, "the mapping sets column '%s' twice",
                         pair->column);
            pair_free(pair);
            return false;
        }
    }
    g_ptr_array_add(mapping->pairs, pair);
    return true;
}

static bool
mapping_add_where(SqlMapping *mapping, const SqlTree *tree, const PgQuery__SelectStmt *select,
                  GError **error)
{
    g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(g_free);
    Expression expression = {.sources = sources};
    guint start = 0;

    if (select->where_clause == NULL)
        return true;
    TREE_WALK(select->where_clause, visit_expression, &expression);
    if (expression.refused != NULL)
        return fail_refused(tree, &expression, error);
    start = clause_end(tree, 0, PG_QUERY__TOKEN__WHERE, PG_QUERY__TOKEN__WHERE) + 1;
    mapping->where = g_new0(SqlPair, 1);
    mapping->where->expression = tree_fold(
        tree, start, clause_end(tree, start, PG_QUERY__TOKEN__GROUP_P, PG_QUERY__TOKEN__GROUP_P));
    mapping->where->sources = g_steal_pointer(&sources);
    mapping->where->place = tree_place(tree, tree_token(tree, start)->start);
    mapping->where->place.file = g_strdup(mapping->where->place.file);
    return true;
}

static bool
mapping_add_group(SqlMapping *mapping, const SqlTree *tree, const PgQuery__SelectStmt *select,
                  GError **error)
{
    if (select->n_group_clause == 0)
        return true;
    mapping->group = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < select->n_group_clause; i++) {
        const char *column = tree_bare_column(select->group_clause[i]);

        if (column == NULL) {
            error_set_at(
                error, ERROR_SQL,
                tree_place(tree, tree_token(tree, clause_end(tree, 0, PG_QUERY__TOKEN__GROUP_P,
                                                             PG_QUERY__TOKEN__GROUP_P))
                                     ->start),
                "a mapping groups by bare columns");
            return error_hint(error, "Name the columns that tell the row of the other table.");
        }
        g_ptr_array_add(mapping->group, g_strdup(column));
    }
    return true;
}

static SqlMapping *
parse(const char *text, Place origin, bool is_query, GError **error)
{
    g_autoptr(SqlTree) tree = tree_parse(text, origin, error);
    g_autoptr(SqlMapping) mapping = mapping_new();
    const PgQuery__SelectStmt *select;

    if (tree == NULL)
        return NULL;
    select = mapping_select(tree, is_query, error);
    if (select == NULL)
        return NULL;
    for (size_t i = 0; i < select->n_target_list; i++) {
        const Kind kind = {is_query, select->n_group_clause > 0};

        if (!mapping_add(mapping, tree, select, i, kind, error))
            return NULL;
    }
    if (!mapping_add_where(mapping, tree, select, error) ||
        !mapping_add_group(mapping, tree, select, error))
        return NULL;
    return g_steal_pointer(&mapping);
}

SqlMapping *
sql_mapping_parse(const char *text, Place origin, GError **error)
{
    return parse(text, origin, false, error);
}

SqlMapping *
sql_mapping_parse_query(const char *text, Place origin, GError **error)
{
    return parse(text, origin, true, error);
}

static bool
gather_columns(ProtobufCMessage *message, void *data)
{
    PgQuery__ColumnRef *column = TREE_AS(message, ColumnRef, column_ref);

    if (column == NULL)
        return true;
    g_ptr_array_add(data, column);
    return false;
}

static int
compare_location(const void *a, const void *b)
{
    const PgQuery__ColumnRef *left = *(PgQuery__ColumnRef *const *) a;
    const PgQuery__ColumnRef *right = *(PgQuery__ColumnRef *const *) b;

    return left->location - right->location;
}

/* The columns are replaced in the text, not in the tree: what the author wrote stays as it is, and
 * NEW stays unquoted. */
char *
sql_pair_qualify(const SqlPair *pair, const char *qualifier, GHashTable *replace)
{
    static const char prefix[] = "SELECT ";
    g_autofree char *text = g_strconcat(prefix, pair->expression, NULL);
    g_autoptr(SqlTree) tree = tree_parse(text, (Place){0}, NULL);
    g_autoptr(GPtrArray) columns = g_ptr_array_new();
    g_autoptr(GString) qualified = g_string_new(NULL);
    int done = sizeof prefix - 1;

    g_assert(tree != NULL); /* it was parsed before */
    TREE_WALK(tree->result, gather_columns, columns);
    g_ptr_array_sort(columns, compare_location);
    for (guint i = 0; i < columns->len; i++) {
        const PgQuery__ColumnRef *column = columns->pdata[i];
        const SqlToken *token = tree_token(tree, tree_token_at(tree, column->location));
        const char *other =
            replace ? g_hash_table_lookup(replace, tree_string(column->fields[0])) : NULL;

        g_string_append_len(qualified, text + done, token->start - done);
        if (other != NULL)
            g_string_append(qualified, other);
        else
            g_string_append_printf(qualified, "%s%s%.*s", qualifier ? qualifier : "",
                                   qualifier ? "." : "", token->end - token->start,
                                   text + token->start);
        done = token->end;
    }
    g_string_append(qualified, text + done);
    return g_string_free(g_steal_pointer(&qualified), FALSE);
}

static const char *
renamed(GHashTable *names, const char *column)
{
    const char *other = g_hash_table_lookup(names, column);

    return other ? other : column;
}

/* name -> its new name as SQL. */
static GHashTable *
quoted_names(GHashTable *names)
{
    GHashTable *quoted = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    GHashTableIter at;
    gpointer from, to;

    g_hash_table_iter_init(&at, names);
    while (g_hash_table_iter_next(&at, &from, &to))
        g_hash_table_insert(quoted, from, tree_quote(to));
    return quoted;
}

SqlMapping *
sql_mapping_rename(const SqlMapping *mapping, GHashTable *names)
{
    g_autoptr(GHashTable) quoted = quoted_names(names);
    SqlMapping *other = mapping_new();

    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = mapping->pairs->pdata[i];
        SqlPair *copy = g_new0(SqlPair, 1);

        copy->column = g_strdup(renamed(names, pair->column));
        copy->expression = sql_pair_qualify(pair, NULL, quoted);
        copy->sources = g_ptr_array_new_with_free_func(g_free);
        for (guint s = 0; s < pair->sources->len; s++)
            g_ptr_array_add(copy->sources, g_strdup(renamed(names, pair->sources->pdata[s])));
        copy->is_column = pair->is_column;
        copy->is_total = pair->is_total;
        copy->place = pair->place;
        copy->place.file = g_strdup(pair->place.file);
        g_ptr_array_add(other->pairs, copy);
    }
    return other;
}

SqlMapping *
sql_mapping_reverse(const SqlMapping *mapping)
{
    g_autoptr(SqlMapping) reverse = mapping_new();
    g_autoptr(GHashTable) targets = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = mapping->pairs->pdata[i];
        SqlPair *back;

        if (!pair->is_column || !g_hash_table_add(targets, pair->sources->pdata[0]))
            return NULL;
        back = g_new0(SqlPair, 1);
        back->column = g_strdup(pair->sources->pdata[0]);
        back->expression = tree_quote(pair->column);
        back->sources = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(back->sources, g_strdup(pair->column));
        back->is_column = true;
        back->is_total = true;
        back->place = pair->place;
        back->place.file = g_strdup(pair->place.file);
        g_ptr_array_add(reverse->pairs, back);
    }
    return g_steal_pointer(&reverse);
}
