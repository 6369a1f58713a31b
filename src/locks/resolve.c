#include <stdlib.h>

#include "base/json.h"
#include "locks/embedded.h"
#include "locks/locks.h"

/* A need while its place in the order is looked for. */
typedef struct {
    LockNeed *need;
    GArray *parents; /* guint32: oids of needs that come before it */
    guint rank;      /* how many are above it, along the longest way */
} Placed;

enum { RANK_MOST = 64 };

void
lock_need_free(LockNeed *need)
{
    if (need == NULL)
        return;
    g_free(need->quoted);
    g_free(need);
}

static void
placed_free(Placed *placed)
{
    lock_need_free(placed->need);
    g_array_unref(placed->parents);
    g_free(placed);
}

static json_t *
template_of(const SqlLock *lock)
{
    g_autofree char *quoted = lock->schema != NULL ? pg_quote_qualified(lock->schema, lock->name)
                                                   : pg_quote_identifier(lock->name);

    return json_pack("{s:s, s:i, s:i, s:s?}", "name", quoted, "mode", (int) lock->mode, "reach",
                     (int) lock->reach, "detail", lock->detail);
}

/* The templates of all statements as the query takes them. Caller frees. */
static char *
templates_of(GPtrArray *statements, bool *ret_unknown)
{
    g_autoptr(json_t) list = json_array();

    *ret_unknown = false;
    for (guint i = 0; i < statements->len; i++) {
        bool unknown;
        g_autoptr(GPtrArray) locks = sql_statement_locks(statements->pdata[i], &unknown);

        *ret_unknown |= unknown;
        for (guint k = 0; k < locks->len; k++)
            json_array_append_new(list, template_of(locks->pdata[k]));
    }
    return json_dumps(list, JSON_COMPACT);
}

static Placed *
read_need(const PgRows *rows, int row)
{
    Placed *placed = g_new0(Placed, 1);
    g_auto(GStrv) parents = g_strsplit(pg_text(rows, row, 5), " ", -1);

    placed->need = g_new0(LockNeed, 1);
    placed->need->oid = (guint32) pg_integer(rows, row, 0);
    placed->need->quoted = g_strdup(pg_text(rows, row, 1));
    placed->need->kind = pg_text(rows, row, 2)[0];
    placed->need->mode = (LockMode) pg_integer(rows, row, 3);
    placed->need->lockable = pg_bool(rows, row, 4);
    placed->parents = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (char **parent = parents; *parent; parent++) {
        const guint32 oid = (guint32) strtoul(*parent, NULL, 10);
        if (oid != 0)
            g_array_append_val(placed->parents, oid);
    }
    return placed;
}

/* Raises the rank above the parents'; false if it was already. */
static bool
raise_rank(Placed *placed, GHashTable *by_oid)
{
    const guint before = placed->rank;

    for (guint i = 0; i < placed->parents->len; i++) {
        const guint32 oid = g_array_index(placed->parents, guint32, i);
        const Placed *parent = g_hash_table_lookup(by_oid, GUINT_TO_POINTER(oid));

        if (parent != NULL)
            placed->rank = MAX(placed->rank, parent->rank + 1);
    }
    return placed->rank != before;
}

/* Foreign keys may form a ring: then it ends after RANK_MOST rounds, in an order that is still the
 * same for everybody. */
static void
rank(GPtrArray *all)
{
    g_autoptr(GHashTable) by_oid = g_hash_table_new(g_direct_hash, g_direct_equal);
    bool moved = true;

    for (guint i = 0; i < all->len; i++) {
        Placed *placed = all->pdata[i];
        g_hash_table_insert(by_oid, GUINT_TO_POINTER(placed->need->oid), placed);
    }
    for (int round = 0; moved && round < RANK_MOST; round++) {
        moved = false;
        for (guint i = 0; i < all->len; i++)
            moved |= raise_rank(all->pdata[i], by_oid);
    }
}

static int
compare_placed(const void *a, const void *b)
{
    const Placed *left = *(Placed *const *) a, *right = *(Placed *const *) b;

    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    return left->need->oid < right->need->oid ? -1 : left->need->oid > right->need->oid;
}

GPtrArray *
locks_resolve(PgConn *conn, GPtrArray *statements, bool *ret_unknown, GError **error)
{
    bool unknown;
    char *json = templates_of(statements, &unknown);
    g_autoptr(PgRows) rows = pg_query(conn, error, sql_resolve_locks, json);
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify) placed_free);
    GPtrArray *needs;

    free(json);
    if (rows == NULL)
        return NULL;
    for (int i = 0; i < pg_rows_count(rows); i++)
        g_ptr_array_add(all, read_need(rows, i));
    rank(all);
    g_ptr_array_sort(all, compare_placed);
    needs = g_ptr_array_new_with_free_func((GDestroyNotify) lock_need_free);
    for (guint i = 0; i < all->len; i++) {
        Placed *placed = all->pdata[i];
        g_ptr_array_add(needs, g_steal_pointer(&placed->need));
    }
    *ret_unknown = unknown;
    return needs;
}
