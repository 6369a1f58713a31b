/* A statement's lock template, resolved with the model: what locks/resolve.c does with the server's
 * catalog; and locks that hang on what only the model knows. */
#include <string.h>

#include "locks/predictor.h"

static guint
name_hash(const void *key)
{
    const char *name = ((const DdlName *) key)->name;

    return name != NULL ? g_str_hash(name) : 0;
}

static gboolean
name_equal(const void *a, const void *b)
{
    const DdlName *left = a, *right = b;

    return g_strcmp0(left->name, right->name) == 0 && g_strcmp0(left->schema, right->schema) == 0;
}

static RelationKind
kind_of(const ModelTable *table)
{
    switch (table->kind) {
    case MODEL_VIEW:
    case MODEL_MATVIEW:
        return RELATION_VIEW;
    case MODEL_SEQUENCE:
        return RELATION_SEQUENCE;
    case MODEL_TABLE:
    case MODEL_FOREIGN_TABLE:
        break;
    }
    return RELATION_TABLE;
}

enum { FEW_LOCKS = 8 }; /* up to here a hash costs more than it spares */

static PredictedLock *
find_lock(const Predictor *predictor, const DdlName *name)
{
    const GPtrArray *locks = predictor->prediction->locks;

    if (locks->len > FEW_LOCKS)
        return g_hash_table_lookup(predictor->locked, name);
    for (guint i = 0; i < locks->len; i++) {
        PredictedLock *lock = locks->pdata[i];

        if (name_equal(&lock->name, name))
            return lock;
    }
    return NULL;
}

/* @lock's relation in its place, or merged with an earlier lock on the same. */
static void
add_lock(Predictor *predictor, PredictedLock lock)
{
    GPtrArray *locks = predictor->prediction->locks;
    PredictedLock *known = find_lock(predictor, &lock.name);

    if (known != NULL) {
        known->mode = MAX(known->mode, lock.mode);
        known->implicit &= lock.implicit;
        return;
    }
    g_ptr_array_add(locks, g_memdup2(&lock, sizeof lock));
    if (locks->len <= FEW_LOCKS)
        return;
    if (predictor->locked == NULL)
        predictor->locked = g_hash_table_new(name_hash, name_equal);
    for (guint i = g_hash_table_size(predictor->locked); i < locks->len; i++) {
        known = locks->pdata[i];
        g_hash_table_insert(predictor->locked, &known->name, known);
    }
}

static void
lock_index(Predictor *predictor, const ModelIndex *index, LockMode mode, bool implicit)
{
    add_lock(predictor, (PredictedLock){.name = {index->schema, index->name},
                                        .kind = RELATION_INDEX,
                                        .mode = mode,
                                        .implicit = implicit,
                                        .is_new = index->since > predictor->since ||
                                                  index->table->since > predictor->since ||
                                                  index->table->temporary});
}

/* A view's lock comes with those on what it reads: in the mode of the statement, as its owner. */
static void
lock_read(Predictor *predictor, const ModelTable *view, LockMode mode)
{
    for (guint i = 0; i < view->reads->len; i++) {
        const ModelRead *read = view->reads->pdata[i];
        predictor_lock_table(predictor, read->table, mode, REACH_CHILDREN, true);
    }
}

void
predictor_lock_table(Predictor *predictor, const ModelTable *table, LockMode mode, SqlReach reach,
                     bool implicit)
{
    const bool down = reach & REACH_CHILDREN || (reach & REACH_PARTITIONS && table->partitioned);

    add_lock(predictor,
             (PredictedLock){.name = {table->schema, table->name},
                             .table = table,
                             .kind = kind_of(table),
                             .mode = mode,
                             .implicit = implicit,
                             .is_new = table->temporary || table->since > predictor->since});
    if (table->kind == MODEL_VIEW && mode <= LOCK_ROW_EXCLUSIVE)
        lock_read(predictor, table, mode);
    for (guint i = 0; down && i < table->children->len; i++)
        predictor_lock_table(predictor, table->children->pdata[i], mode, reach, true);
}

void
predictor_unlock_below(Predictor *predictor, const ModelTable *table)
{
    for (guint i = 0; i < table->children->len; i++) {
        const ModelTable *child = table->children->pdata[i];
        PredictedLock *lock = find_lock(predictor, &(DdlName){child->schema, child->name});

        predictor_unlock_below(predictor, child);
        if (lock == NULL)
            continue;
        if (predictor->locked != NULL)
            g_hash_table_remove(predictor->locked, &lock->name);
        g_ptr_array_remove(predictor->prediction->locks, lock);
    }
}

bool
predictor_has_name(const GPtrArray *names, const char *name)
{
    for (guint i = 0; i < names->len; i++) {
        if (g_strcmp0(names->pdata[i], name) == 0)
            return true;
    }
    return false;
}

