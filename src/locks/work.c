/* What the changes of a statement make the server do under its locks, and what it refuses. */
#include "locks/predictor.h"

static const ModelTable *
table_of(const Predictor *predictor, DdlName name)
{
    return name.name != NULL ? model_table(predictor->model, name) : NULL;
}

/* Has @table an index like that, or may it have one? Then a partition's is attached, not built. */
static bool
has_like_index(const ModelTable *table, const GPtrArray *columns, bool unique)
{
    for (guint i = 0; i < table->indexes->len; i++) {
        const ModelIndex *index = table->indexes->pdata[i];
        bool like = index->where == NULL && (index->unique || !unique) &&
                    index->valid != KNOWN_NO && index->columns->len == columns->len;

        for (guint k = 0; like && k < columns->len; k++)
            like = index->columns->pdata[k] != NULL &&
                   g_strcmp0(index->columns->pdata[k], columns->pdata[k]) == 0;
        if (like)
            return true;
    }
    return false;
}

/* An index of @columns (NULL among them: an expression) on a table, or each partition without one.
 */
static void
build(Predictor *predictor, const ModelTable *table, const GPtrArray *columns, bool unique)
{
    if (table == NULL || !table->partitioned) {
        predictor_work(predictor, WORK_BUILD, table, g_strdup("builds an index"), NULL);
        return;
    }
    for (guint i = 0; i < table->children->len; i++) {
        const ModelTable *leaf = table->children->pdata[i];
        if (leaf->partitioned || !has_like_index(leaf, columns, unique))
            build(predictor, leaf, columns, unique);
    }
}

static void
create_index(Predictor *predictor, const DdlChange *change)
{
    const ModelTable *table = table_of(predictor, change->other);

    if (table != NULL && table->partitioned && change->concurrently)
        predictor_fail(predictor, "cannot create index on partitioned table \"%s\" concurrently",
                       table->name);
    if (table != NULL && table->partitioned && change->only)
        return;
    if (change->if_not_exists && change->relation.name != NULL &&
        model_index(predictor->model, change->relation) != NULL)
        return;
    build(predictor, table, change->index->columns, change->index->unique);
}

static void
reindex(Predictor *predictor, const DdlChange *change)
{
    const ModelIndex *index =
        change->relation.name != NULL ? model_index(predictor->model, change->relation) : NULL;
    const ModelTable *table = index != NULL ? index->table : table_of(predictor, change->relation);

    predictor_work(predictor, WORK_BUILD, table, g_strdup("builds its indexes anew"), NULL);
}

static void
set_persistence(Predictor *predictor, const DdlChange *change)
{
    const ModelTable *table = table_of(predictor, change->relation);

    if (table == NULL)
        predictor_work(predictor, WORK_REWRITE, NULL, g_strdup("changes its persistence"),
                       g_strdup("whether it is unlogged already"));
    else if (table->unlogged != change->removes)
        predictor_work(predictor, WORK_REWRITE, table, g_strdup("changes its persistence"), NULL);
}

static void
set_access_method(Predictor *predictor, const DdlChange *change)
{
    predictor_work(predictor, WORK_REWRITE, table_of(predictor, change->relation),
                   g_strdup("changes its access method"),
                   g_strdup("whether it has that access method already"));
}

static void
set_tablespace(Predictor *predictor, const DdlChange *change)
{
    if (change->object == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE && change->relation.name != NULL)
        predictor_work(predictor, WORK_REWRITE, table_of(predictor, change->relation),
                       g_strdup("copies it to another tablespace"),
                       g_strdup("whether it is in that tablespace already"));
}

static void
refresh(Predictor *predictor, const DdlChange *change)
{
    const ModelTable *view = table_of(predictor, change->relation);
    bool has_key = false;

    for (guint i = 0; view != NULL && i < view->indexes->len; i++) {
        const ModelIndex *index = view->indexes->pdata[i];
        has_key |= index->unique && index->where == NULL && !index->has_expressions;
    }
    if (change->concurrently && view != NULL && view->columns_known && !has_key)
        predictor_fail(predictor,
                       "cannot refresh materialized view \"%s\" concurrently: it has no "
                       "unique index on columns without a WHERE",
                       view->name);
    if (!change->no_data)
        predictor_work(predictor, change->concurrently ? WORK_ROWS : WORK_REWRITE, view,
                       g_strdup("runs the view's query"), NULL);
}

