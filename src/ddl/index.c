#include "ddl/build.h"

static const DdlIndex *
index_of(DdlChanges *changes, const PgQuery__IndexStmt *from)
{
    DdlIndex *index = BUILD_NEW(changes, DdlIndex);

    index->columns = build_array(changes);
    index->expressions = build_array(changes);
    index->included = build_array(changes);
    index->where = from->where_clause;
    index->method = from->access_method;
    index->unique = from->unique;
    index->nulls_not_distinct = from->nulls_not_distinct;
    for (size_t i = 0; i < from->n_index_params; i++) {
        const PgQuery__IndexElem *element = from->index_params[i]->index_elem;

        g_ptr_array_add(index->columns, (char *) build_text(element->name));
        if (element->expr != NULL)
            g_ptr_array_add(index->expressions, element->expr);
        index->custom_collation = index->custom_collation || element->n_collation > 0;
    }
    for (size_t i = 0; i < from->n_index_including_params; i++)
        g_ptr_array_add(index->included, from->index_including_params[i]->index_elem->name);
    return index;
}

static void
add_create_index(DdlChanges *changes, const PgQuery__IndexStmt *from)
{
    DdlChange *change = build_change(changes, CHANGE_CREATE_INDEX, OBJECT(INDEX));

    change->other = build_range(from->relation);
    change->relation = (DdlName){change->other.schema, build_text(from->idxname)};
    change->index = index_of(changes, from);
    change->concurrently = from->concurrent;
    change->if_not_exists = from->if_not_exists;
    change->only = !from->relation->inh;
}

static void
add_reindex(DdlChanges *changes, const PgQuery__ReindexStmt *reindex)
{
    DdlChange *change = build_change(changes, CHANGE_REINDEX, OBJECT(DATABASE));

    change->relation = build_range(reindex->relation);
    change->concurrently = build_option_is_on(reindex->params, reindex->n_params, "concurrently");
    if (reindex->relation == NULL)
        change->relation.name = build_text(reindex->name);
    switch ((int) reindex->kind) {
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_INDEX:
        change->object = OBJECT(INDEX);
        break;
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_TABLE:
        change->object = OBJECT(TABLE);
        break;
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SCHEMA:
        change->object = OBJECT(SCHEMA);
        break;
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SYSTEM:
        change->text = "system";
        break;
    default:
        break;
    }
}

bool
build_index(DdlChanges *changes, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_INDEX_STMT:
        add_create_index(changes, node->index_stmt);
        return true;
    case PG_QUERY__NODE__NODE_REINDEX_STMT:
        add_reindex(changes, node->reindex_stmt);
        return true;
    default:
        return false;
    }
}