static const ModelConstraint *
primary_key(const ModelTable *table)
{
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *constraint = table->constraints->pdata[i];
        if (constraint->kind == CONSTRAINT_PRIMARY_KEY)
            return constraint;
    }
    return NULL;
}

/* The columns of the other table that a foreign key names: its primary key where it names none. */
static const GPtrArray *
referenced_columns(const ModelConstraint *key)
{
    const ModelConstraint *primary = primary_key(key->referenced);

    if (key->referenced_columns->len > 0 || primary == NULL)
        return key->referenced_columns;
    return primary->columns;
}

static bool
same_names(const GPtrArray *a, const GPtrArray *b)
{
    if (a->len != b->len)
        return false;
    for (guint i = 0; i < a->len; i++) {
        if (!predictor_has_name(b, a->pdata[i]))
            return false;
    }
    return true;
}

static void
lock_referenced(Predictor *predictor, const ModelTable *table, LockMode mode)
{
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *key = table->constraints->pdata[i];
        if (key->kind == CONSTRAINT_FOREIGN_KEY && key->referenced != NULL)
            predictor_lock_table(predictor, key->referenced, mode, REACH_PARTITIONS, true);
    }
}

static void
lock_referencing(Predictor *predictor, const ModelTable *table, LockMode mode)
{
    for (guint i = 0; i < table->referenced_by->len; i++) {
        const ModelConstraint *key = table->referenced_by->pdata[i];
        predictor_lock_table(predictor, key->table, mode, REACH_PARTITIONS, true);
    }
}

/* The other sides of the foreign keys that use the constraint: itself, or those on its key. */
static void
lock_constraint(Predictor *predictor, const ModelTable *table, const char *name, LockMode mode)
{
    const ModelConstraint *constraint = model_constraint(table, name);

    if (constraint == NULL)
        return;
    if (constraint->kind == CONSTRAINT_FOREIGN_KEY)
        predictor_lock_table(predictor, constraint->referenced, mode, REACH_PARTITIONS, true);
    if (constraint->kind != CONSTRAINT_PRIMARY_KEY && constraint->kind != CONSTRAINT_UNIQUE)
        return;
    for (guint i = 0; i < table->referenced_by->len; i++) {
        const ModelConstraint *key = table->referenced_by->pdata[i];
        if (same_names(referenced_columns(key), constraint->columns))
            predictor_lock_table(predictor, key->table, mode, REACH_PARTITIONS, true);
    }
}

static void
lock_column(Predictor *predictor, const ModelTable *table, const char *column, LockMode mode)
{
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *key = table->constraints->pdata[i];
        if (key->kind == CONSTRAINT_FOREIGN_KEY && predictor_has_name(key->columns, column))
            predictor_lock_table(predictor, key->referenced, mode, REACH_PARTITIONS, true);
    }
    for (guint i = 0; i < table->referenced_by->len; i++) {
        const ModelConstraint *key = table->referenced_by->pdata[i];
        if (predictor_has_name(referenced_columns(key), column))
            predictor_lock_table(predictor, key->table, mode, REACH_PARTITIONS, true);
    }
}

static bool
is_inherited(const ModelTable *table, const char *name)
{
    const ModelConstraint *constraint = model_constraint(table, name);

    return constraint != NULL && constraint->kind == CONSTRAINT_CHECK && !constraint->no_inherit;
}

static void
lock_around(Predictor *predictor, const ModelTable *table, const SqlLock *lock)
{
    if (lock->reach & REACH_PARENT && table->parent != NULL && table->parent->partitioned)
        predictor_lock_table(predictor, table->parent, lock->mode, REACH_ITSELF, true);
    for (guint i = 0; lock->reach & REACH_DEFAULT && i < table->children->len; i++) {
        const ModelTable *child = table->children->pdata[i];
        if (child->is_default_partition)
            predictor_lock_table(predictor, child, LOCK_ACCESS_EXCLUSIVE, REACH_ITSELF, true);
    }
    if (lock->reach & REACH_REFERENCED)
        lock_referenced(predictor, table, lock->mode);
    if (lock->reach & REACH_REFERENCING)
        lock_referencing(predictor, table, lock->mode);
    if (lock->reach & REACH_CONSTRAINT)
        lock_constraint(predictor, table, lock->detail, lock->mode);
    if (lock->reach & REACH_INHERITED && is_inherited(table, lock->detail))
        predictor_lock_table(predictor, table, lock->mode, REACH_CHILDREN, false);
    if (lock->reach & REACH_COLUMN)
        lock_column(predictor, table, lock->detail, lock->mode);
}

/* The template is gone before the prediction is. */
static const char *
keep(Predictor *predictor, const char *name)
{
    Prediction *prediction = predictor->prediction;

    if (name == NULL)
        return NULL;
    if (prediction->strings == NULL)
        prediction->strings = g_string_chunk_new(128);
    return g_string_chunk_insert(prediction->strings, name);
}

