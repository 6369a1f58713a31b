#include "model/query.h"

#include <string.h>

#include "model/apply.h"
#include "sql/tree.h"

typedef struct {
    const char *alias;
    ModelTable *table;
} Source;

typedef struct {
    Model *model;
    ModelTable *view;
    GArray *sources; /* Source */
    GPtrArray *ctes; /* const PgQuery__CommonTableExpr * */
} Reading;

static const PgQuery__CommonTableExpr *
find_cte(const GPtrArray *ctes, const PgQuery__RangeVar *relation)
{
    if (relation->schemaname != NULL && relation->schemaname[0] != '\0')
        return NULL;
    for (guint i = 0; i < ctes->len; i++) {
        const PgQuery__CommonTableExpr *cte = g_ptr_array_index(ctes, i);
        if (strcmp(cte->ctename, relation->relname) == 0)
            return cte;
    }
    return NULL;
}

static DdlName
name_of(const PgQuery__RangeVar *relation)
{
    bool has_schema = relation->schemaname != NULL && relation->schemaname[0] != '\0';

    return (DdlName){has_schema ? relation->schemaname : NULL, relation->relname};
}

static bool
is_server_schema(DdlName name)
{
    return name.schema != NULL && (strcmp(name.schema, "pg_catalog") == 0 ||
                                   strcmp(name.schema, "information_schema") == 0);
}

static bool
collect_cte(ProtobufCMessage *message, void *data)
{
    GPtrArray *ctes = data;
    PgQuery__CommonTableExpr *cte = TREE_AS(message, CommonTableExpr, common_table_expr);

    if (cte != NULL)
        g_ptr_array_add(ctes, cte);
    return true;
}

static bool
collect_source(ProtobufCMessage *message, void *data)
{
    Reading *reading = data;
    PgQuery__RangeVar *relation = TREE_AS(message, RangeVar, range_var);
    Source source;

    if (relation == NULL || find_cte(reading->ctes, relation) != NULL ||
        is_server_schema(name_of(relation)))
        return true;
    source.table = model_require_table(reading->model, name_of(relation));
    source.alias = relation->alias != NULL ? relation->alias->aliasname : relation->relname;
    if (source.table == NULL)
        return true;
    g_array_append_val(reading->sources, source);
    model_add_read(reading->view, source.table, NULL);
    return true;
}

static void
read_all(Reading *reading, const Source *source)
{
    for (guint i = 0; i < source->table->columns->len; i++) {
        const ModelColumn *column = g_ptr_array_index(source->table->columns, i);
        model_add_read(reading->view, source->table, column->name);
    }
}

/* @alias NULL: not qualified; @column NULL: all of them. */
static void
read_column(Reading *reading, const char *alias, const char *column)
{
    for (guint i = 0; i < reading->sources->len; i++) {
        const Source *source = &g_array_index(reading->sources, Source, i);

        if (alias != NULL && strcmp(source->alias, alias) != 0)
            continue;
        if (column == NULL)
            read_all(reading, source);
        else if (model_find_column(source->table, column) != NULL ||
                 (!source->table->columns_known && (alias != NULL || reading->sources->len == 1)))
            model_add_read(reading->view, source->table, model_intern(reading->model, column));
    }
}

static bool
collect_column(ProtobufCMessage *message, void *data)
{
    Reading *reading = data;
    PgQuery__ColumnRef *ref = TREE_AS(message, ColumnRef, column_ref);
    PgQuery__JoinExpr *join = TREE_AS(message, JoinExpr, join_expr);

    if (ref != NULL && ref->n_fields > 0)
        read_column(reading, ref->n_fields > 1 ? tree_string(ref->fields[ref->n_fields - 2]) : NULL,
                    tree_string(ref->fields[ref->n_fields - 1]));
    for (size_t i = 0; join != NULL && i < join->n_using_clause; i++)
        read_column(reading, NULL, tree_string(join->using_clause[i]));
    return true;
}

void
model_read_query(Model *model, ModelTable *view, const PgQuery__Node *query)
{
    g_autoptr(GArray) sources = g_array_new(FALSE, FALSE, sizeof(Source));
    g_autoptr(GPtrArray) ctes = g_ptr_array_new();
    Reading reading = {model, view, sources, ctes};

    TREE_WALK((PgQuery__Node *) query, collect_cte, ctes);
    TREE_WALK((PgQuery__Node *) query, collect_source, &reading);
    TREE_WALK((PgQuery__Node *) query, collect_column, &reading);
}

static const char *
last_name(PgQuery__Node *const *names, size_t n_names)
{
    return n_names > 0 ? tree_string(names[n_names - 1]) : NULL;
}

