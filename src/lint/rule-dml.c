/* Rows: statements that touch as many as there are, and what they cost beside others. */
#include <string.h>

#include "lint/recipe-steps.h"

enum { FEW_ROWS = 10000 };

/* sluice bounds what stands there. */
static bool
is_bounded_by_sluice(const LintContext *context)
{
    return facts_in_section(context, SECTION_BACKFILL);
}

static bool
is_small(const LintContext *context, DdlName relation)
{
    const ModelTable *table = model_table(context->model, relation);

    return table != NULL && table->rows >= 0 && table->rows < FEW_ROWS;
}

typedef struct {
    const ModelTable *table; /* NULL: not known */
    bool found, is_below, is_above;
} BoundSearch;

static bool
is_constant(const PgQuery__Node *node)
{
    if (node == NULL)
        return false;
    if (node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        return is_constant(node->type_cast->arg);
    return node->node_case == PG_QUERY__NODE__NODE_A_CONST ||
           node->node_case == PG_QUERY__NODE__NODE_PARAM_REF;
}

/* Does a value of the column stand for one row? */
static bool
is_key(const ModelTable *table, const PgQuery__Node *node)
{
    static const char *const usual[] = {"id", "uuid", "ctid", NULL};
    const char *column = tree_bare_column(node);

    if (column == NULL)
        return false;
    for (guint i = 0; table && i < table->indexes->len; i++) {
        const ModelIndex *index = table->indexes->pdata[i];
        if (index->unique && index->columns->len == 1 &&
            g_strcmp0(index->columns->pdata[0], column) == 0)
            return true;
    }
    return g_strv_contains(usual, column);
}

/* Forms that pick rows one by one, or a range of them that has two ends. */
static void
look_for_bound(BoundSearch *search, const PgQuery__AExpr *expression)
{
    const char *op = expression->n_name > 0 ? tree_string(expression->name[0]) : "";

    switch ((int) expression->kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
        search->found = true;
        break;
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN: /* a list is written out */
        search->found = search->found || is_key(search->table, expression->lexpr);
        break;
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
        /* Whoever compares ctid goes from page to page. */
        if (!is_constant(expression->rexpr) &&
            g_strcmp0(tree_bare_column(expression->lexpr), "ctid") != 0)
            break;
        search->is_below = search->is_below || (op[0] == '<' && op[1] != '>');
        search->is_above = search->is_above || op[0] == '>';
        search->found = search->found || (search->is_below && search->is_above) ||
                        (g_str_equal(op, "=") && is_key(search->table, expression->lexpr));
        break;
    default:
        break;
    }
}

static bool
find_bound(ProtobufCMessage *message, void *data)
{
    BoundSearch *search = data;
    const PgQuery__AExpr *expression = TREE_AS(message, AExpr, a__expr);
    const PgQuery__BoolExpr *boolean = TREE_AS(message, BoolExpr, bool_expr);
    const PgQuery__SelectStmt *select = TREE_AS(message, SelectStmt, select_stmt);

    if (boolean != NULL && boolean->boolop != PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR)
        return false; /* OR and NOT bound nothing */
    if (expression != NULL)
        look_for_bound(search, expression);
    if (select != NULL && select->limit_count != NULL)
        search->found = true;
    return !search->found;
}

static bool
is_bounded(const LintContext *context, const DdlChange *change)
{
    BoundSearch search = {.table = model_table(context->model, change->relation)};

    if (context->unit->repeated)
        return false; /* its parts add up to one transaction */
    TREE_WALK(context->statement->node, find_bound, &search);
    return search.found;
}

static void
backfill_in_ddl(const LintContext *context, const DdlChange *change)
{
    const SessionLock *held = facts_held(context, LOCK_SHARE_ROW_EXCLUSIVE);
    g_autofree char *label = NULL;

    if (held == NULL || !facts_is_bulk(change) || is_bounded_by_sluice(context) ||
        (change->kind != CHANGE_INSERT && change->where != NULL && is_bounded(context, change)))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "%s touches the rows of %s while the transaction holds %s on %s: that lock lasts "
                "as long as the rows take",
                ddl_change_verb(change), label, lock_mode_name(held->mode), held->name);
    lint_add_relation(context, held->name, held->mode);
    lint_add_locks(context);
    if (change->where != NULL)
        lint_possible(context, "how many rows it touches");
    recipe_in_parts(context, change);
}

