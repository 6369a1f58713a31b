/* The lock template of a statement: facts of PostgreSQL 15, measured one statement at a time. */
#include "sql/template.h"

#include <string.h>

static void
lock_free(SqlLock *lock)
{
    g_free(lock->schema);
    g_free(lock->name);
    g_free(lock->detail);
    g_free(lock);
}

SqlLock *
template_add_name(Template *template, const char *schema, const char *name, RelationKind kind,
                  LockMode mode, SqlReach reach)
{
    SqlLock *lock = g_new0(SqlLock, 1);

    lock->schema = schema != NULL && schema[0] ? g_strdup(schema) : NULL;
    lock->name = g_strdup(name);
    lock->kind = kind;
    lock->mode = mode;
    lock->reach = reach;
    g_ptr_array_add(template->locks, lock);
    return lock;
}

SqlLock *
template_add(Template *template, const PgQuery__RangeVar *relation, RelationKind kind,
             LockMode mode, SqlReach reach)
{
    return template_add_name(template, relation->schemaname, relation->relname, kind, mode, reach);
}

SqlReach
template_children(const PgQuery__RangeVar *relation)
{
    return relation->inh ? REACH_CHILDREN : REACH_ITSELF;
}

/* A list of names whose last one belongs to a relation: [schema,] table, trigger. */
static void
add_owner(Template *template, const PgQuery__Node *object, LockMode mode)
{
    const PgQuery__List *list = object->list;

    if (object->node_case != PG_QUERY__NODE__NODE_LIST || list->n_items < 2)
        return;
    template_add_name(
        template, list->n_items > 2 ? tree_string(list->items[list->n_items - 3]) : NULL,
        tree_string(list->items[list->n_items - 2]), RELATION_TABLE, mode, REACH_CHILDREN);
}

RelationKind
template_kind(PgQuery__ObjectType type)
{
    switch ((int) type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
        return RELATION_TABLE;
    case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
        return RELATION_INDEX;
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
        return RELATION_SEQUENCE;
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
        return RELATION_VIEW;
    default:
        return RELATION_OTHER;
    }
}

bool
template_is_relation(PgQuery__ObjectType type)
{
    return template_kind(type) != RELATION_OTHER ||
           type == PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE;
}

/* Relations that a query reads: not what it makes, and no CTE. */
static bool
visit_read(ProtobufCMessage *message, void *data)
{
    Template *template = data;
    const PgQuery__RangeVar *relation = TREE_AS(message, RangeVar, range_var);

    if (TREE_AS(message, IntoClause, into_clause) != NULL)
        return false;
    if (relation != NULL && relation != template->created)
        template_add(template, relation, RELATION_OTHER, template->read_mode,
                     template_children(relation));
    return true;
}

static bool
visit_cte(ProtobufCMessage *message, void *data)
{
    const PgQuery__CommonTableExpr *cte = TREE_AS(message, CommonTableExpr, common_table_expr);
    GPtrArray *locks = data;

    for (guint i = locks->len; cte != NULL && i-- > 0;) {
        const SqlLock *lock = locks->pdata[i];
        if (lock->schema == NULL && g_str_equal(lock->name, cte->ctename))
            g_ptr_array_remove_index(locks, i);
    }
    return true;
}

static bool
visit_locking(ProtobufCMessage *message, void *data)
{
    bool *found = data;

    *found |= TREE_AS(message, LockingClause, locking_clause) != NULL;
    return !*found;
}

/* What a cutover needs of the server's own, with locks that are known: none on a table. */
static bool
is_harmless(const PgQuery__FuncCall *call)
{
    static const char *const names[] = {
        "setval",     "nextval",  "currval",  "pg_get_serial_sequence",
        "set_config", "greatest", "coalesce", NULL};
    const char *schema = call->n_funcname > 1 ? tree_string(call->funcname[0]) : "pg_catalog";
    const char *name = tree_string(call->funcname[call->n_funcname - 1]);

    return g_strcmp0(schema, "pg_catalog") == 0 && name && g_strv_contains(names, name);
}