/* What the model does not hold: by its name, unless the model holds all that there is. */
static void
lock_unknown(Predictor *predictor, const SqlLock *lock)
{
    const ModelType *type = model_type(predictor->model, (DdlName){lock->schema, lock->name});
    const bool is_composite = type != NULL && type->kind == MODEL_COMPOSITE;

    if ((model_is_complete(predictor->model) && !is_composite) ||
        lock->reach & (REACH_INDEXED_TABLE | REACH_OTHERS))
        return;
    add_lock(predictor,
             (PredictedLock){.name = {keep(predictor, lock->schema), keep(predictor, lock->name)},
                             .kind = lock->kind,
                             .mode = lock->mode});
}

/* The tables that are made of a type change with it. */
static void
lock_made_of(Predictor *predictor, const SqlLock *lock)
{
    g_autoptr(GPtrArray) tables =
        model_tables_of_type(predictor->model, (DdlName){lock->schema, lock->name});

    for (guint i = 0; i < tables->len; i++)
        predictor_lock_table(predictor, tables->pdata[i], lock->mode, REACH_CHILDREN, true);
}

static void
resolve(Predictor *predictor, const SqlLock *lock)
{
    const DdlName name = {lock->schema, lock->name};
    const ModelTable *table = model_table(predictor->model, name);
    const ModelIndex *index = table == NULL ? model_index(predictor->model, name) : NULL;

    if (index != NULL && lock->reach & REACH_INDEXED_TABLE) {
        predictor_lock_table(predictor, index->table, lock->mode,
                             lock->reach & (REACH_PARTITIONS | REACH_CHILDREN), true);
    } else if (index != NULL) {
        lock_index(predictor, index, lock->mode, false);
    } else if (table == NULL) {
        lock_unknown(predictor, lock);
        lock_made_of(predictor, lock);
    } else {
        if (!(lock->reach & REACH_OTHERS))
            predictor_lock_table(predictor, table, lock->mode, lock->reach, false);
        lock_around(predictor, table, lock);
    }
}

/* Sequences of @table, or of one of its columns. */
static void
lock_sequences(Predictor *predictor, const ModelTable *table, const char *column, LockMode mode)
{
    const GPtrArray *tables = model_tables(predictor->model);

    for (guint i = 0; i < tables->len; i++) {
        const ModelTable *sequence = tables->pdata[i];
        if (sequence->owned_by == table &&
            (column == NULL || g_strcmp0(sequence->owned_by_column, column) == 0))
            predictor_lock_table(predictor, sequence, mode, REACH_ITSELF, true);
    }
}

/* Views that read a relation, and views of those, go with it by CASCADE. */
static void
lock_readers(Predictor *predictor, const ModelTable *table, const char *column)
{
    for (guint i = 0; i < table->read_by->len; i++) {
        const ModelTable *view = table->read_by->pdata[i];
        bool reads = column == NULL;

        for (guint k = 0; k < view->reads->len && !reads; k++) {
            const ModelRead *read = view->reads->pdata[k];
            reads = read->table == table && g_strcmp0(read->column, column) == 0;
        }
        if (!reads)
            continue;
        predictor_lock_table(predictor, view, LOCK_ACCESS_EXCLUSIVE, REACH_ITSELF, true);
        lock_readers(predictor, view, NULL);
    }
}

static void
lock_users(Predictor *predictor, DdlName type, LockMode mode)
{
    g_autoptr(GPtrArray) users = model_users_of_type(predictor->model, type);

    for (guint i = 0; i < users->len; i++)
        predictor_lock_table(predictor, users->pdata[i], mode, REACH_PARTITIONS, true);
}

static void
lock_schema(Predictor *predictor, const char *schema)
{
    const GPtrArray *tables = model_tables(predictor->model);

    for (guint i = 0; i < tables->len; i++) {
        const ModelTable *table = tables->pdata[i];
        if (g_strcmp0(table->schema, schema) != 0)
            continue;
        predictor_lock_table(predictor, table, LOCK_ACCESS_EXCLUSIVE, REACH_ITSELF, true);
        lock_referenced(predictor, table, LOCK_ACCESS_EXCLUSIVE);
        lock_referencing(predictor, table, LOCK_ACCESS_EXCLUSIVE);
        lock_readers(predictor, table, NULL);
    }
}

static void
lock_dropped(Predictor *predictor, const DdlChange *change, const ModelTable *table)
{
    if (change->object != PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION)
        predictor->prediction->unknown &= !model_is_complete(predictor->model);
    switch ((int) change->object) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
        lock_schema(predictor, change->relation.name);
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
        if (change->cascade)
            lock_users(predictor, change->relation, LOCK_ACCESS_EXCLUSIVE);
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE:
        if (table == NULL)
            break;
        lock_sequences(predictor, table, NULL, LOCK_ACCESS_EXCLUSIVE);
        if (change->cascade)
            lock_readers(predictor, table, NULL);
        break;
    default:
        break;
    }
}

