/* New partitions: which rows are read to see that they are within the bounds. */
#include "locks/predictor.h"

static bool
checks_column(const ModelTable *table, const char *column)
{
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *check = table->constraints->pdata[i];
        g_autoptr(GPtrArray) read = g_ptr_array_new();

        if (check->kind != CONSTRAINT_CHECK || !check->valid || check->expression == NULL)
            continue;
        ddl_columns_read(check->expression, read);
        for (guint k = 0; k < read->len; k++) {
            if (g_strcmp0(read->pdata[k], column) == 0)
                return true;
        }
    }
    return false;
}

static bool
checks_key(const ModelTable *table, const ModelTable *parent)
{
    for (guint i = 0; i < parent->partition_key->len; i++)
        if (checks_column(table, parent->partition_key->pdata[i]))
            return true;
    return parent->partition_key->len == 0; /* an expression, or not known */
}

static void
scan_unless_implied(Predictor *predictor, const ModelTable *parent, const ModelTable *table,
                    const DdlChange *change)
{
    const char *column =
        parent != NULL && parent->partition_key->len == 1 ? parent->partition_key->pdata[0] : NULL;
    Known implied = KNOWN_MAYBE;

    if (table != NULL && column != NULL && change->bound != NULL)
        implied = predictor_implies_bound(table, column, change->bound);
    else if (table != NULL && parent != NULL && table->columns_known && !checks_key(table, parent))
        implied = KNOWN_NO;
    if (implied == KNOWN_YES)
        return;
    predictor_work(predictor, WORK_SCAN, table, g_strdup("its rows are compared with the bounds"),
                   implied == KNOWN_MAYBE ? g_strdup("whether a valid CHECK implies the bounds")
                                          : NULL);
}

/* The default partition loses the new bounds: a CHECK that excludes them is rare, and is the
 * negation of a bound, in whatever form. */
static void
scan_default(Predictor *predictor, const ModelTable *parent)
{
    for (guint i = 0; parent != NULL && i < parent->children->len; i++) {
        const ModelTable *child = parent->children->pdata[i];
        const char *column =
            parent->partition_key->len == 1 ? parent->partition_key->pdata[0] : NULL;

        if (child->is_default_partition)
            predictor_work(predictor, WORK_SCAN, child,
                           g_strdup("it is searched for rows of the new partition"),
                           column == NULL || checks_column(child, column)
                               ? g_strdup("whether a valid CHECK excludes the bounds")
                               : NULL);
    }
}

/* The parent's indexes that the partition lacks are built. */
static void
build_missing(Predictor *predictor, const ModelTable *parent, const ModelTable *partition)
{
    for (guint i = 0; i < parent->indexes->len; i++) {
        const ModelIndex *wanted = parent->indexes->pdata[i];
        bool found = false;

        for (guint k = 0; k < partition->indexes->len && !found; k++) {
            const ModelIndex *index = partition->indexes->pdata[k];
            found = index->unique == wanted->unique && index->valid == KNOWN_YES &&
                    index->columns->len == wanted->columns->len;
            for (guint n = 0; found && n < wanted->columns->len; n++)
                found = g_strcmp0(index->columns->pdata[n], wanted->columns->pdata[n]) == 0;
        }
        if (!found)
            predictor_work(predictor, WORK_BUILD, partition,
                           g_strdup_printf("an index like %s is built", wanted->name), NULL);
    }
}

/* The parent's foreign keys hold for the partition's rows too. */
static void
verify_keys(Predictor *predictor, const ModelTable *parent, const ModelTable *partition)
{
    for (guint i = 0; i < parent->constraints->len; i++) {
        const ModelConstraint *key = parent->constraints->pdata[i];
        const DdlConstraint like = {.columns = key->columns,
                                    .referenced = {NULL, key->referenced_name}};

        if (key->kind == CONSTRAINT_FOREIGN_KEY && !predictor_has_key(partition, &like))
            predictor_work(predictor, WORK_SCAN, partition,
                           g_strdup_printf("foreign key %s is verified", key->name), NULL);
    }
}

void
predictor_detach(Predictor *predictor, const ModelTable *parent)
{
    for (guint i = 0; i < parent->referenced_by->len; i++) {
        const ModelConstraint *key = parent->referenced_by->pdata[i];
        predictor_work(predictor, WORK_SCAN, key->table,
                       g_strdup("it is searched for references to the partition"), NULL);
    }
}

void
predictor_attach(Predictor *predictor, const DdlChange *change, const ModelTable *parent,
                 const ModelTable *partition)
{
    if (!change->is_default)
        scan_default(predictor, parent);
    if (change->kind != CHANGE_ATTACH_PARTITION)
        return;
    scan_unless_implied(predictor, parent, partition, change);
    if (parent != NULL && partition != NULL) {
        build_missing(predictor, parent, partition);
        verify_keys(predictor, parent, partition);
    }
}