static bool
visit_call(ProtobufCMessage *message, void *data)
{
    const PgQuery__FuncCall *call = TREE_AS(message, FuncCall, func_call);
    bool *found = data;

    *found |= call != NULL && !is_harmless(call);
    return !*found;
}

/* All relations below @message in one mode, and the written ones in theirs. */
static void
add_query(Template *template, ProtobufCMessage *message)
{
    bool locking = false;

    tree_walk(message, visit_locking, &locking);
    template->read_mode = locking ? LOCK_ROW_SHARE : LOCK_ACCESS_SHARE;
    tree_walk(message, visit_read, template);
    tree_walk(message, visit_cte, template->locks);
}

static bool
visit_write(ProtobufCMessage *message, void *data)
{
    const PgQuery__InsertStmt *insert = TREE_AS(message, InsertStmt, insert_stmt);
    const PgQuery__UpdateStmt *update = TREE_AS(message, UpdateStmt, update_stmt);
    const PgQuery__DeleteStmt *delete = TREE_AS(message, DeleteStmt, delete_stmt);
    const PgQuery__MergeStmt *merge = TREE_AS(message, MergeStmt, merge_stmt);
    const PgQuery__RangeVar *target = insert   ? insert->relation
                                      : update ? update->relation
                                      : delete ? delete->relation
                                      : merge  ? merge->relation
                                               : NULL;

    if (target != NULL)
        template_add(data, target, RELATION_OTHER, LOCK_ROW_EXCLUSIVE, template_children(target));
    return true;
}

static void
add_create_table(Template *template, const PgQuery__CreateStmt *create)
{
    template->created = create->relation;
    for (size_t i = 0; i < create->n_table_elts; i++) {
        const PgQuery__Node *element = create->table_elts[i];

        template_add_foreign_keys(template, create->table_elts[i]);
        if (element->node_case == PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE)
            template_add(template, element->table_like_clause->relation, RELATION_TABLE,
                         LOCK_ACCESS_SHARE, REACH_ITSELF);
    }
    for (size_t i = 0; i < create->n_inh_relations; i++) {
        const PgQuery__RangeVar *parent = create->inh_relations[i]->range_var;

        if (create->partbound != NULL)
            template_add_new_partition(template, parent, LOCK_ACCESS_EXCLUSIVE);
        else
            template_add(template, parent, RELATION_TABLE, LOCK_SHARE_UPDATE_EXCLUSIVE,
                         REACH_ITSELF);
    }
}

