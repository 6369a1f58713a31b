#include "ledger/quarantine.h"

#include "ledger/tenant.h"

void
ledger_quarantined_free(LedgerQuarantined *row)
{
    if (row == NULL)
        return;
    g_free(row->revision);
    g_free(row->relation);
    g_free(row->key);
    g_free(row->tid);
    g_free(row->xmin);
    g_free(row->sqlstate);
    g_free(row->message);
    g_free(row->found_at);
    g_free(row->reason);
    g_free(row->skipped_by);
    g_free(row);
}

static LedgerQuarantined *
read_row(const PgConn *conn, const PgRows *rows, int i)
{
    LedgerQuarantined *row = g_new0(LedgerQuarantined, 1);

    row->revision = g_strdup(ledger_id(conn, pg_text(rows, i, 0)));
    row->relation = g_strdup(pg_text(rows, i, 1));
    row->key = g_strdup(pg_text(rows, i, 2));
    row->tid = g_strdup(pg_text(rows, i, 3));
    row->xmin = g_strdup(pg_text(rows, i, 4));
    row->sqlstate = g_strdup(pg_text(rows, i, 5));
    row->message = g_strdup(pg_text(rows, i, 6));
    row->found_at = g_strdup(pg_text(rows, i, 7));
    row->skipped = pg_bool(rows, i, 8);
    row->reason = row->skipped ? g_strdup(pg_text(rows, i, 9)) : NULL;
    row->skipped_by = row->skipped ? g_strdup(pg_text(rows, i, 10)) : NULL;
    return row;
}

GPtrArray *
ledger_load_quarantine(PgConn *conn, const char *revision, gint64 backfill, GError **error)
{
    g_autofree char *key = ledger_key(conn, revision);
    g_autofree char *id = backfill ? g_strdup_printf("%" G_GINT64_FORMAT, backfill) : NULL;
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT b.revision, b.relation, q.key, q.tid, q.version, q.sqlstate, q.message, "
                 "       q.found_at, q.skipped, q.reason, q.skipped_by "
                 "FROM sluice.quarantine q JOIN sluice.backfill b ON b.id = q.backfill "
                 "JOIN sluice.revision r ON r.id = b.revision "
                 "WHERE ($1::text IS NULL OR b.revision = $1) "
                 "  AND ($2::bigint IS NULL OR q.backfill = $2) "
                 "  AND ($2::bigint IS NOT NULL OR r.tenant = $3) "
                 "ORDER BY r.ordinal, b.ordinal, q.key",
                 key, id, ledger_tenant(conn));
    GPtrArray *list = NULL;

    if (rows == NULL)
        return NULL;
    list = g_ptr_array_new_with_free_func((GDestroyNotify) ledger_quarantined_free);
    for (int i = 0; i < pg_rows_count(rows); i++)
        g_ptr_array_add(list, read_row(conn, rows, i));
    return list;
}

guint
ledger_count_open(const GPtrArray *rows)
{
    guint open = 0;

    for (guint i = 0; i < rows->len; i++)
        open += !((const LedgerQuarantined *) rows->pdata[i])->skipped;
    return open;
}

bool
ledger_quarantine_row(PgConn *conn, gint64 backfill, const LedgerQuarantined *row, GError **error)
{
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, backfill);

    return pg_exec(conn, error,
                   "INSERT INTO sluice.quarantine (backfill, key, tid, version, sqlstate, message) "
                   "VALUES ($1, $2, $3, $4, $5, $6) "
                   "ON CONFLICT (backfill, key) DO UPDATE SET tid = excluded.tid, "
                   "    version = excluded.version, sqlstate = excluded.sqlstate, "
                   "    message = excluded.message",
                   id, row->key, row->tid, row->xmin, row->sqlstate, row->message);
}

bool
ledger_release_row(PgConn *conn, gint64 backfill, const LedgerQuarantined *row, GError **error)
{
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, backfill);

    return pg_exec(conn, error,
                   "WITH gone AS (DELETE FROM sluice.quarantine "
                   "    WHERE backfill = $1 AND key = $2 RETURNING backfill) "
                   "UPDATE sluice.backfill SET again = true "
                   "WHERE id IN (SELECT backfill FROM gone)",
                   id, row->key);
}

bool
ledger_retry_rows(PgConn *conn, const char *revision, gint64 *ret_count, GError **error)
{
    g_autofree char *key = ledger_key(conn, revision);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "WITH gone AS (DELETE FROM sluice.quarantine q USING sluice.backfill b "
                 "    WHERE b.id = q.backfill AND b.revision = $1 AND NOT q.skipped "
                 "    RETURNING q.backfill), "
                 "  again AS (UPDATE sluice.backfill SET again = true "
                 "    WHERE id IN (SELECT backfill FROM gone)) "
                 "SELECT count(*) FROM gone",
                 key);

    if (rows == NULL)
        return false;
    *ret_count = pg_integer(rows, 0, 0);
    return true;
}

bool
ledger_skip_row(PgConn *conn, const char *revision, const char *key, const char *reason,
                gint64 *ret_count, GError **error)
{
    g_autofree char *actor = ledger_actor();
    g_autofree char *of = ledger_key(conn, revision);
    const char *const params[] = {of, key, reason, actor};

    return pg_exec_array(conn,
                         "UPDATE sluice.quarantine q SET skipped = true, reason = $3, "
                         "    skipped_by = $4, skipped_at = clock_timestamp() "
                         "FROM sluice.backfill b "
                         "WHERE b.id = q.backfill AND b.revision = $1 AND q.key = $2",
                         params, G_N_ELEMENTS(params), ret_count, error);
}
