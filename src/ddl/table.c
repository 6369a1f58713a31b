/* Tables as a whole: made, emptied, rewritten, locked. */
#include "ddl/build.h"
#include "ddl/expression.h"

static void
set_persistence(DdlChange *change, const PgQuery__RangeVar *relation)
{
    change->temporary = relation->relpersistence[0] == 't';
    change->unlogged = relation->relpersistence[0] == 'u';
}

static GPtrArray *
partition_key(DdlChanges *changes, const PgQuery__PartitionSpec *spec)
{
    GPtrArray *key = build_array(changes);

    for (size_t i = 0; i < spec->n_part_params; i++) {
        const PgQuery__PartitionElem *element = spec->part_params[i]->partition_elem;

        if (build_text(element->name) != NULL)
            g_ptr_array_add(key, element->name);
        else
            ddl_columns_read(element->expr, key);
    }
    return key;
}

/* LIKE .. INCLUDING: the parser's bits. */
static GPtrArray *
like_options(DdlChanges *changes, guint32 bits)
{
    static const struct {
        guint32 bit;
        const char *name;
    } options[] = {
        {1 << 0, "comments"}, {1 << 1, "compression"}, {1 << 2, "constraints"},
        {1 << 3, "defaults"}, {1 << 4, "generated"},   {1 << 5, "identity"},
        {1 << 6, "indexes"},  {1 << 7, "statistics"},  {1 << 8, "storage"},
    };
    GPtrArray *names = build_array(changes);

    for (guint i = 0; i < G_N_ELEMENTS(options); i++)
        if (bits & options[i].bit)
            g_ptr_array_add(names, (char *) options[i].name);
    return names;
}

static void
add_like(DdlChanges *changes, const PgQuery__TableLikeClause *like, DdlName table)
{
    DdlChange *change = build_change(changes, CHANGE_LIKE, OBJECT(TABLE));

    change->relation = table;
    change->other = build_range(like->relation);
    change->names = like_options(changes, like->options);
    change->location = like->relation->location;
    change->in_definition = true;
}

static void
add_element(DdlChanges *changes, const PgQuery__Node *element, DdlName table)
{
    switch ((int) element->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_DEF:
        build_inline_constraints(changes, element->column_def->constraints,
                                 element->column_def->n_constraints, table, OBJECT(TABLE),
                                 element->column_def->colname);
        break;
    case PG_QUERY__NODE__NODE_CONSTRAINT:
        build_table_constraint(changes, element->constraint, table, true);
        break;
    case PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE:
        add_like(changes, element->table_like_clause, table);
        break;
    default:
        break;
    }
}

static void
add_create_table(DdlChanges *changes, const PgQuery__CreateStmt *create, PgQuery__ObjectType object)
{
    DdlChange *change = build_change(changes, CHANGE_CREATE_TABLE, object);

    change->relation = build_range(create->relation);
    change->if_not_exists = create->if_not_exists;
    change->columns = build_array(changes);
    change->bound = create->partbound;
    if (create->of_typename != NULL)
        change->of_type = build_type(changes, create->of_typename).name;
    set_persistence(change, create->relation);
    for (size_t i = 0; i < create->n_table_elts; i++)
        if (create->table_elts[i]->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF)
            g_ptr_array_add(change->columns,
                            (DdlColumn *) build_column(changes, create->table_elts[i]->column_def));
    if (create->partspec != NULL) {
        change->partitioned = true;
        change->names = partition_key(changes, create->partspec);
    }
    if (create->partbound != NULL) {
        change->other = build_range(create->inh_relations[0]->range_var);
        change->is_default = create->partbound->is_default;
    }
    for (size_t i = 0; i < create->n_table_elts; i++)
        add_element(changes, create->table_elts[i], change->relation);
    for (size_t i = 0; create->partbound == NULL && i < create->n_inh_relations; i++) {
        DdlChange *inherit = build_change(changes, CHANGE_INHERIT, object);

        inherit->relation = change->relation;
        inherit->other = build_range(create->inh_relations[i]->range_var);
        inherit->in_definition = true;
    }
}

static void
add_create_table_as(DdlChanges *changes, const PgQuery__CreateTableAsStmt *create)
{
    DdlChange *change = build_change(changes, CHANGE_CREATE_TABLE_AS, create->objtype);

    change->relation = build_range(create->into->rel);
    change->if_not_exists = create->if_not_exists;
    change->query = create->query;
    change->no_data = create->into->skip_data;
    change->names = build_strings(changes, create->into->col_names, create->into->n_col_names);
    set_persistence(change, create->into->rel);
}