static const char *
select_name(const PgQuery__SubLink *link)
{
    const PgQuery__SelectStmt *select;

    if (link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK)
        return "exists";
    if (link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK)
        return "array";
    if (link->sub_link_type != PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK || link->subselect == NULL ||
        link->subselect->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return NULL;
    select = link->subselect->select_stmt;
    if (select->n_target_list == 0)
        return NULL;
    if (select->target_list[0]->res_target->name[0] != '\0')
        return select->target_list[0]->res_target->name;
    return model_expression_name(select->target_list[0]->res_target->val);
}

/* The server's FigureColname, but for names of SQL's own functions that no index has. */
const char *
model_expression_name(const PgQuery__Node *node)
{
    const char *name;

    if (node == NULL)
        return NULL;
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return last_name(node->column_ref->fields, node->column_ref->n_fields);
    case PG_QUERY__NODE__NODE_A_INDIRECTION:
        name = last_name(node->a_indirection->indirection, node->a_indirection->n_indirection);
        return name != NULL ? name : model_expression_name(node->a_indirection->arg);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return last_name(node->func_call->funcname, node->func_call->n_funcname);
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        name = model_expression_name(node->type_cast->arg);
        return name != NULL ? name
                            : last_name(node->type_cast->type_name->names,
                                        node->type_cast->type_name->n_names);
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
        return model_expression_name(node->collate_clause->arg);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return "coalesce";
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
        return node->min_max_expr->op == PG_QUERY__MIN_MAX_OP__IS_GREATEST ? "greatest" : "least";
    case PG_QUERY__NODE__NODE_CASE_EXPR:
        name = model_expression_name(node->case_expr->defresult);
        return name != NULL ? name : "case";
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
        return "array";
    case PG_QUERY__NODE__NODE_ROW_EXPR:
        return "row";
    case PG_QUERY__NODE__NODE_SUB_LINK:
        return select_name(node->sub_link);
    case PG_QUERY__NODE__NODE_A_EXPR:
        return node->a_expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF ? "nullif" : NULL;
    default:
        return NULL;
    }
}

typedef struct {
    Model *model;
    GPtrArray *ctes;
    int depth; /* of queries within each other: a recursive CTE has no end */
} Output;

static GPtrArray *query_columns(Output *output, const PgQuery__Node *query);

static ModelColumn *
column_new(Model *model, const char *name, const ModelColumn *like)
{
    ModelColumn *column = g_new0(ModelColumn, 1);

    if (like != NULL) {
        column->type = like->type;
        column->parsed = like->parsed;
        column->collation = like->collation;
        column->is_row = like->is_row;
    }
    column->name = model_intern(model, name);
    column->is_local = true;
    column->default_known = KNOWN_YES;
    return column;
}

static void
rename_first(Model *model, GPtrArray *columns, PgQuery__Node *const *names, size_t n_names)
{
    for (size_t i = 0; i < n_names && i < columns->len; i++)
        ((ModelColumn *) g_ptr_array_index(columns, i))->name =
            model_intern(model, tree_string(names[i]));
}

static GPtrArray *
relation_columns(Output *output, const PgQuery__RangeVar *relation)
{
    const PgQuery__CommonTableExpr *cte = find_cte(output->ctes, relation);
    GPtrArray *columns;
    const ModelTable *table;

    if (cte != NULL) {
        columns = query_columns(output, cte->ctequery);
        rename_first(output->model, columns, cte->aliascolnames, cte->n_aliascolnames);
        return columns;
    }
    columns = g_ptr_array_new_with_free_func(g_free);
    table = model_find_table(output->model, name_of(relation));
    for (guint i = 0; table != NULL && i < table->columns->len; i++) {
        const ModelColumn *column = g_ptr_array_index(table->columns, i);
        g_ptr_array_add(columns, column_new(output->model, column->name, column));
    }
    return columns;
}

static bool
is_using(const PgQuery__JoinExpr *join, const char *name)
{
    for (size_t i = 0; i < join->n_using_clause; i++)
        if (g_strcmp0(tree_string(join->using_clause[i]), name) == 0)
            return true;
    return false;
}

static GPtrArray *from_columns(Output *output, const PgQuery__Node *item);

static void
move_columns(GPtrArray *to, const PgQuery__JoinExpr *join, GPtrArray *from, bool of_using)
{
    for (guint i = 0; i < from->len; i++) {
        ModelColumn *column = g_ptr_array_index(from, i);
        if (column != NULL && is_using(join, column->name) == of_using)
            g_ptr_array_add(to, g_memdup2(column, sizeof *column));
    }
}