static void
empty(Predictor *predictor, const DdlChange *change)
{
    const ModelTable *table = table_of(predictor, change->relation);
    const guint count = ddl_changes_count(predictor->changes);

    for (guint i = 0; table != NULL && !change->cascade && i < table->referenced_by->len; i++) {
        const ModelConstraint *key = table->referenced_by->pdata[i];
        bool named = key->table == table;

        for (guint k = 0; k < count && !named; k++)
            named =
                table_of(predictor, ddl_changes_get(predictor->changes, k)->relation) == key->table;
        if (!named)
            predictor_fail(predictor,
                           "cannot truncate \"%s\", for a foreign key of \"%s\" references it",
                           table->name, key->table->name);
    }
}

/* Does a view of the model read the column, so that the server refuses to touch it? */
static const char *
reader_of(const ModelTable *table, const char *column)
{
    for (guint i = 0; i < table->read_by->len; i++) {
        const ModelTable *view = table->read_by->pdata[i];
        for (guint k = 0; k < view->reads->len; k++) {
            const ModelRead *read = view->reads->pdata[k];
            if (read->table == table && read->column != NULL && g_str_equal(read->column, column))
                return view->name;
        }
    }
    return NULL;
}

static void
drop_column(Predictor *predictor, const DdlChange *change)
{
    const ModelTable *table = table_of(predictor, change->relation);
    const char *view = table != NULL && !change->cascade ? reader_of(table, change->column) : NULL;

    if (view != NULL)
        predictor_fail(predictor, "cannot drop column \"%s\" of \"%s\", for view \"%s\" reads it",
                       change->column, table->name, view);
}

static void
drop(Predictor *predictor, const DdlChange *change)
{
    const ModelIndex *index = change->object == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX
                                  ? model_index(predictor->model, change->relation)
                                  : NULL;

    if (index != NULL && index->is_constraint)
        predictor_fail(predictor,
                       "cannot drop index \"%s\", for a constraint of \"%s\" requires it",
                       index->name, index->table->name);
}

static void
change_domain(Predictor *predictor, const DdlChange *change)
{
    g_autoptr(GPtrArray) users = model_users_of_type(predictor->model, change->relation);
    const bool reads = change->kind == CHANGE_VALIDATE_CONSTRAINT ||
                       (change->kind == CHANGE_ADD_CONSTRAINT && !change->constraint->not_valid) ||
                       (change->kind == CHANGE_ALTER_DOMAIN &&
                        g_strcmp0(change->text, "not null") == 0 && !change->removes);

    for (guint i = 0; reads && i < users->len; i++)
        predictor_work(predictor, WORK_SCAN, users->pdata[i],
                       g_strdup_printf("values of domain %s are checked", change->relation.name),
                       NULL);
    if (reads && users->len == 0 && !model_is_complete(predictor->model))
        predictor_work(predictor, WORK_SCAN, NULL,
                       g_strdup_printf("values of domain %s are checked", change->relation.name),
                       g_strdup("which tables have a column of the domain"));
}

/* Attached by ATTACH, or made by PARTITION OF: then it is empty. */
static void
attach(Predictor *predictor, const DdlChange *change)
{
    if (change->kind == CHANGE_ATTACH_PARTITION)
        predictor_attach(predictor, change, table_of(predictor, change->relation),
                         table_of(predictor, change->other));
    else if (change->bound != NULL)
        predictor_attach(predictor, change, table_of(predictor, change->other), NULL);
}

/* Is the change part of a CREATE TABLE? Then there are no rows. */
static bool
is_of_new_table(const Predictor *predictor, const DdlChange *change)
{
    return change->in_definition &&
           ddl_changes_get(predictor->changes, 0)->kind == CHANGE_CREATE_TABLE;
}

static void
add_rows(Predictor *predictor, const DdlChange *change)
{
    if (change->relation.name != NULL)
        predictor_work(predictor, WORK_ROWS, table_of(predictor, change->relation),
                       g_strdup(ddl_change_verb(change)), NULL);
}

/* Of each table that is made of the type. */
static void
attribute_type(Predictor *predictor, const DdlChange *change)
{
    g_autoptr(GPtrArray) tables = model_tables_of_type(predictor->model, change->relation);

    for (guint i = 0; i < tables->len; i++) {
        const ModelTable *table = tables->pdata[i];
        DdlChange of_table = *change;

        of_table.relation = (DdlName){table->schema, table->name};
        predictor_column_type(predictor, &of_table);
    }
}

