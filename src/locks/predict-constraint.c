/* Locks of constraints that hang on those that are there: of partitions, of the other side of a
 * key. */
#include "locks/predictor.h"

/* A foreign key that the partitions have already is attached to: that locks the referenced table as
 * if it were altered. */
static void
lock_attached_key(Predictor *predictor, const DdlChange *change, const ModelTable *table)
{
    const ModelTable *referenced = model_table(predictor->model, change->constraint->referenced);

    for (guint i = 0; table->partitioned && referenced != NULL && i < table->children->len; i++) {
        if (predictor_has_key(table->children->pdata[i], change->constraint))
            predictor_lock_table(predictor, referenced, LOCK_ACCESS_EXCLUSIVE, REACH_PARTITIONS,
                                 true);
    }
}

/* The rows of the referenced table are held while a foreign key is validated. */
void
predictor_validate_locks(Predictor *predictor, const DdlChange *change, const ModelTable *table)
{
    const ModelConstraint *key =
        table != NULL ? model_constraint(table, change->constraint_name) : NULL;

    if (key != NULL && key->kind == CONSTRAINT_FOREIGN_KEY && !key->valid)
        predictor_lock_table(predictor, key->referenced, LOCK_ROW_SHARE, REACH_PARTITIONS, true);
}

/* A primary key on columns that are NOT NULL already alters no partition. */
static void
relax_primary_key(Predictor *predictor, const DdlChange *change, const ModelTable *table)
{
    for (guint i = 0; i < change->constraint->columns->len; i++) {
        if (model_is_not_null(table, change->constraint->columns->pdata[i], false) != KNOWN_YES)
            return;
    }
    for (guint i = 0; i < predictor->prediction->locks->len; i++) {
        PredictedLock *lock = predictor->prediction->locks->pdata[i];
        if (lock->table != NULL && lock->table->parent == table)
            lock->mode = LOCK_SHARE;
    }
}

static bool
has_such_key(const ModelTable *table, const DdlConstraint *wanted)
{
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *key = table->constraints->pdata[i];
        bool same = key->kind == wanted->kind && key->columns->len == wanted->columns->len;

        for (guint k = 0; same && k < wanted->columns->len; k++)
            same = g_strcmp0(key->columns->pdata[k], wanted->columns->pdata[k]) == 0;
        if (same)
            return true;
    }
    return false;
}

/* A partition that has such a key already is attached as it is: nobody looks at its own. */
static void
spare_attached(Predictor *predictor, const DdlConstraint *key, const ModelTable *table)
{
    for (guint i = 0; i < table->children->len; i++) {
        const ModelTable *child = table->children->pdata[i];

        if (has_such_key(child, key))
            predictor_unlock_below(predictor, child);
        else
            spare_attached(predictor, key, child);
    }
}

/* The parent's CHECK NO INHERIT concerns no child, but from 18 on they are locked. From then on a
 * key of a partitioned table takes the strongest lock on the partitions too. */
void
predictor_constraint_locks(Predictor *predictor, const DdlChange *change, const ModelTable *table)
{
    const DdlConstraint *constraint = change->constraint;
    const bool is_key =
        constraint->kind == CONSTRAINT_UNIQUE || constraint->kind == CONSTRAINT_PRIMARY_KEY;

    if (constraint->kind == CONSTRAINT_FOREIGN_KEY)
        lock_attached_key(predictor, change, table);
    if (predictor->major >= 18 && (constraint->no_inherit || (table->partitioned && is_key)))
        predictor_lock_table(predictor, table, LOCK_ACCESS_EXCLUSIVE, REACH_CHILDREN, true);
    else if (is_key && table->partitioned && ddl_changes_count(predictor->changes) == 1) {
        if (constraint->kind == CONSTRAINT_PRIMARY_KEY)
            relax_primary_key(predictor, change, table);
        spare_attached(predictor, constraint, table);
    }
}