const LintRule lint_rule_backfill_in_ddl_transaction = {
    .id = "backfill-in-ddl-transaction",
    .level = LINT_WARNING,
    .title = "rows are changed while DDL of the same transaction holds its locks",
    .at_change = backfill_in_ddl,
    .kinds = LINT_KINDS(CHANGE_INSERT, CHANGE_UPDATE, CHANGE_DELETE, CHANGE_MERGE),
};

static bool
adds_the_column(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
                const DdlChange *change, const void *data)
{
    const DdlChange *update = data;

    if (change->kind != CHANGE_ADD_COLUMN || change->in_definition ||
        !facts_same(context, change->relation, update->relation))
        return false;
    for (guint i = 0; update->names && i < update->names->len; i++)
        if (g_strcmp0(update->names->pdata[i], change->column) == 0)
            return true;
    return false;
}

static bool
is_filling(const LintContext *context, const DdlChange *change)
{
    return change->kind == CHANGE_UPDATE &&
           facts_before(context, false, CHANGE_ADD_COLUMN, adds_the_column, change) != NULL;
}

/* An INSERT takes no row from anybody. */
static bool
changes_rows(const DdlChange *change)
{
    return change->kind == CHANGE_UPDATE || change->kind == CHANGE_DELETE ||
           (change->kind == CHANGE_MERGE && facts_is_bulk(change));
}

static bool
is_about_rows(const LintContext *context, const DdlChange *change)
{
    return changes_rows(change) && !is_bounded_by_sluice(context) &&
           !facts_is_new(context, change->relation) && !facts_is_bookkeeping(change->relation) &&
           !is_small(context, change->relation);
}

static void
bulk_default(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL;

    if (!is_about_rows(context, change) || !is_filling(context, change) ||
        is_bounded(context, change))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "one UPDATE fills the new column of every row of %s: all rows stay locked until it "
                "ends, and the table grows to twice its size",
                label);
    if (!model_is_complete(context->model))
        lint_possible(context, "how many rows %s has (--seed, --from-database)", label);
    recipe_in_parts(context, change);
}

const LintRule lint_rule_bulk_default_backfill = {
    .id = "bulk-default-backfill",
    .level = LINT_WARNING,
    .title = "one UPDATE fills a new column of all rows",
    .at_change = bulk_default,
    .kinds = LINT_KINDS(CHANGE_UPDATE),
};

static void
unbatched(const LintContext *context, const DdlChange *change)
{
    const bool is_whole = change->where == NULL && change->kind != CHANGE_MERGE;
    g_autofree char *label = NULL;

    if (!is_about_rows(context, change) || is_filling(context, change) ||
        (!is_whole && is_bounded(context, change)))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                is_whole
                    ? "%s touches every row of %s in one transaction: they stay locked until it "
                      "ends"
                    : "%s may touch any number of rows of %s in one transaction: they stay locked "
                      "until it ends",
                ddl_change_verb(change), label);
    if (!is_whole || model_table(context->model, change->relation) == NULL ||
        model_table(context->model, change->relation)->rows < 0)
        lint_possible(context, "how many rows it touches");
    recipe_in_parts(context, change);
}

const LintRule lint_rule_unbatched_dml = {
    .id = "unbatched-dml",
    .level = LINT_WARNING,
    .title = "UPDATE or DELETE without a bound",
    .at_change = unbatched,
    .kinds = LINT_KINDS(CHANGE_UPDATE, CHANGE_DELETE, CHANGE_MERGE),
};

