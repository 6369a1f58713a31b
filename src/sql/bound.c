#include "sql/bound.h"

#include <string.h>

#include "sql/driving.h"
#include "sql/finished.h"
#include "sql/script.h"
#include "sql/tree.h"

/* One statement of a backfill section, taken apart: nodes of the tree, and where its clauses stand
 * among the tokens. */
typedef struct {
    const SqlTree *tree;
    BackfillKind kind;
    const PgQuery__RangeVar *relation;
    Assignments set; /* UPDATE */
    PgQuery__Node *where;
    PgQuery__Node *const *from_items;
    size_t n_from_items;
    const PgQuery__InsertStmt *insert;
    guint from, where_at, end; /* tokens: FROM or USING, WHERE, the end of both; end if absent */
    const SqlRemark *remarks[REMARK_N]; /* NULL: none */
} Parts;

/* The author's own condition, or NULL. */
static const char *
finished_when_of(const Parts *parts)
{
    const SqlRemark *remark = parts->remarks[REMARK_FINISHED_WHEN];

    return remark != NULL ? remark->text : NULL;
}

static bool
refuse(const SqlTree *tree, int offset, GError **error, const char *what)
{
    error_set_at(error, ERROR_SQL, tree_place(tree, offset), "%s", what);
    error_hint(error,
               "A backfill is a plain UPDATE, DELETE or INSERT .. SELECT, as one would run it on a "
               "laptop; sluice cuts it into parts.");
    return false;
}

static int
start_of(const SqlTree *tree, guint token)
{
    return tree_token(tree, MIN(token, tree_token_count(tree) - 1))->start;
}

static bool
take_update(Parts *parts, const PgQuery__UpdateStmt *update, GError **error)
{
    const SqlTree *tree = parts->tree;

    parts->kind = BACKFILL_UPDATE;
    parts->relation = update->relation;
    parts->set.targets = update->target_list;
    parts->set.n_targets = update->n_target_list;
    parts->where = update->where_clause;
    parts->from_items = update->from_clause;
    parts->n_from_items = update->n_from_clause;
    if (update->with_clause != NULL)
        return refuse(tree, update->with_clause->location, error,
                      "a backfill with a WITH clause cannot be cut into parts");
    if (update->n_returning_list > 0)
        return refuse(tree, update->relation->location, error,
                      "a backfill cannot have RETURNING: nobody reads it");
    for (size_t i = 0; i < update->n_target_list; i++) {
        const PgQuery__ResTarget *target = update->target_list[i]->res_target;

        if (target->val->node_case == PG_QUERY__NODE__NODE_MULTI_ASSIGN_REF)
            return refuse(tree, target->location, error,
                          "a backfill sets its columns one by one, not as (a, b) = ..");
    }
    return true;
}

static bool
take_delete(Parts *parts, const PgQuery__DeleteStmt *delete, GError **error)
{
    const SqlTree *tree = parts->tree;

    parts->kind = BACKFILL_DELETE;
    parts->relation = delete->relation;
    parts->where = delete->where_clause;
    parts->from_items = delete->using_clause;
    parts->n_from_items = delete->n_using_clause;
    if (delete->with_clause != NULL)
        return refuse(tree, delete->with_clause->location, error,
                      "a backfill with a WITH clause cannot be cut into parts");
    if (delete->n_returning_list > 0)
        return refuse(tree, delete->relation->location, error,
                      "a backfill cannot have RETURNING: nobody reads it");
    if (delete->where_clause == NULL) {
        error_set_at(error, ERROR_SQL, tree_place(tree, delete->relation->location),
                     "this DELETE empties the table");
        error_hint(error, "Say which rows with a WHERE; `WHERE true` if all are meant.");
        return false;
    }
    return true;
}

static bool
check_conflict(const SqlTree *tree, const PgQuery__InsertStmt *insert, GError **error)
{
    const PgQuery__OnConflictClause *conflict = insert->on_conflict_clause;

    if (conflict != NULL && conflict->action == PG_QUERY__ON_CONFLICT_ACTION__ONCONFLICT_NOTHING)
        return true;
    error_set_at(error, ERROR_SQL,
                 tree_place(tree, conflict ? conflict->location : insert->relation->location),
                 conflict ? "a backfill cannot DO UPDATE: it would overwrite what apps wrote"
                          : "the INSERT does not say ON CONFLICT DO NOTHING");
    return error_hint(error, "End it with `ON CONFLICT (<key>) DO NOTHING`: a row that is there is "
                             "done.");
}

