#include "backfill/leftover.h"

#include "backfill/form.h"
#include "backfill/row.h"
#include "ledger/quarantine.h"

bool
leftover_find(PgConn *conn, const BackfillTask *task, const GPtrArray *quarantine, bool *ret_found,
              GError **error)
{
    g_autofree char *others = row_excluding("t", quarantine);
    g_autofree char *source = others ? row_source(task->table, others) : NULL;
    g_autofree char *left = form_left(task, NULL, source);
    g_autofree char *sql = g_strdup_printf("SELECT EXISTS (%s)", left);
    g_autoptr(PgRows) rows = pg_query(conn, error, sql);

    if (rows == NULL)
        return false;
    *ret_found = pg_bool(rows, 0, 0);
    return true;
}

/* Takes out of @done those that have none. */
static bool
keep_unfinished(PgConn *conn, GPtrArray *done, GError **error)
{
    for (guint i = done->len; i > 0; i--) {
        const BackfillTask *task = done->pdata[i - 1];
        g_autoptr(GPtrArray) quarantine = ledger_load_quarantine(conn, NULL, task->id, error);
        bool found = false;

        if (quarantine == NULL || !leftover_find(conn, task, quarantine, &found, error))
            return false;
        if (!found)
            g_ptr_array_remove_index(done, i - 1);
    }
    return true;
}

static bool
look(PgConn *conn, GPtrArray *done, GError **error)
{
    bool looked = pg_begin(conn, error) &&
                  pg_exec(conn, error, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ") &&
                  keep_unfinished(conn, done, error);

    pg_rollback(conn);
    return looked;
}

bool
leftover_reopen(PgConn *conn, GPtrArray *done, GPtrArray *tasks, GError **error)
{
    if (done->len > 0 && !look(conn, done, error))
        return false;
    while (done->len > 0) {
        BackfillTask *task = g_ptr_array_steal_index(done, done->len - 1);
        gint64 pages = 0;

        g_ptr_array_add(tasks, task);
        if (!backfill_task_pages(conn, task, &pages, error) ||
            !ledger_reopen_backfill(conn, task->id, MAX(pages, 0), error))
            return false;
    }
    return true;
}