static GPtrArray *
join_columns(Output *output, const PgQuery__JoinExpr *join)
{
    g_autoptr(GPtrArray) left = from_columns(output, join->larg);
    g_autoptr(GPtrArray) right = from_columns(output, join->rarg);
    GPtrArray *columns = g_ptr_array_new_with_free_func(g_free);

    move_columns(columns, join, left, true);
    move_columns(columns, join, left, false);
    move_columns(columns, join, right, false);
    return columns;
}

/* The columns that an item of a FROM list gives to `*`. */
static GPtrArray *
from_columns(Output *output, const PgQuery__Node *item)
{
    GPtrArray *columns;

    if (item->node_case == PG_QUERY__NODE__NODE_JOIN_EXPR)
        return join_columns(output, item->join_expr);
    if (item->node_case == PG_QUERY__NODE__NODE_RANGE_VAR) {
        const PgQuery__Alias *alias = item->range_var->alias;
        columns = relation_columns(output, item->range_var);
        if (alias != NULL)
            rename_first(output->model, columns, alias->colnames, alias->n_colnames);
        return columns;
    }
    if (item->node_case == PG_QUERY__NODE__NODE_RANGE_SUBSELECT) {
        const PgQuery__Alias *alias = item->range_subselect->alias;
        columns = query_columns(output, item->range_subselect->subquery);
        if (alias != NULL)
            rename_first(output->model, columns, alias->colnames, alias->n_colnames);
        return columns;
    }
    return g_ptr_array_new_with_free_func(g_free);
}