static bool
take_insert(Parts *parts, const PgQuery__InsertStmt *insert, GError **error)
{
    const SqlTree *tree = parts->tree;
    const PgQuery__SelectStmt *select =
        insert->select_stmt != NULL ? insert->select_stmt->select_stmt : NULL;
    g_autofree char *message = NULL;
    const char *clause = NULL;

    parts->kind = BACKFILL_INSERT;
    parts->insert = insert;
    parts->relation = insert->relation;
    if (insert->with_clause != NULL)
        return refuse(tree, insert->with_clause->location, error,
                      "a backfill with a WITH clause cannot be cut into parts");
    if (insert->n_returning_list > 0)
        return refuse(tree, insert->relation->location, error,
                      "a backfill cannot have RETURNING: nobody reads it");
    clause = select != NULL ? whole_clause(select) : "DEFAULT VALUES";
    if (clause != NULL) {
        message = g_strdup_printf("an INSERT with %s cannot be cut into parts", clause);
        return refuse(tree, insert->relation->location, error, message);
    }
    if (insert->n_cols == 0)
        return refuse(tree, insert->relation->location, error,
                      "the INSERT does not name the columns that it fills");
    parts->where = select->where_clause;
    parts->from_items = select->from_clause;
    parts->n_from_items = select->n_from_clause;
    return check_conflict(tree, insert, error);
}

/* The first @wanted in [from,end) outside of parentheses; end if there is none. */
static guint
find_token(const SqlTree *tree, guint from, guint end, PgQuery__Token wanted)
{
    int depth = 0;

    for (guint i = from; i < end; i++) {
        const PgQuery__Token token = tree_token(tree, i)->token;

        if (token == PG_QUERY__TOKEN__ASCII_40)
            depth++;
        else if (token == PG_QUERY__TOKEN__ASCII_41)
            depth--;
        else if (token == wanted && depth == 0 &&
                 (i == 0 || tree_token(tree, i - 1)->token != PG_QUERY__TOKEN__DISTINCT))
            return i;
    }
    return end;
}

static void
find_clauses(Parts *parts)
{
    const SqlTree *tree = parts->tree;

    parts->end = tree_token_count(tree);
    while (tree_token(tree, parts->end - 1)->token == PG_QUERY__TOKEN__ASCII_59)
        parts->end--;
    if (parts->kind == BACKFILL_INSERT)
        parts->end = tree_token_at(tree, parts->insert->on_conflict_clause->location);
    parts->where_at = find_token(tree, 0, parts->end, PG_QUERY__TOKEN__WHERE);
    parts->from = parts->where_at;
    if (parts->n_from_items > 0)
        parts->from = find_token(tree, 0, parts->where_at,
                                 parts->kind == BACKFILL_DELETE ? PG_QUERY__TOKEN__USING
                                                                : PG_QUERY__TOKEN__FROM);
}

static bool
parts_of(Parts *parts, GError **error)
{
    const SqlTree *tree = parts->tree;
    const PgQuery__Node *node = tree->result->stmts[0]->stmt;
    bool taken = false;

    if (node->node_case == PG_QUERY__NODE__NODE_UPDATE_STMT)
        taken = take_update(parts, node->update_stmt, error);
    else if (node->node_case == PG_QUERY__NODE__NODE_DELETE_STMT)
        taken = take_delete(parts, node->delete_stmt, error);
    else if (node->node_case == PG_QUERY__NODE__NODE_INSERT_STMT)
        taken = take_insert(parts, node->insert_stmt, error);
    else
        return refuse(tree, start_of(tree, 0), error,
                      "a backfill is an UPDATE, a DELETE or an INSERT .. SELECT");
    if (!taken)
        return false;
    if (!parts->relation->inh)
        return refuse(tree, parts->relation->location, error,
                      "a backfill cannot say ONLY: it runs on each partition by itself");
    if (parts->where != NULL && parts->where->node_case == PG_QUERY__NODE__NODE_CURRENT_OF_EXPR)
        return refuse(tree, parts->relation->location, error,
                      "a backfill cannot use WHERE CURRENT OF");
    find_clauses(parts);
    return true;
}

