#include "backfill/part.h"

#include "backfill/form.h"
#include "base/fault.h"
#include "sync/sync.h"

/* Long enough for any lock that is not an app's, short enough that an app which waits for a row of
 * ours does not feel that we wait for another one. */
enum { LOCK_TIMEOUT_MS = 10 };

static char *
page_range(const BackfillTask *task, gint64 first_page, gint64 end_page)
{
    const char *alias = task->statement->driving.alias;

    return g_strdup_printf("%s.ctid >= '(%" G_GINT64_FORMAT ",0)'::tid"
                           " AND %s.ctid < '(%" G_GINT64_FORMAT ",0)'::tid",
                           alias, first_page, alias, end_page);
}

/* The pages by a TID range scan, which needs no index and no plan; or the rows along the key. */
char *
part_range(const BackfillTask *task, const LedgerChunk *chunk)
{
    if (task->key)
        return key_condition(task->key, chunk->low, chunk->high);
    return page_range(task, chunk->first_page, chunk->end_page);
}

/* Of the slice every K-th row by its number on the page, so that each page loses as many, and the
 * next part finds their room. (By a hash of the place some pages lose more, and one row in three
 * moves where one in five must.) */
char *
part_bounds(const BackfillTask *task, const LedgerChunk *chunk)
{
    const int slices = task->key || chunk->parts == 1 ? 1 : PART_SLICES;
    const int slice = chunk->parts_done % slices;
    const gint64 pages = chunk->end_page - chunk->first_page;
    g_autofree char *range = slices == 1
                                 ? part_range(task, chunk)
                                 : page_range(task, chunk->first_page + pages * slice / slices,
                                              chunk->first_page + pages * (slice + 1) / slices);

    if (chunk->parts == 1)
        return g_steal_pointer(&range);
    return g_strdup_printf("%s AND get_byte(tidsend(%s.ctid), 5) %% %d = %d", range,
                           task->statement->driving.alias, chunk->parts / slices,
                           chunk->parts_done / slices);
}

char *
part_sql(const BackfillTask *task, const LedgerChunk *chunk, PartMode mode)
{
    g_autofree char *within = part_bounds(task, chunk);

    return mode == PART_BRISK ? form_statement(task, within) : form_claiming(task, within);
}

/* A crash of the server may undo the last parts, rows and checkpoint together: they are done again.
 * What says that all is done is flushed, and what was before it with it. */
bool
part_begin(PgConn *conn, const BackfillTask *task, GError **error)
{
    const guint32 written = task->statement->drives_target ? task->table->oid : task->target->oid;
    g_autofree char *revision = pg_quote_literal(task->synced ? task->revision : "");
    g_autofree char *mark = ledger_mark_part(written);
    g_autofree char *sql = g_strdup_printf(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = %d; "
        "SET LOCAL synchronous_commit = off; "
        "SET LOCAL " SYNC_SILENCE_SETTING " = %s; %s%s",
        LOCK_TIMEOUT_MS, revision, mark,
        task->key && task->statement->from == NULL ? "; SET LOCAL enable_seqscan = off" : "");

    return pg_exec_script(conn, sql, error);
}

/* Rows of the part that are still to do: what an app had locked. */
static bool
count_skipped(PgConn *conn, const BackfillTask *task, const LedgerChunk *chunk, gint64 *ret_skipped,
              GError **error)
{
    g_autofree char *within = part_bounds(task, chunk);
    g_autofree char *left = form_left(task, within, NULL);
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM (%s) AS sluice_left", left);
    g_autoptr(PgRows) rows = pg_query(conn, error, sql);

    if (rows == NULL)
        return false;
    *ret_skipped = pg_integer(rows, 0, 0);
    return true;
}

static bool
attempt(PgConn *conn, const BackfillTask *task, LedgerChunk *chunk, PartMode mode,
        PartResult *ret_result, GError **error)
{
    g_autofree char *sql = part_sql(task, chunk, mode);

    if (!part_begin(conn, task, error) ||
        !pg_exec_array(conn, sql, NULL, 0, &ret_result->rows, error))
        return false;
    FAULT_POINT("backfill-part-updated");
    if (mode == PART_PATIENT && !count_skipped(conn, task, chunk, &ret_result->skipped, error))
        return false;
    if (!ledger_finish_part(conn, chunk, ret_result->rows, ret_result->skipped,
                            &ret_result->outcome, error))
        return false;
    FAULT_POINT("backfill-part-counted");
    return pg_commit(conn, error);
}

bool
part_run(PgConn *conn, const BackfillTask *task, LedgerChunk *chunk, PartResult *ret_result,
         GError **error)
{
    g_autoptr(GError) locked = NULL;
    PartResult result = {0};

    if (!attempt(conn, task, chunk, PART_BRISK, &result, &locked)) {
        pg_rollback(conn);
        if (!error_is_sqlstate(locked, "55P03")) {
            g_propagate_error(error, g_steal_pointer(&locked));
            return false;
        }
        result = (PartResult){0};
        if (!attempt(conn, task, chunk, PART_PATIENT, &result, error)) {
            pg_rollback(conn);
            return false;
        }
    }
    FAULT_POINT("backfill-part-committed");
    chunk->parts_done++;
    *ret_result = result;
    return true;
}