/* "a[1] = .., a[2] = .." is no double. */
static const char *
first_double(PgQuery__Node *const *targets, size_t count)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < count; i++) {
        const PgQuery__ResTarget *target = targets[i]->res_target;

        if (targets[i]->node_case != PG_QUERY__NODE__NODE_RES_TARGET || target->n_indirection > 0 ||
            target->name == NULL || target->name[0] == '\0')
            continue;
        if (!g_hash_table_add(seen, target->name))
            return target->name;
    }
    return NULL;
}

static const char *
double_column(const LintContext *context)
{
    const PgQuery__Node *node = context->statement->node;
    const DdlChange *first;
    g_autoptr(GHashTable) seen = NULL;

    if (node->node_case == PG_QUERY__NODE__NODE_UPDATE_STMT)
        return first_double(node->update_stmt->target_list, node->update_stmt->n_target_list);
    if (node->node_case == PG_QUERY__NODE__NODE_INSERT_STMT)
        return first_double(node->insert_stmt->cols, node->insert_stmt->n_cols);
    first = ddl_changes_count(context->changes) > 0 ? ddl_changes_get(context->changes, 0) : NULL;
    if (first == NULL || first->kind != CHANGE_CREATE_TABLE || first->columns == NULL)
        return NULL;
    seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < first->columns->len; i++) {
        const DdlColumn *column = first->columns->pdata[i];
        if (!g_hash_table_add(seen, (gpointer) (guintptr) column->name))
            return column->name;
    }
    return NULL;
}

static void
duplicate_column(const LintContext *context)
{
    const char *column = double_column(context);

    if (column != NULL)
        lint_report(context, NULL, "column %s is given twice: the server refuses it", column);
}

const LintRule lint_rule_duplicate_column_assignment = {
    .id = "duplicate-column-assignment",
    .level = LINT_ERROR,
    .title = "a column is given twice",
    .at_statement = duplicate_column,
};

static bool
analyzes_later(const LintContext *context, DdlName relation, guint from)
{
    const GPtrArray *statements = session_statements(context->session);

    for (guint i = from + 1; i < statements->len; i++) {
        const DdlChanges *changes =
            ((const SessionStatement *) statements->pdata[i])->unit->changes;

        for (guint k = 0; changes && k < ddl_changes_count(changes); k++) {
            const DdlChange *change = ddl_changes_get(changes, k);
            if (change->kind == CHANGE_ANALYZE &&
                (change->relation.name == NULL || facts_same(context, change->relation, relation)))
                return true;
        }
    }
    return false;
}

/* Does it change all rows of a table that was there before? */
static const DdlChange *
changes_all(const LintContext *context, const LintUnit *unit)
{
    for (guint i = 0; unit->changes && i < ddl_changes_count(unit->changes); i++) {
        const DdlChange *change = ddl_changes_get(unit->changes, i);

        if (change->kind == CHANGE_UPDATE && change->where == NULL &&
            unit->section != SECTION_BACKFILL && !facts_is_new(context, change->relation))
            return change;
    }
    return NULL;
}

static void
analyze_after(const LintContext *context)
{
    const GPtrArray *statements = session_statements(context->session);

    for (guint i = 0; i < statements->len; i++) {
        const LintUnit *unit = ((const SessionStatement *) statements->pdata[i])->unit;
        const DdlChange *change = changes_all(context, unit);
        g_autofree char *label = NULL;

        if (change == NULL || analyzes_later(context, change->relation, i))
            continue;
        label = ddl_name_label(change->relation);
        lint_report_unit(context, unit,
                         "every row of %s is changed, and the planner's statistics are not made "
                         "anew",
                         label);
        lint_possible(context, "how soon autovacuum comes to %s", label);
        lint_recipe(context, "ANALYZE %s;", label);
    }
}

const LintRule lint_rule_analyze_after_index = {
    .id = "analyze-after-index",
    .level = LINT_NOTE,
    .title = "no ANALYZE after all rows were changed",
    .at_file_end = analyze_after,
};