typedef struct {
    const char *table;
    int count;
} Mentions;

static bool
visit_relation(ProtobufCMessage *message, void *data)
{
    const PgQuery__RangeVar *relation = TREE_AS(message, RangeVar, range_var);
    Mentions *mentions = data;

    mentions->count += relation != NULL && g_str_equal(relation->relname, mentions->table);
    return true;
}

static char *
assigned_text(const Parts *parts, size_t index)
{
    const guint first = tree_token_at(parts->tree, parts->set.targets[index]->res_target->location);
    guint end = parts->from;

    if (index + 1 < parts->set.n_targets)
        end = tree_token_at(parts->tree, parts->set.targets[index + 1]->res_target->location) - 1;
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
    const PgQuery__ResTarget *target = parts->set.targets[0]->res_target;
    const char *join = parts->where != NULL ? "AND" : "WHERE";
    g_autofree char *name = tree_quote(target->name);
    g_autofree char *alias = tree_quote(parts->set.alias);
    g_autofree char *column =
        parts->n_from_items > 0 ? g_strdup_printf("%s.%s", alias, name) : g_strdup(name);
    g_autofree char *expression = assigned_text(parts, 0);

    error_set_at(
        error, ERROR_SQL,
        tree_place(parts->tree, start_of(parts->tree, parts->where != NULL ? parts->where_at : 0)),
        parts->where != NULL
            ? "the WHERE does not exclude the rows that are done, so that the backfill "
              "would never end"
            : "the backfill has no WHERE that excludes the rows that are done");
    if (target->n_indirection == 0 && finished_is_never_null(target->val))
        return error_hint(error,
                          "Add `%s %s IS NULL`, or a line `-- sluice: finished when "
                          "<condition>`.",
                          join, column);
    if (target->n_indirection > 0 || finished_is_moved(&parts->set, target->val))
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

/* An INSERT knows what is done by its key: it must name it, and fill it. */
static bool
check_key(const SqlTree *tree, const PgQuery__InsertStmt *insert, GError **error)
{
    const PgQuery__OnConflictClause *conflict = insert->on_conflict_clause;
    const PgQuery__InferClause *infer = conflict->infer;
    bool is_named = infer != NULL && infer->n_index_elems > 0 && infer->where_clause == NULL;

    for (size_t i = 0; is_named && i < infer->n_index_elems; i++) {
        const char *name = infer->index_elems[i]->index_elem->name;
        bool is_filled = false;

        for (size_t k = 0; k < insert->n_cols; k++)
            is_filled |= g_str_equal(insert->cols[k]->res_target->name, name);
        if (name[0] && !is_filled)
            return refuse(tree, conflict->location, error,
                          "the INSERT does not fill the key that its ON CONFLICT names");
        is_named = name[0] != '\0';
    }
    if (is_named)
        return true;
    error_set_at(error, ERROR_SQL, tree_place(tree, conflict->location),
                 "the ON CONFLICT does not tell which rows are done");
    return error_hint(error, "Name the columns of a unique key, `ON CONFLICT (<key>) DO NOTHING`, "
                             "or add a line `-- sluice: finished when <condition>`.");
}

static bool
check_excluding(Parts *parts, GError **error)
{
    Mentions mentions = {parts->relation->relname, 0};

    if (finished_when_of(parts) != NULL)
        return check_finished_when(finished_when_of(parts),
                                   parts->remarks[REMARK_FINISHED_WHEN]->place, error);
    if (parts->kind == BACKFILL_INSERT)
        return check_key(parts->tree, parts->insert, error);
    if (parts->kind == BACKFILL_DELETE)
        return true;
    tree_walk(&parts->tree->result->base, visit_relation, &mentions);
    parts->set.self_joined = mentions.count > 1;
    if (parts->where != NULL && finished_is_excluded(&parts->set, parts->where))
        return true;
    return refuse_where(parts, error);
}

static void
source_of(const PgQuery__RangeVar *relation, SqlSource *ret_source)
{
    ret_source->schema = relation->schemaname[0] ? g_strdup(relation->schemaname) : NULL;
    ret_source->table = g_strdup(relation->relname);
    ret_source->alias = tree_quote(relation_alias(relation));
}

static char *
where_text(const Parts *parts)
{
    g_autofree char *written = NULL;

    if (parts->where_at < parts->end)
        written = tree_fold(parts->tree, parts->where_at + 1, parts->end);
    if (finished_when_of(parts) != NULL && written != NULL)
        return g_strdup_printf("(%s) AND (%s) IS NOT TRUE", written, finished_when_of(parts));
    if (finished_when_of(parts) != NULL)
        return g_strdup_printf("(%s) IS NOT TRUE", finished_when_of(parts));
    return written != NULL ? g_steal_pointer(&written) : g_strdup("true");
}

/* Splits the FROM list at the driving table's name: what may come in its place is `ONLY leaf`, so
 * one without an alias gets its name as one. */
static void
split_from(const Parts *parts, const PgQuery__RangeVar *driving, SqlBackfill *backfill)
{
    const SqlTree *tree = parts->tree;
    g_autofree char *rest = NULL;
    guint name = 0, behind = 0;

    if (parts->from == parts->where_at)
        return;
    if (driving == parts->relation) {
        backfill->from = tree_fold(tree, parts->from + 1, parts->where_at);
        return;
    }
    name = tree_token_at(tree, driving->location);
    behind = driving_name_end(tree, name, parts->where_at);
    rest = tree_fold(tree, behind, parts->where_at);
    backfill->from = tree_fold(tree, parts->from + 1, name);
    backfill->from_rest = driving->alias != NULL
                              ? g_steal_pointer(&rest)
                              : g_strdup_printf("AS %s %s", backfill->driving.alias, rest);
    g_strchomp(backfill->from_rest);
}

static void
take_columns(const Parts *parts, SqlBackfill *backfill)
{
    const PgQuery__InsertStmt *insert = parts->insert;
    const PgQuery__InferClause *infer = insert ? insert->on_conflict_clause->infer : NULL;

    backfill->columns = g_ptr_array_new_with_free_func(g_free);
    backfill->key = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < parts->set.n_targets; i++)
        g_ptr_array_add(backfill->columns, g_strdup(parts->set.targets[i]->res_target->name));
    for (size_t i = 0; insert != NULL && i < insert->n_cols; i++)
        g_ptr_array_add(backfill->columns, g_strdup(insert->cols[i]->res_target->name));
    for (size_t i = 0; infer != NULL && i < infer->n_index_elems; i++)
        if (infer->index_elems[i]->index_elem->name[0])
            g_ptr_array_add(backfill->key, g_strdup(infer->index_elems[i]->index_elem->name));
}