static void
add_drop(Template *template, const PgQuery__DropStmt *drop)
{
    const LockMode mode = drop->concurrent ? LOCK_SHARE_UPDATE_EXCLUSIVE : LOCK_ACCESS_EXCLUSIVE;
    SqlReach reach = REACH_ITSELF;

    if (drop->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX)
        reach = REACH_INDEXED_TABLE | REACH_PARTITIONS;
    else if (drop->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
        reach = REACH_PARTITIONS | REACH_PARENT | REACH_REFERENCED;
    if (drop->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE &&
        drop->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
        reach |= REACH_REFERENCING | REACH_CHILDREN;
    /* What else goes with it, only the server knows. */
    template->unknown |= drop->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE ||
                         drop->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA ||
                         drop->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION;

    for (size_t i = 0; i < drop->n_objects; i++) {
        const char *schema, *name;

        if (drop->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER ||
            drop->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_RULE ||
            drop->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_POLICY) {
            add_owner(template, drop->objects[i], mode);
        } else if (template_is_relation(drop->remove_type)) {
            names_split(drop->objects[i], &schema, &name);
            template_add_name(template, schema, name, template_kind(drop->remove_type), mode,
                              reach);
        }
    }
}

static void
add_rename(Template *template, const PgQuery__RenameStmt *rename)
{
    const bool is_index = rename->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX;
    const bool is_constraint = rename->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT;
    SqlReach reach = REACH_ITSELF;
    SqlLock *lock;

    if (rename->relation == NULL)
        return;
    if (rename->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN)
        reach = template_children(rename->relation);
    else if (is_constraint && rename->relation->inh)
        reach = REACH_INHERITED;
    lock = template_add(template, rename->relation,
                        is_index ? RELATION_INDEX
                                 : template_kind(template_is_relation(rename->rename_type)
                                                     ? rename->rename_type
                                                     : rename->relation_type),
                        is_index ? LOCK_SHARE_UPDATE_EXCLUSIVE : LOCK_ACCESS_EXCLUSIVE, reach);
    lock->detail = is_constraint ? g_strdup(rename->subname) : NULL;
}

static void
add_comment(Template *template, const PgQuery__CommentStmt *comment)
{
    const char *schema, *name;

    if (comment->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN) {
        const guint before = template->locks->len;
        add_owner(template, comment->object, LOCK_SHARE_UPDATE_EXCLUSIVE);
        if (template->locks->len > before)
            ((SqlLock *) template->locks->pdata[before])->reach = REACH_ITSELF;
    } else if (template_is_relation(comment->objtype)) {
        names_split(comment->object, &schema, &name);
        template_add_name(template, schema, name, template_kind(comment->objtype),
                          LOCK_SHARE_UPDATE_EXCLUSIVE, REACH_ITSELF);
    }
}

static bool
option_is_on(PgQuery__Node *const *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        const PgQuery__DefElem *option = options[i]->def_elem;
        const char *value;

        if (!g_str_equal(option->defname, name))
            continue;
        value = tree_string(option->arg);
        return value == NULL || !(g_str_equal(value, "false") || g_str_equal(value, "off") ||
                                  g_str_equal(value, "0"));
    }
    return false;
}

static void
add_vacuum(Template *template, const PgQuery__VacuumStmt *vacuum)
{
    const bool full =
        vacuum->is_vacuumcmd && option_is_on(vacuum->options, vacuum->n_options, "full");

    template->unknown |= vacuum->n_rels == 0;
    for (size_t i = 0; i < vacuum->n_rels; i++)
        template_add(template, vacuum->rels[i]->vacuum_relation->relation, RELATION_TABLE,
                     full ? LOCK_ACCESS_EXCLUSIVE : LOCK_SHARE_UPDATE_EXCLUSIVE, REACH_CHILDREN);
}

static void
add_reindex(Template *template, const PgQuery__ReindexStmt *reindex)
{
    const bool concurrently = option_is_on(reindex->params, reindex->n_params, "concurrently");
    const LockMode table_mode = concurrently ? LOCK_SHARE_UPDATE_EXCLUSIVE : LOCK_SHARE;

    template->unknown |= reindex->relation == NULL;
    if (reindex->relation == NULL)
        return;
    if (reindex->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_INDEX) {
        template_add(template, reindex->relation, RELATION_INDEX,
                     concurrently ? LOCK_SHARE_UPDATE_EXCLUSIVE : LOCK_ACCESS_EXCLUSIVE,
                     REACH_PARTITIONS);
        template_add(template, reindex->relation, RELATION_INDEX, table_mode, REACH_INDEXED_TABLE);
    } else {
        template_add(template, reindex->relation, RELATION_TABLE, table_mode, REACH_PARTITIONS);
    }
}

static void
add_relations(Template *template, PgQuery__Node *const *relations, size_t count, LockMode mode)
{
    for (size_t i = 0; i < count; i++) {
        const PgQuery__RangeVar *relation = relations[i]->range_var;
        if (relations[i]->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
            template_add(template, relation, RELATION_TABLE, mode, template_children(relation));
    }
}

static void
add_truncate(Template *template, const PgQuery__TruncateStmt *truncate)
{
    const guint before = template->locks->len;

    add_relations(template, truncate->relations, truncate->n_relations, LOCK_ACCESS_EXCLUSIVE);
    for (guint i = before; i < template->locks->len; i++) {
        if (truncate->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
            ((SqlLock *) template->locks->pdata[i])->reach |= REACH_REFERENCING;
    }
}

static void
add_publication(Template *template, PgQuery__Node *const *objects, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const PgQuery__PublicationObjSpec *object = objects[i]->publication_obj_spec;
        if (object->pubtable != NULL)
            template_add(template, object->pubtable->relation, RELATION_TABLE,
                         LOCK_SHARE_UPDATE_EXCLUSIVE,
                         template_children(object->pubtable->relation));
    }
}

static void
add_trigger(Template *template, const PgQuery__CreateTrigStmt *trigger)
{
    template_add(template, trigger->relation, RELATION_TABLE, LOCK_SHARE_ROW_EXCLUSIVE,
                 trigger->row ? REACH_PARTITIONS : REACH_ITSELF);
    if (trigger->constrrel != NULL)
        template_add(template, trigger->constrrel, RELATION_TABLE, LOCK_SHARE_ROW_EXCLUSIVE,
                     REACH_ITSELF);
}

static void
add_select(Template *template, PgQuery__SelectStmt *select)
{
    bool calls = false;

    if (select->into_clause != NULL)
        template->created = select->into_clause->rel;
    tree_walk(&select->base, visit_call, &calls);
    template->unknown |= calls && select->into_clause == NULL;
    add_query(template, &select->base);
    tree_walk(&select->base, visit_write, template);
}

/* Statements that define or alter something; false: not one of them. */
static bool
add_definition(Template *template, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        add_create_table(template, node->create_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        template_add_alter_table(template, node->alter_table_stmt);
        return true;
    case PG_QUERY__NODE__NODE_DROP_STMT:
        add_drop(template, node->drop_stmt);
        return true;
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        add_rename(template, node->rename_stmt);
        return true;
    case PG_QUERY__NODE__NODE_COMMENT_STMT:
        add_comment(template, node->comment_stmt);
        return true;
    case PG_QUERY__NODE__NODE_INDEX_STMT:
        template_add(template, node->index_stmt->relation, RELATION_TABLE,
                     node->index_stmt->concurrent ? LOCK_SHARE_UPDATE_EXCLUSIVE : LOCK_SHARE,
                     node->index_stmt->relation->inh ? REACH_PARTITIONS : REACH_ITSELF);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
        add_trigger(template, node->create_trig_stmt);
        return true;
    case PG_QUERY__NODE__NODE_RULE_STMT:
        template_add(template, node->rule_stmt->relation, RELATION_OTHER, LOCK_ACCESS_EXCLUSIVE,
                     REACH_ITSELF);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
        template_add(template, node->create_policy_stmt->table, RELATION_TABLE,
                     LOCK_ACCESS_EXCLUSIVE, REACH_ITSELF);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_POLICY_STMT:
        template_add(template, node->alter_policy_stmt->table, RELATION_TABLE,
                     LOCK_ACCESS_EXCLUSIVE, REACH_ITSELF);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_STATS_STMT:
        add_relations(template, node->create_stats_stmt->relations,
                      node->create_stats_stmt->n_relations, LOCK_SHARE_UPDATE_EXCLUSIVE);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT:
        template_add(template, node->alter_seq_stmt->sequence, RELATION_SEQUENCE,
                     LOCK_SHARE_ROW_EXCLUSIVE, REACH_ITSELF);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
        if (node->alter_object_schema_stmt->relation != NULL)
            template_add(template, node->alter_object_schema_stmt->relation,
                         template_kind(node->alter_object_schema_stmt->object_type),
                         LOCK_ACCESS_EXCLUSIVE, REACH_ITSELF);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_PUBLICATION_STMT:
        add_publication(template, node->create_publication_stmt->pubobjects,
                        node->create_publication_stmt->n_pubobjects);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_PUBLICATION_STMT:
        add_publication(template, node->alter_publication_stmt->pubobjects,
                        node->alter_publication_stmt->n_pubobjects);
        return true;
    default:
        return false;
    }
}

/* Statements that read, write or maintain rows. */
static void
add_command(Template *template, PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        add_select(template, node->select_stmt);
        break;
    case PG_QUERY__NODE__NODE_INSERT_STMT:
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
    case PG_QUERY__NODE__NODE_DELETE_STMT:
    case PG_QUERY__NODE__NODE_MERGE_STMT:
        add_query(template, &node->base);
        tree_walk(&node->base, visit_write, template);
        break;
    case PG_QUERY__NODE__NODE_VIEW_STMT:
        template->created = node->view_stmt->view;
        add_query(template, &node->view_stmt->query->base);
        if (node->view_stmt->replace)
            template_add(template, node->view_stmt->view, RELATION_VIEW, LOCK_ACCESS_EXCLUSIVE,
                         REACH_ITSELF);
        break;
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
        add_query(template, &node->create_table_as_stmt->query->base);
        break;
    case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT:
        template_add(template, node->refresh_mat_view_stmt->relation, RELATION_VIEW,
                     node->refresh_mat_view_stmt->concurrent ? LOCK_EXCLUSIVE
                                                             : LOCK_ACCESS_EXCLUSIVE,
                     REACH_ITSELF);
        break;
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
        add_truncate(template, node->truncate_stmt);
        break;
    case PG_QUERY__NODE__NODE_LOCK_STMT:
        add_relations(template, node->lock_stmt->relations, node->lock_stmt->n_relations,
                      (LockMode) node->lock_stmt->mode);
        break;
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
        add_vacuum(template, node->vacuum_stmt);
        break;
    case PG_QUERY__NODE__NODE_REINDEX_STMT:
        add_reindex(template, node->reindex_stmt);
        break;
    case PG_QUERY__NODE__NODE_CLUSTER_STMT:
        template->unknown |= node->cluster_stmt->relation == NULL;
        if (node->cluster_stmt->relation != NULL)
            template_add(template, node->cluster_stmt->relation, RELATION_TABLE,
                         LOCK_ACCESS_EXCLUSIVE, REACH_PARTITIONS);
        break;
    case PG_QUERY__NODE__NODE_COPY_STMT:
        if (node->copy_stmt->relation != NULL)
            template_add(template, node->copy_stmt->relation, RELATION_TABLE,
                         node->copy_stmt->is_from ? LOCK_ROW_EXCLUSIVE : LOCK_ACCESS_SHARE,
                         REACH_PARTITIONS);
        else
            add_query(template, &node->base);
        break;
    case PG_QUERY__NODE__NODE_DO_STMT:
    case PG_QUERY__NODE__NODE_CALL_STMT:
    case PG_QUERY__NODE__NODE_EXECUTE_STMT:
    case PG_QUERY__NODE__NODE_EXPLAIN_STMT:
    case PG_QUERY__NODE__NODE_DROP_OWNED_STMT:
    case PG_QUERY__NODE__NODE_REASSIGN_OWNED_STMT:
    case PG_QUERY__NODE__NODE_ALTER_TABLE_MOVE_ALL_STMT:
    case PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT:
    case PG_QUERY__NODE__NODE_ALTER_EXTENSION_STMT:
    case PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT:
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
        template->unknown = node->node_case != PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT ||
                            node->create_schema_stmt->n_schema_elts > 0;
        break;
    default:
        break;
    }
}

GPtrArray *
sql_statement_locks(const SqlStatement *statement, bool *ret_unknown)
{
    Template template = {.locks = g_ptr_array_new_with_free_func((GDestroyNotify) lock_free)};

    if (!add_definition(&template, statement->node))
        add_command(&template, statement->node);
    *ret_unknown = template.unknown;
    return template.locks;
}