static void
add_table_work(Predictor *predictor, const DdlChange *change)
{
    const ModelTable *table = table_of(predictor, change->relation);

    switch ((int) change->kind) {
    case CHANGE_ADD_COLUMN:
        predictor_add_column(predictor, change);
        break;
    case CHANGE_COLUMN_TYPE:
        predictor_column_type(predictor, change);
        break;
    case CHANGE_ATTRIBUTE_TYPE:
        attribute_type(predictor, change);
        break;
    case CHANGE_SET_NOT_NULL:
        predictor_set_not_null(predictor, change);
        break;
    case CHANGE_ADD_CONSTRAINT:
        predictor_add_constraint(predictor, change);
        break;
    case CHANGE_VALIDATE_CONSTRAINT:
        predictor_validate_constraint(predictor, change);
        break;
    case CHANGE_DROP_COLUMN:
        drop_column(predictor, change);
        break;
    case CHANGE_PERSISTENCE:
        set_persistence(predictor, change);
        break;
    case CHANGE_ACCESS_METHOD:
        set_access_method(predictor, change);
        break;
    case CHANGE_TABLESPACE:
        set_tablespace(predictor, change);
        break;
    case CHANGE_TRUNCATE:
        empty(predictor, change);
        break;
    case CHANGE_DETACH_PARTITION:
        if (table != NULL)
            predictor_detach(predictor, table);
        break;
    case CHANGE_CLUSTER:
        predictor_work(predictor, WORK_REWRITE, table, g_strdup("writes it in another order"),
                       NULL);
        break;
    case CHANGE_VACUUM:
        predictor_work(predictor, change->full ? WORK_REWRITE : WORK_SCAN, table,
                       g_strdup(change->full ? "writes it anew" : "looks for dead rows"), NULL);
        break;
    default:
        break;
    }
}

static void
add_work(Predictor *predictor, const DdlChange *change)
{
    switch ((int) change->kind) {
    case CHANGE_CREATE_TABLE:
    case CHANGE_ATTACH_PARTITION:
        attach(predictor, change);
        break;
    case CHANGE_CREATE_INDEX:
        create_index(predictor, change);
        break;
    case CHANGE_REINDEX:
        reindex(predictor, change);
        break;
    case CHANGE_REFRESH:
        refresh(predictor, change);
        break;
    case CHANGE_DROP:
        drop(predictor, change);
        break;
    case CHANGE_INSERT:
    case CHANGE_UPDATE:
    case CHANGE_DELETE:
    case CHANGE_MERGE:
        add_rows(predictor, change);
        break;
    case CHANGE_COPY:
        if (!change->removes)
            add_rows(predictor, change);
        break;
    default:
        add_table_work(predictor, change);
        break;
    }
}

void
predictor_add_works(Predictor *predictor)
{
    const guint count = ddl_changes_count(predictor->changes);
    const DdlChange *refused;
    g_autofree char *reason = model_refuses_drop(predictor->model, predictor->changes, &refused);

    if (reason != NULL)
        predictor_fail(predictor, "%s, and nothing is dropped without CASCADE", reason);
    for (predictor->change = 0; predictor->change < count; predictor->change++) {
        const DdlChange *change = ddl_changes_get(predictor->changes, predictor->change);

        if (change->object == PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN)
            change_domain(predictor, change);
        else if (!is_of_new_table(predictor, change))
            add_work(predictor, change);
    }
}

/* REINDEX and CLUSTER of something partitioned commit as they go. */
static bool
is_partitioned(const Model *model, const DdlChange *change)
{
    const ModelIndex *index =
        change->relation.name != NULL ? model_index(model, change->relation) : NULL;
    const ModelTable *table = index != NULL                   ? index->table
                              : change->relation.name != NULL ? model_table(model, change->relation)
                                                              : NULL;

    return table != NULL && table->partitioned;
}

bool
locks_refuses_transaction(const Model *model, const SqlStatement *statement,
                          const DdlChanges *changes)
{
    const guint count = ddl_changes_count(changes);

    if (!sql_statement_is_transactional(statement))
        return true;
    for (guint i = 0; i < count; i++) {
        const DdlChange *change = ddl_changes_get(changes, i);
        if ((change->kind == CHANGE_REINDEX || change->kind == CHANGE_CLUSTER) &&
            is_partitioned(model, change))
            return true;
    }
    return false;
}