static void
add_truncate(DdlChanges *changes, const PgQuery__TruncateStmt *truncate)
{
    for (size_t i = 0; i < truncate->n_relations; i++) {
        DdlChange *change = build_change(changes, CHANGE_TRUNCATE, OBJECT(TABLE));

        change->relation = build_range(truncate->relations[i]->range_var);
        change->only = !truncate->relations[i]->range_var->inh;
        change->cascade = truncate->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
        change->restart_identity = truncate->restart_seqs;
    }
}

static void
add_maintenance(DdlChanges *changes, const PgQuery__VacuumStmt *vacuum, DdlChangeKind kind,
                const PgQuery__RangeVar *relation)
{
    DdlChange *change = build_change(changes, kind, OBJECT(TABLE));

    change->relation = build_range(relation);
    change->full =
        kind == CHANGE_VACUUM && build_option_is_on(vacuum->options, vacuum->n_options, "full");
}

static void
add_vacuum(DdlChanges *changes, const PgQuery__VacuumStmt *vacuum)
{
    const bool analyzes =
        !vacuum->is_vacuumcmd || build_option_is_on(vacuum->options, vacuum->n_options, "analyze");

    for (size_t i = 0; i < MAX(vacuum->n_rels, 1u); i++) {
        const PgQuery__RangeVar *relation =
            vacuum->n_rels > 0 ? vacuum->rels[i]->vacuum_relation->relation : NULL;

        if (vacuum->is_vacuumcmd)
            add_maintenance(changes, vacuum, CHANGE_VACUUM, relation);
        if (analyzes)
            add_maintenance(changes, vacuum, CHANGE_ANALYZE, relation);
    }
}

static void
add_lock(DdlChanges *changes, const PgQuery__LockStmt *lock)
{
    for (size_t i = 0; i < lock->n_relations; i++) {
        DdlChange *change = build_change(changes, CHANGE_LOCK, OBJECT(TABLE));

        change->relation = build_range(lock->relations[i]->range_var);
        change->only = !lock->relations[i]->range_var->inh;
        change->mode = (LockMode) lock->mode;
        change->nowait = lock->nowait;
    }
}

static void
add_cluster(DdlChanges *changes, const PgQuery__ClusterStmt *cluster)
{
    DdlChange *change = build_change(changes, CHANGE_CLUSTER, OBJECT(TABLE));

    change->relation = build_range(cluster->relation);
    change->other.name = build_text(cluster->indexname);
}

static void
add_refresh(DdlChanges *changes, const PgQuery__RefreshMatViewStmt *refresh)
{
    DdlChange *change = build_change(changes, CHANGE_REFRESH, OBJECT(MATVIEW));

    change->relation = build_range(refresh->relation);
    change->concurrently = refresh->concurrent;
    change->no_data = refresh->skip_data;
}

static void
add_view(DdlChanges *changes, const PgQuery__ViewStmt *view)
{
    DdlChange *change = build_change(changes, CHANGE_CREATE_VIEW, OBJECT(VIEW));

    change->relation = build_range(view->view);
    change->or_replace = view->replace;
    change->names = build_strings(changes, view->aliases, view->n_aliases);
    change->query = view->query;
    set_persistence(change, view->view);
}

static void
add_move_all(DdlChanges *changes, const PgQuery__AlterTableMoveAllStmt *move)
{
    DdlChange *change = build_change(changes, CHANGE_TABLESPACE, move->objtype);

    change->new_name = move->new_tablespacename;
    change->nowait = move->nowait;
}

bool
build_table(DdlChanges *changes, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        add_create_table(changes, node->create_stmt, OBJECT(TABLE));
        return true;
    case PG_QUERY__NODE__NODE_CREATE_FOREIGN_TABLE_STMT:
        add_create_table(changes, node->create_foreign_table_stmt->base_stmt,
                         OBJECT(FOREIGN_TABLE));
        return true;
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
        add_create_table_as(changes, node->create_table_as_stmt);
        return true;
    case PG_QUERY__NODE__NODE_VIEW_STMT:
        add_view(changes, node->view_stmt);
        return true;
    case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT:
        add_refresh(changes, node->refresh_mat_view_stmt);
        return true;
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
        add_truncate(changes, node->truncate_stmt);
        return true;
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
        add_vacuum(changes, node->vacuum_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CLUSTER_STMT:
        add_cluster(changes, node->cluster_stmt);
        return true;
    case PG_QUERY__NODE__NODE_LOCK_STMT:
        add_lock(changes, node->lock_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_TABLE_MOVE_ALL_STMT:
        add_move_all(changes, node->alter_table_move_all_stmt);
        return true;
    default:
        return false;
    }
}