/* A domain's constraint is checked in every table that has a column of it. */
static void
lock_domain(Predictor *predictor, const DdlChange *change)
{
    const bool reads = change->kind == CHANGE_VALIDATE_CONSTRAINT ||
                       (change->kind == CHANGE_ADD_CONSTRAINT && !change->constraint->not_valid) ||
                       (change->kind == CHANGE_ALTER_DOMAIN &&
                        g_strcmp0(change->text, "not null") == 0 && !change->removes);

    if (reads)
        lock_users(predictor, change->relation, LOCK_SHARE);
    predictor->prediction->unknown &= reads && !model_is_complete(predictor->model);
}

static void
lock_reindexed(Predictor *predictor, const DdlChange *change, const ModelTable *table)
{
    for (guint i = 0; table != NULL && !change->concurrently && i < table->indexes->len; i++)
        lock_index(predictor, table->indexes->pdata[i], LOCK_ACCESS_EXCLUSIVE, true);
}

typedef struct {
    const Model *model;
    bool found;
} UserCalls;

static bool
note_call(DdlName name, int n_arguments, DdlVolatility *ret_volatility, const void *data)
{
    UserCalls *calls = (UserCalls *) data;
    const bool known = model_function_volatility(name, n_arguments, ret_volatility, calls->model);

    calls->found |= !known || *ret_volatility == VOLATILITY_VOLATILE;
    return known;
}

/* Does a query call what may lock anything: a function that is not the server's own? */
static bool
calls_unknown(const Model *model, const PgQuery__Node *query)
{
    const UserCalls calls = {.model = model};

    return ddl_is_volatile(query, note_call, &calls, NULL) == KNOWN_MAYBE || calls.found;
}

/* What the template cannot tell, for it hangs on objects that the statement does not name. */
static void
lock_hidden(Predictor *predictor, const DdlChange *change)
{
    const ModelTable *table = model_table(predictor->model, change->relation);

    if (change->object == PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN && change->kind != CHANGE_DROP) {
        lock_domain(predictor, change);
        return;
    }
    switch ((int) change->kind) {
    case CHANGE_DROP:
        lock_dropped(predictor, change, table);
        break;
    case CHANGE_REINDEX:
        lock_reindexed(predictor, change, table);
        break;
    case CHANGE_REFRESH:
        if (table != NULL && !change->no_data)
            lock_read(predictor, table, LOCK_ACCESS_SHARE);
        break;
    case CHANGE_LOCK:
        if (table != NULL && table->kind == MODEL_VIEW && change->mode > LOCK_ROW_EXCLUSIVE)
            lock_read(predictor, table, change->mode);
        break;
    case CHANGE_TRUNCATE:
        if (table != NULL && change->restart_identity)
            lock_sequences(predictor, table, NULL, LOCK_ACCESS_EXCLUSIVE);
        break;
    case CHANGE_SET_IDENTITY:
        if (table != NULL)
            lock_sequences(predictor, table, change->column, LOCK_SHARE_ROW_EXCLUSIVE);
        break;
    case CHANGE_DROP_IDENTITY:
        if (table != NULL)
            lock_sequences(predictor, table, change->column, LOCK_ACCESS_EXCLUSIVE);
        break;
    case CHANGE_DROP_COLUMN:
        if (table != NULL) {
            lock_sequences(predictor, table, change->column, LOCK_ACCESS_EXCLUSIVE);
            if (change->cascade)
                lock_readers(predictor, table, change->column);
        }
        break;
    case CHANGE_VALIDATE_CONSTRAINT:
        predictor_validate_locks(predictor, change, table);
        break;
    case CHANGE_GRANT:
        if (predictor->major >= 18 && table != NULL)
            predictor_lock_table(predictor, table, LOCK_ACCESS_SHARE, REACH_ITSELF, false);
        break;
    case CHANGE_ADD_CONSTRAINT:
        if (table != NULL)
            predictor_constraint_locks(predictor, change, table);
        break;
    case CHANGE_SELECT:
        predictor->prediction->unknown = calls_unknown(predictor->model, change->query);
        break;
    default:
        break;
    }
}

void
predictor_add_locks(Predictor *predictor, const SqlStatement *statement)
{
    g_autoptr(GPtrArray) template = sql_statement_locks(statement, &predictor->prediction->unknown);
    const guint count = ddl_changes_count(predictor->changes);

    for (guint i = 0; i < template->len; i++)
        resolve(predictor, template->pdata[i]);
    for (guint i = 0; i < count; i++)
        lock_hidden(predictor, ddl_changes_get(predictor->changes, i));
}
