#include "backfill/status.h"

#include "pg/lock.h"

static void
index_free(BackfillIndex *index)
{
    g_free(index->name);
    g_free(index);
}

void
backfill_status_free(BackfillStatus *status)
{
    ledger_backfill_free(status->backfill);
    g_clear_pointer(&status->quarantine, g_ptr_array_unref);
    g_clear_pointer(&status->throttles, g_ptr_array_unref);
    g_clear_pointer(&status->indexes, g_ptr_array_unref);
    g_free(status);
}

GArray *
backfill_worker_pids(PgConn *conn, gint64 backfill, GError **error)
{
    const gint64 key = pg_lock_key(PG_LOCK_RANGE, backfill, 0);
    g_autofree char *high = g_strdup_printf("%u", (guint32) ((guint64) key >> 32));
    g_autoptr(PgRows) rows = pg_query(
        conn, error,
        "SELECT DISTINCT pid FROM pg_locks "
        "WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = $1::oid "
        "  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        high);
    GArray *pids = NULL;

    if (rows == NULL)
        return NULL;
    pids = g_array_new(FALSE, FALSE, sizeof(int));
    for (int i = 0; i < pg_rows_count(rows); i++) {
        const int pid = (int) pg_integer(rows, i, 0);

        g_array_append_val(pids, pid);
    }
    return pids;
}

static bool
count_workers(PgConn *conn, BackfillStatus *status, GError **error)
{
    g_autoptr(GArray) pids = backfill_worker_pids(conn, status->backfill->id, error);

    if (pids == NULL)
        return false;
    status->workers = (int) pids->len;
    return true;
}

/* The sum of those that were there before, and their growth. */
static void
compare_indexes(BackfillStatus *status)
{
    gint64 before = 0, now = 0;

    for (guint i = 0; i < status->indexes->len; i++) {
        const BackfillIndex *index = status->indexes->pdata[i];

        before += index->before;
        now += index->before > 0 ? index->now : 0;
    }
    if (before > 0)
        status->index_growth = (double) now / (double) before;
}

static bool
measure_indexes(PgConn *conn, BackfillStatus *status, GError **error)
{
    const LedgerBackfill *backfill = status->backfill;
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT indexrelid::regclass, coalesce(pg_relation_size(indexrelid), 0) "
                 "FROM pg_index WHERE indrelid = to_regclass($1) ORDER BY 1::text",
                 backfill->relation);

    status->indexes = g_ptr_array_new_with_free_func((GDestroyNotify) index_free);
    if (rows == NULL)
        return false;
    for (int i = 0; i < pg_rows_count(rows); i++) {
        const char *name = pg_text(rows, i, 0);
        BackfillIndex *index = g_new0(BackfillIndex, 1);

        index->name = g_strdup(name);
        index->now = pg_integer(rows, i, 1);
        index->before = json_integer_value(json_object_get(backfill->indexes_before, name));
        g_ptr_array_add(status->indexes, index);
    }
    compare_indexes(status);
    return true;
}

static bool
measure_table(PgConn *conn, BackfillStatus *status, GError **error)
{
    const LedgerBackfill *backfill = status->backfill;
    g_autoptr(PgRows) rows = pg_query(
        conn, error, "SELECT coalesce(pg_relation_size(to_regclass($1)), 0)", backfill->relation);

    if (rows == NULL)
        return false;
    status->size = pg_integer(rows, 0, 0);
    status->hot_share =
        backfill->updates > 0 ? (double) backfill->hot_updates / (double) backfill->updates : -1;
    if (backfill->size_before > 0)
        status->growth = (double) status->size / (double) backfill->size_before;
    return measure_indexes(conn, status, error);
}

static const char *
name_state(const BackfillStatus *status)
{
    const LedgerBackfill *backfill = status->backfill;

    if (backfill->state != LEDGER_BACKFILL_RUNNING)
        return ledger_backfill_state_name(backfill->state);
    if (backfill->wanted == LEDGER_WANT_CANCEL)
        return "cancelling";
    if (backfill->wanted == LEDGER_WANT_PAUSE)
        return "paused";
    if (status->workers == 0)
        return "stopped";
    return backfill->throttle ? "throttled" : "running";
}

static void
derive(BackfillStatus *status)
{
    const LedgerBackfill *backfill = status->backfill;
    const gint64 worked_ms = backfill->elapsed_ms - backfill->throttled_ms;

    status->state = name_state(status);
    status->share = backfill->state == LEDGER_BACKFILL_DONE ? 1
                    : backfill->end_page > 0
                        ? (double) backfill->pages_done / (double) backfill->end_page
                        : 0;
    status->rows_per_s = worked_ms > 0 ? 1000.0 * (double) backfill->rows / (double) worked_ms : 0;
}

GPtrArray *
backfill_load_status(PgConn *conn, const char *revision, GError **error)
{
    g_autoptr(GPtrArray) rows = ledger_load_backfills(conn, revision, error);
    g_autoptr(GPtrArray) list =
        g_ptr_array_new_with_free_func((GDestroyNotify) backfill_status_free);

    if (rows == NULL)
        return NULL;
    for (guint i = 0; i < rows->len; i++) {
        BackfillStatus *status = g_new0(BackfillStatus, 1);

        status->backfill = g_steal_pointer(&rows->pdata[i]);
        g_ptr_array_add(list, status);
        status->quarantine = ledger_load_quarantine(conn, NULL, status->backfill->id, error);
        status->throttles = ledger_load_throttles(conn, status->backfill->id, error);
        if (status->quarantine == NULL || status->throttles == NULL ||
            !count_workers(conn, status, error) || !measure_table(conn, status, error))
            return NULL;
        derive(status);
    }
    return g_steal_pointer(&list);
}