static SqlBackfill *
backfill_new(const Parts *parts, const PgQuery__RangeVar *driving)
{
    const SqlTree *tree = parts->tree;
    SqlBackfill *backfill = g_new0(SqlBackfill, 1);

    backfill->kind = parts->kind;
    source_of(parts->relation, &backfill->target);
    source_of(driving, &backfill->driving);
    backfill->drives_target = driving == parts->relation;
    take_columns(parts, backfill);
    if (parts->kind == BACKFILL_UPDATE)
        backfill->set = tree_fold(
            tree, tree_token_at(tree, parts->set.targets[0]->res_target->location), parts->from);
    if (parts->kind == BACKFILL_INSERT)
        backfill->select = tree_fold(
            tree, find_token(tree, 0, parts->from, PG_QUERY__TOKEN__SELECT) + 1, parts->from);
    split_from(parts, driving, backfill);
    backfill->where = where_text(parts);
    backfill->finished_by_key = parts->insert != NULL && finished_when_of(parts) == NULL;
    return backfill;
}

/* The statement's own remarks: those between the one before it and its own end. */
static bool
take_remarks(Parts *parts, const GPtrArray *remarks, int first_line, int last_line, GError **error)
{
    static const char *const names[REMARK_N] = {"finished when", "driving table", "walk"};

    for (guint i = 0; remarks != NULL && i < remarks->len; i++) {
        const SqlRemark *remark = remarks->pdata[i];

        if (remark->place.line < first_line || remark->place.line > last_line)
            continue;
        if (parts->remarks[remark->kind] != NULL)
            return error_set_at(error, ERROR_SQL, remark->place, "a second '%s' of one statement",
                                names[remark->kind]);
        parts->remarks[remark->kind] = remark;
    }
    return true;
}