static const char *
item_alias(const PgQuery__Node *item)
{
    if (item->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
        return item->range_var->alias != NULL ? item->range_var->alias->aliasname
                                              : item->range_var->relname;
    if (item->node_case == PG_QUERY__NODE__NODE_RANGE_SUBSELECT)
        return item->range_subselect->alias != NULL ? item->range_subselect->alias->aliasname
                                                    : NULL;
    return NULL;
}

/* The item of a FROM list that @alias names, within joins too. */
static const PgQuery__Node *
find_item(const PgQuery__Node *item, const char *alias)
{
    const PgQuery__Node *found;

    if (item->node_case != PG_QUERY__NODE__NODE_JOIN_EXPR)
        return g_strcmp0(item_alias(item), alias) == 0 ? item : NULL;
    found = find_item(item->join_expr->larg, alias);
    return found != NULL ? found : find_item(item->join_expr->rarg, alias);
}

static const ModelColumn *
column_of(const GPtrArray *columns, const char *name)
{
    for (guint i = 0; i < columns->len; i++) {
        const ModelColumn *column = g_ptr_array_index(columns, i);
        if (g_strcmp0(column->name, name) == 0)
            return column;
    }
    return NULL;
}

/* Calls @take with the columns of each item of the FROM list that @alias (NULL: any) names. */
static void
each_item(Output *output, const PgQuery__SelectStmt *select, const char *alias,
          bool (*take)(GPtrArray *columns, void *data), void *data)
{
    for (size_t i = 0; i < select->n_from_clause; i++) {
        const PgQuery__Node *item = select->from_clause[i];
        g_autoptr(GPtrArray) columns = NULL;

        if (alias != NULL)
            item = find_item(item, alias);
        if (item == NULL)
            continue;
        columns = from_columns(output, item);
        if (take(columns, data))
            return;
    }
}

static bool
take_all(GPtrArray *columns, void *data)
{
    for (guint i = 0; i < columns->len; i++)
        g_ptr_array_add(data, g_memdup2(g_ptr_array_index(columns, i), sizeof(ModelColumn)));
    return false;
}

typedef struct {
    const char *name;
    ModelColumn *found;
} Wanted;

static bool
take_named(GPtrArray *columns, void *data)
{
    Wanted *wanted = data;
    const ModelColumn *column = column_of(columns, wanted->name);

    if (column != NULL)
        wanted->found = g_memdup2(column, sizeof *column);
    return column != NULL;
}

static void
add_target(Output *output, const PgQuery__SelectStmt *select, const PgQuery__ResTarget *target,
           GPtrArray *columns)
{
    const PgQuery__ColumnRef *ref =
        target->val != NULL && target->val->node_case == PG_QUERY__NODE__NODE_COLUMN_REF
            ? target->val->column_ref
            : NULL;
    const char *name = target->name[0] != '\0' ? target->name : model_expression_name(target->val);
    const char *alias = NULL;
    Wanted wanted = {0};
    g_autofree ModelColumn *like = NULL;

    if (ref != NULL && ref->n_fields > 1)
        alias = tree_string(ref->fields[ref->n_fields - 2]);
    if (ref != NULL && ref->fields[ref->n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR) {
        each_item(output, select, alias, take_all, columns);
        return;
    }
    if (ref != NULL) {
        wanted.name = tree_string(ref->fields[ref->n_fields - 1]);
        each_item(output, select, alias, take_named, &wanted);
        like = wanted.found;
    }
    g_ptr_array_add(columns, column_new(output->model, name != NULL ? name : "?column?", like));
}

static const PgQuery__SelectStmt *
leftmost(const PgQuery__SelectStmt *select)
{
    while (select != NULL && select->larg != NULL)
        select = select->larg;
    return select;
}

static GPtrArray *
query_columns(Output *output, const PgQuery__Node *query)
{
    GPtrArray *columns = g_ptr_array_new_with_free_func(g_free);
    const PgQuery__SelectStmt *select =
        query != NULL && query->node_case == PG_QUERY__NODE__NODE_SELECT_STMT
            ? leftmost(query->select_stmt)
            : NULL;
    enum { DEEPEST = 32 };

    if (select == NULL || output->depth >= DEEPEST)
        return columns;
    output->depth++;
    for (size_t i = 0; i < select->n_target_list; i++)
        add_target(output, select, select->target_list[i]->res_target, columns);
    if (select->n_values_lists > 0 &&
        select->values_lists[0]->node_case == PG_QUERY__NODE__NODE_LIST) {
        for (size_t i = 0; i < select->values_lists[0]->list->n_items; i++) {
            g_autofree char *name = g_strdup_printf("column%zu", i + 1);
            g_ptr_array_add(columns, column_new(output->model, name, NULL));
        }
    }
    output->depth--;
    return columns;
}

GPtrArray *
model_query_columns(Model *model, const PgQuery__Node *query, const GPtrArray *names)
{
    g_autoptr(GPtrArray) ctes = g_ptr_array_new();
    Output output = {model, ctes, 0};
    GPtrArray *columns;

    TREE_WALK((PgQuery__Node *) query, collect_cte, ctes);
    columns = query_columns(&output, query);
    for (guint i = 0; names != NULL && i < names->len && i < columns->len; i++)
        ((ModelColumn *) g_ptr_array_index(columns, i))->name =
            model_intern(model, g_ptr_array_index(names, i));
    return columns;
}

GPtrArray *
model_query_names(const Model *model, const PgQuery__Node *query, const GPtrArray *names)
{
    /* Only the store gets strings more, and that is no part of what the model says. */
    g_autoptr(GPtrArray) columns = model_query_columns((Model *) model, query, names);
    GPtrArray *given = g_ptr_array_new();

    for (guint i = 0; i < columns->len; i++)
        g_ptr_array_add(given, (void *) ((ModelColumn *) g_ptr_array_index(columns, i))->name);
    return given;
}

/* What @relation is to be: a new one, or the view that is replaced. NULL: it is there already. */
static ModelTable *
new_relation(Model *model, const DdlChange *change, ModelKind kind)
{
    const char *schema =
        change->temporary ? "pg_temp" : model_schema_of_new(model, change->relation);
    ModelTable *found =
        g_hash_table_lookup(model->tables_by_name, &(DdlName){schema, change->relation.name});
    ModelTable *view;

    if (found == NULL) {
        view = model_add_table(model, schema, change->relation.name, kind);
        view->temporary = change->temporary;
        return view;
    }
    if (!change->or_replace || found->kind != MODEL_VIEW)
        return NULL;
    model_forget_reads(found);
    return found;
}

/* @take_columns: as the query gave them before the view had a new one. */
static void
set_query(Model *model, ModelTable *view, const DdlChange *change, GPtrArray *take_columns)
{
    g_autofree char *text = ddl_expression_text(change->query);

    g_ptr_array_unref(view->columns);
    view->columns = take_columns;
    view->view_query = model_intern(model, text);
}

bool
apply_create_view(Model *model, const DdlChange *change)
{
    g_autoptr(GPtrArray) columns = model_query_columns(model, change->query, change->names);
    ModelTable *view = new_relation(model, change, MODEL_VIEW);

    if (view == NULL)
        return false;
    model_read_query(model, view, change->query);
    set_query(model, view, change, g_steal_pointer(&columns));
    return true;
}

bool
apply_create_table_as(Model *model, const DdlChange *change)
{
    bool is_matview = change->object == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW;
    g_autoptr(GPtrArray) columns = model_query_columns(model, change->query, change->names);
    ModelTable *table = new_relation(model, change, is_matview ? MODEL_MATVIEW : MODEL_TABLE);

    if (table == NULL)
        return false;
    table->unlogged = change->unlogged;
    table->rows_loaded = !change->no_data;
    if (is_matview)
        model_read_query(model, table, change->query);
    set_query(model, table, change, g_steal_pointer(&columns));
    if (!is_matview)
        table->view_query = NULL;
    return true;
}
