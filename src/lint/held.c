#include "lint/held.h"

enum { ORDERS_MOST = 200000 };

static void
lock_free(SessionLock *lock)
{
    g_free(lock->name);
    g_free(lock);
}

static SessionLock *
lock_copy(const SessionLock *lock)
{
    SessionLock *copy = g_memdup2(lock, sizeof *lock);

    copy->name = g_strdup(lock->name);
    return copy;
}

GPtrArray *
held_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify) lock_free);
}

GPtrArray *
held_copy(const GPtrArray *locks)
{
    GPtrArray *copies = held_new();

    for (guint i = 0; i < locks->len; i++)
        g_ptr_array_add(copies, lock_copy(locks->pdata[i]));
    return copies;
}

void
held_look_up(const GPtrArray *held, guint from, const Model *model)
{
    for (guint i = from; i < held->len; i++) {
        SessionLock *lock = held->pdata[i];

        lock->table = model_table(model, lock->relation);
    }
}

/* Of rows, columns, constraints and indexes; what goes with a column is not only its own. */
static bool
keeps_tables(const DdlChange *change)
{
    return !change->cascade && change->kind != CHANGE_DROP_COLUMN &&
           ((change->kind >= CHANGE_ADD_COLUMN && change->kind <= CHANGE_CREATE_INDEX) ||
            (change->kind >= CHANGE_INSERT && change->kind <= CHANGE_COPY) ||
            change->kind == CHANGE_COMMENT || change->kind == CHANGE_GRANT);
}

bool
held_stays(const DdlChanges *changes)
{
    for (guint i = 0; i < ddl_changes_count(changes); i++)
        if (!keeps_tables(ddl_changes_get(changes, i)))
            return false;
    return true;
}

static SessionLock *
find_lock(GPtrArray *locks, const PredictedLock *wanted)
{
    for (guint i = 0; i < locks->len; i++) {
        SessionLock *lock = locks->pdata[i];
        if (wanted->table != NULL
                ? lock->table == wanted->table
                : lock->table == NULL && g_strcmp0(lock->relation.name, wanted->name.name) == 0 &&
                      g_strcmp0(lock->relation.schema, wanted->name.schema) == 0)
            return lock;
    }
    return NULL;
}

void
held_add(GPtrArray *held, const PredictedLock *taken, const LintUnit *unit)
{
    SessionLock *lock = find_lock(held, taken);

    if (lock == NULL) {
        lock = g_new0(SessionLock, 1);
        *lock = (SessionLock){.name = taken->table ? model_table_label(taken->table)
                                                   : ddl_name_label(taken->name),
                              .relation = taken->name,
                              .table = taken->table,
                              .kind = taken->kind,
                              .is_new = taken->is_new,
                              .since = unit};
        g_ptr_array_add(held, lock);
    }
    lock->mode = MAX(lock->mode, taken->mode);
}

static void
record_order(GHashTable *orders, const SessionLock *first, const SessionLock *then)
{
    char *key;

    if (first->is_new || then->is_new || first->since == then->since ||
        MAX(first->mode, then->mode) < LOCK_SHARE_ROW_EXCLUSIVE)
        return;
    key = g_strdup_printf("%s\n%s", first->name, then->name);
    if (g_hash_table_contains(orders, key)) {
        g_free(key);
        return;
    }
    g_hash_table_insert(
        orders, key,
        g_strdup_printf("%s:%d", then->since->file->path,
                        lint_file_place(then->since->file, then->since->start).line));
}

void
held_record_orders(const GPtrArray *held, GHashTable *orders)
{
    const guint count = MIN(held->len, SESSION_ORDERED);

    for (guint i = 0; i < count && g_hash_table_size(orders) < ORDERS_MOST; i++)
        for (guint k = i + 1; k < count; k++)
            record_order(orders, held->pdata[i], held->pdata[k]);
}
