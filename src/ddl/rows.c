/* Statements that read and write rows. */
#include "ddl/build.h"

static GPtrArray *
target_names(DdlChanges *changes, PgQuery__Node *const *targets, size_t count)
{
    GPtrArray *names = build_array(changes);

    for (size_t i = 0; i < count; i++)
        if (targets[i]->node_case == PG_QUERY__NODE__NODE_RES_TARGET)
            g_ptr_array_add(names, targets[i]->res_target->name);
    return names;
}

static void
add_written_by_ctes(DdlChanges *changes, const PgQuery__WithClause *with)
{
    for (size_t i = 0; with != NULL && i < with->n_ctes; i++) {
        const PgQuery__Node *query = with->ctes[i]->common_table_expr->ctequery;

        if (query->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
            build_statement(changes, query);
    }
}

static DdlChange *
add_write(DdlChanges *changes, DdlChangeKind kind, const PgQuery__RangeVar *relation,
          const PgQuery__WithClause *with)
{
    DdlChange *change;

    add_written_by_ctes(changes, with);
    change = build_change(changes, kind, OBJECT(TABLE));
    change->relation = build_range(relation);
    change->only = !relation->inh;
    return change;
}

static void
add_insert(DdlChanges *changes, const PgQuery__InsertStmt *insert)
{
    DdlChange *change = add_write(changes, CHANGE_INSERT, insert->relation, insert->with_clause);

    change->names = target_names(changes, insert->cols, insert->n_cols);
    change->query = insert->select_stmt;
}

static void
add_update(DdlChanges *changes, const PgQuery__UpdateStmt *update)
{
    DdlChange *change = add_write(changes, CHANGE_UPDATE, update->relation, update->with_clause);

    change->names = target_names(changes, update->target_list, update->n_target_list);
    change->where = update->where_clause;
}

static void
add_copy(DdlChanges *changes, const PgQuery__CopyStmt *copy)
{
    DdlChange *change = build_change(changes, CHANGE_COPY, OBJECT(TABLE));

    change->relation = build_range(copy->relation);
    change->query = copy->query;
    change->names = build_strings(changes, copy->attlist, copy->n_attlist);
    change->removes = !copy->is_from;
}

static const PgQuery__IntoClause *
into_clause(const PgQuery__SelectStmt *select)
{
    while (select->larg != NULL)
        select = select->larg;
    return select->into_clause;
}

static void
add_select_into(DdlChanges *changes, const PgQuery__Node *node, const PgQuery__IntoClause *into)
{
    DdlChange *change = build_change(changes, CHANGE_CREATE_TABLE_AS, OBJECT(TABLE));

    change->relation = build_range(into->rel);
    change->query = node;
    change->temporary = into->rel->relpersistence[0] == 't';
    change->unlogged = into->rel->relpersistence[0] == 'u';
}

static bool
is_own_function(const PgQuery__FuncCall *call, const char *name)
{
    const DdlName function = build_names(call->funcname, call->n_funcname);

    return (function.schema == NULL || g_str_equal(function.schema, "pg_catalog")) &&
           g_strcmp0(function.name, name) == 0;
}

/* SELECT set_config('lock_timeout', '5s', false) is a SET; '' is how a dump empties a path. */
static void
add_set_config(DdlChanges *changes, const PgQuery__FuncCall *call)
{
    DdlChange *change;
    const char *name, *is_local;

    if (!is_own_function(call, "set_config") || call->n_args != 3)
        return;
    name = build_value(changes, call->args[0]);
    is_local = build_value(changes, call->args[2]);
    if (name == NULL)
        return;
    change = build_change(changes, CHANGE_SET, OBJECT(TYPE_UNDEFINED));
    change->text = build_take_string(changes, g_ascii_strdown(name, -1));
    change->value = build_value(changes, call->args[1]);
    change->local = is_local != NULL && g_ascii_tolower(is_local[0]) == 't';
    change->names = build_array(changes);
    if (build_text(change->value) != NULL)
        g_ptr_array_add(change->names, (char *) change->value);
}

static void
add_select(DdlChanges *changes, const PgQuery__Node *node)
{
    const PgQuery__SelectStmt *select = node->select_stmt;
    const PgQuery__IntoClause *into = into_clause(select);

    add_written_by_ctes(changes, select->with_clause);
    if (into != NULL) {
        add_select_into(changes, node, into);
        return;
    }
    build_change(changes, CHANGE_SELECT, OBJECT(TYPE_UNDEFINED))->query = node;
    for (size_t i = 0; i < select->n_target_list; i++) {
        const PgQuery__Node *target = select->target_list[i];
        const PgQuery__Node *value =
            target->node_case == PG_QUERY__NODE__NODE_RES_TARGET ? target->res_target->val : NULL;

        if (value != NULL && value->node_case == PG_QUERY__NODE__NODE_FUNC_CALL)
            add_set_config(changes, value->func_call);
    }
}

/* EXPLAIN ANALYZE does what it explains. */
static void
add_explain(DdlChanges *changes, const PgQuery__ExplainStmt *explain)
{
    if (build_option_is_on(explain->options, explain->n_options, "analyze"))
        build_statement(changes, explain->query);
    else
        build_change(changes, CHANGE_SELECT, OBJECT(TYPE_UNDEFINED))->query = explain->query;
}

static void
add_merge(DdlChanges *changes, const PgQuery__MergeStmt *merge)
{
    const PgQuery__Node *source = merge->source_relation;
    DdlChange *change = add_write(changes, CHANGE_MERGE, merge->relation, merge->with_clause);

    if (source->node_case == PG_QUERY__NODE__NODE_RANGE_SUBSELECT)
        change->query = source->range_subselect->subquery;
}

bool
build_rows(DdlChanges *changes, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        add_select(changes, node);
        return true;
    case PG_QUERY__NODE__NODE_INSERT_STMT:
        add_insert(changes, node->insert_stmt);
        return true;
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
        add_update(changes, node->update_stmt);
        return true;
    case PG_QUERY__NODE__NODE_DELETE_STMT:
        add_write(changes, CHANGE_DELETE, node->delete_stmt->relation,
                  node->delete_stmt->with_clause)
            ->where = node->delete_stmt->where_clause;
        return true;
    case PG_QUERY__NODE__NODE_MERGE_STMT:
        add_merge(changes, node->merge_stmt);
        return true;
    case PG_QUERY__NODE__NODE_COPY_STMT:
        add_copy(changes, node->copy_stmt);
        return true;
    case PG_QUERY__NODE__NODE_EXPLAIN_STMT:
        add_explain(changes, node->explain_stmt);
        return true;
    default:
        return false;
    }
}