static bool
take_walk(const Parts *parts, SqlBackfill *backfill, GError **error)
{
    const SqlRemark *remark = parts->remarks[REMARK_WALK];
    g_auto(GStrv) words = remark ? g_strsplit_set(remark->text, " \t", 2) : NULL;

    if (remark == NULL)
        return true;
    if (g_str_equal(words[0], "pages") && words[1] == NULL) {
        backfill->walk = WALK_PAGES;
        return true;
    }
    if (g_str_equal(words[0], "key")) {
        backfill->walk = WALK_KEY;
        backfill->walk_index = words[1] ? g_strdup(g_strstrip(words[1])) : NULL;
        return true;
    }
    error_set_at(error, ERROR_SQL, remark->place, "'walk %s' is not known", remark->text);
    return error_hint(error, "Write `walk pages`, `walk key`, or `walk key <index>`.");
}

static const PgQuery__RangeVar *
choose_driving(const Parts *parts, GError **error)
{
    const SqlRemark *remark = parts->remarks[REMARK_DRIVING_TABLE];
    const DrivingChoice choice = {
        .tree = parts->tree,
        .target = parts->kind == BACKFILL_INSERT ? NULL : parts->relation,
        .items = parts->from_items,
        .n_items = parts->n_from_items,
        .named = remark != NULL ? remark->text : NULL,
        .named_place = remark != NULL ? remark->place : (Place){0},
    };

    return driving_choose(&choice, error);
}

static SqlBackfill *
parse_one(const SqlStatement *statement, const GPtrArray *remarks, int first_line, int last_line,
          GError **error)
{
    const Place place = sql_statement_place(statement);
    g_autoptr(SqlTree) tree = tree_parse(sql_statement_text(statement), place, error);
    g_autoptr(SqlBackfill) backfill = NULL;
    const PgQuery__RangeVar *driving = NULL;
    Parts parts = {.tree = tree};

    if (tree == NULL || !take_remarks(&parts, remarks, first_line, last_line, error) ||
        !parts_of(&parts, error))
        return NULL;
    parts.set.alias = relation_alias(parts.relation);
    if (!check_excluding(&parts, error))
        return NULL;
    driving = choose_driving(&parts, error);
    if (driving == NULL)
        return NULL;
    backfill = backfill_new(&parts, driving);
    return take_walk(&parts, backfill, error) ? g_steal_pointer(&backfill) : NULL;
}

static int
last_line_of(const SqlStatement *statement)
{
    int line = sql_statement_place(statement).line;

    for (const char *c = sql_statement_text(statement); *c; c++)
        line += *c == '\n';
    return line;
}

GPtrArray *
sql_backfills_parse(const char *text, Place origin, const GPtrArray *remarks, GError **error)
{
    g_autoptr(SqlScript) script = sql_parse(text, origin, error);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify) sql_backfill_free);
    int first_line = 0;

    if (script == NULL)
        return NULL;
    if (sql_script_count(script) == 0) {
        error_set_at(error, ERROR_SQL, origin, "the backfill holds no statement");
        error_hint(error, "Write the UPDATE, DELETE or INSERT .. SELECT that one would run on a "
                          "laptop, or leave the section out.");
        return NULL;
    }
    for (guint i = 0; i < sql_script_count(script); i++) {
        const SqlStatement *statement = sql_script_get(script, i);
        const bool is_last = i + 1 == sql_script_count(script);
        const int last_line = is_last ? G_MAXINT : last_line_of(statement);
        SqlBackfill *backfill = parse_one(statement, remarks, first_line, last_line, error);

        if (backfill == NULL)
            return NULL;
        g_ptr_array_add(list, backfill);
        first_line = last_line_of(statement) + 1;
    }
    return g_steal_pointer(&list);
}

static void
source_clear(SqlSource *source)
{
    g_free(source->schema);
    g_free(source->table);
    g_free(source->alias);
}

void
sql_backfill_free(SqlBackfill *backfill)
{
    if (backfill == NULL)
        return;
    source_clear(&backfill->target);
    source_clear(&backfill->driving);
    g_free(backfill->set);
    g_free(backfill->select);
    g_free(backfill->from);
    g_free(backfill->from_rest);
    g_free(backfill->where);
    g_free(backfill->walk_index);
    g_ptr_array_unref(backfill->columns);
    g_ptr_array_unref(backfill->key);
    g_free(backfill);
}

void
sql_remark_free(SqlRemark *remark)
{
    g_free(remark->text);
    g_free(remark);
}
