#include "backfill/status.h"

#include "pg/lock.h"

static void
status_free(BackfillStatus *status)
{
    ledger_backfill_free(status->backfill);
    g_clear_pointer(&status->quarantine, g_ptr_array_unref);
    g_free(status);
}

static bool
count_workers(PgConn *conn, BackfillStatus *status, GError **error)
{
    const gint64 key = pg_lock_key(PG_LOCK_RANGE, status->backfill->id, 0);
    g_autofree char *high = g_strdup_printf("%u", (guint32) ((guint64) key >> 32));
    g_autoptr(PgRows) rows = pg_query(
        conn, error,
        "SELECT count(DISTINCT pid) FROM pg_locks "
        "WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = $1::oid "
        "  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        high);

    if (rows == NULL)
        return false;
    status->workers = (int) pg_integer(rows, 0, 0);
    return true;
}

static bool
measure_table(PgConn *conn, BackfillStatus *status, GError **error)
{
    const LedgerBackfill *backfill = status->backfill;
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT coalesce(pg_relation_size(t.oid), 0), coalesce(pg_indexes_size(t.oid), 0) "
                 "FROM (SELECT to_regclass($1)::oid AS oid) t",
                 backfill->relation);

    if (rows == NULL)
        return false;
    status->size = pg_integer(rows, 0, 0);
    status->hot_share =
        backfill->updates > 0 ? (double) backfill->hot_updates / (double) backfill->updates : -1;
    if (backfill->size_before > 0)
        status->growth = (double) status->size / (double) backfill->size_before;
    if (backfill->indexes_before > 0)
        status->index_growth = (double) pg_integer(rows, 0, 1) / (double) backfill->indexes_before;
    return true;
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
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify) status_free);

    if (rows == NULL)
        return NULL;
    for (guint i = 0; i < rows->len; i++) {
        BackfillStatus *status = g_new0(BackfillStatus, 1);

        status->backfill = g_steal_pointer(&rows->pdata[i]);
        g_ptr_array_add(list, status);
        status->quarantine = ledger_load_quarantine(conn, NULL, status->backfill->id, error);
        if (status->quarantine == NULL || !count_workers(conn, status, error) ||
            !measure_table(conn, status, error))
            return NULL;
        derive(status);
    }
    return g_steal_pointer(&list);
}
