#include "backfill/split.h"

#include "backfill/form.h"
#include "backfill/row.h"
#include "base/fault.h"

/* Rows in a row that wait for a lock: it is not theirs, but the table's. */
enum { LOCKED_MAX = 16 };

typedef struct {
    PgConn *conn;
    const BackfillTask *task;
    const LedgerChunk *chunk;
    int max_quarantined;
    GPtrArray *tids; /* char *: the part's rows, those in quarantine left out */
    PartResult result;
    int locked; /* rows that were, one after the other */
} Split;

/* Data exceptions, constraints, functions and triggers that raise, limits such as an index row's
 * size: of a row. Everything else is of the statement. */
static bool
is_about_row(const GError *error)
{
    static const char *const classes[] = {"22", "23", "38", "39", "54", "P0"};
    const char *sqlstate = error_get_sqlstate(error);

    for (guint i = 0; sqlstate && i < G_N_ELEMENTS(classes); i++)
        if (g_str_has_prefix(sqlstate, classes[i]))
            return true;
    return false;
}

/* An INSERT waits for whoever inserts the same key; the other forms skip what is locked. */
static bool
is_locked_key(const BackfillTask *task, const GError *error)
{
    return task->statement->kind == BACKFILL_INSERT && error_is_sqlstate(error, "55P03");
}

bool
split_helps(const BackfillTask *task, const GError *error)
{
    return is_about_row(error) || is_locked_key(task, error);
}

bool
split_is_needed(PgConn *conn, const BackfillTask *task, const LedgerChunk *chunk, bool *ret_needed,
                GError **error)
{
    const char *alias = task->statement->driving.alias;
    g_autoptr(GPtrArray) quarantine = ledger_load_quarantine(conn, NULL, chunk->backfill, error);
    g_autofree char *others = quarantine ? row_excluding(alias, quarantine) : NULL;
    g_autofree char *within = NULL;
    g_autofree char *sql = NULL;
    g_autoptr(PgRows) rows = NULL;

    *ret_needed = false;
    if (others == NULL)
        return quarantine != NULL;
    within = part_range(task, chunk);
    sql = g_strdup_printf("SELECT EXISTS (SELECT 1 FROM ONLY %s AS %s WHERE %s AND NOT (%s))",
                          task->table->quoted, alias, within, others);
    rows = pg_query(conn, error, sql);
    if (rows == NULL)
        return false;
    *ret_needed = pg_bool(rows, 0, 0);
    return true;
}

/* The places of the part's rows. The statement's own WHERE is not asked: it may be what fails. */
static bool
list_rows(Split *split, GError **error)
{
    const BackfillTask *task = split->task;
    const char *alias = task->statement->driving.alias;
    g_autoptr(GPtrArray) quarantine =
        ledger_load_quarantine(split->conn, NULL, split->chunk->backfill, error);
    g_autofree char *within = part_bounds(task, split->chunk);
    g_autofree char *others = quarantine ? row_excluding(alias, quarantine) : NULL;
    g_autofree char *sql =
        g_strdup_printf("SELECT ctid FROM ONLY %s AS %s WHERE %s AND %s", task->table->quoted,
                        alias, within, others ? others : "true");
    g_autoptr(PgRows) rows = quarantine ? pg_query(split->conn, error, sql) : NULL;

    if (rows == NULL)
        return false;
    g_ptr_array_set_size(split->tids, 0);
    for (int i = 0; i < pg_rows_count(rows); i++)
        g_ptr_array_add(split->tids, g_strdup(pg_text(rows, i, 0)));
    return true;
}

/* "u.ctid = ANY ('{..}'::tid[])". */
static char *
places(const Split *split, const char *alias, guint first, guint end)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%s.ctid = ANY ('{", alias);
    for (guint i = first; i < end; i++)
        g_string_append_printf(text, "%s\"%s\"", i > first ? "," : "",
                               (const char *) split->tids->pdata[i]);
    g_string_append(text, "}'::tid[])");
    return g_string_free(text, FALSE);
}

static bool
do_piece(Split *split, guint first, guint end, GError **error)
{
    g_autofree char *within = places(split, split->task->statement->driving.alias, first, end);
    g_autofree char *sql = form_claiming_only(split->task, within);
    gint64 rows = 0;

    if (!part_begin(split->conn, split->task, error) ||
        !pg_exec_script(split->conn, "SET LOCAL enable_seqscan = off", error) ||
        !pg_exec_array(split->conn, sql, NULL, 0, &rows, error) ||
        !ledger_count_piece(split->conn, split->chunk, rows, error) ||
        !pg_commit(split->conn, error)) {
        pg_rollback(split->conn);
        return false;
    }
    FAULT_POINT("quarantine-piece-committed");
    split->result.rows += rows;
    split->locked = 0;
    return true;
}

static bool
check_limit(const Split *split, const LedgerQuarantined *row, GError **error)
{
    g_autoptr(GPtrArray) rows =
        ledger_load_quarantine(split->conn, NULL, split->chunk->backfill, error);

    if (rows == NULL)
        return false;
    if ((gint64) ledger_count_open(rows) <= split->max_quarantined)
        return true;
    error_set(error, ERROR_STATE, "the server refuses more than %d rows of %s, the last one %s: %s",
              split->max_quarantined, split->task->table->quoted, row->key, row->message);
    return error_hint(error, "Then it is the statement that is wrong: correct it, and run `sluice "
                             "backfill retry`. backfill.max_quarantined is the limit.");
}

/* The transaction that @cause ended has been rolled back. */
static bool
quarantine(Split *split, const char *tid, const GError *cause, GError **error)
{
    const CatalogTable *table = split->task->table;
    g_autofree char *sql =
        g_strdup_printf("SELECT xmin FROM ONLY %s WHERE ctid = $1::tid", table->quoted);
    g_autoptr(PgRows) found = pg_query(split->conn, error, sql, tid);
    g_autofree char *key = NULL;
    LedgerQuarantined row = {.tid = (char *) tid,
                             .sqlstate = (char *) error_get_sqlstate(cause),
                             .message = cause->message};

    if (found == NULL)
        return false;
    if (pg_rows_count(found) == 0) /* somebody changed it meanwhile: the next pass sees */
        return true;
    row.key = key = row_describe(split->conn, table, tid);
    row.xmin = (char *) pg_text(found, 0, 0);
    if (!ledger_quarantine_row(split->conn, split->chunk->backfill, &row, error))
        return false;
    FAULT_POINT("quarantine-row-recorded");
    return check_limit(split, &row, error);
}

/* A single row that is refused, or locked: the others go on. */
static bool
leave_out(Split *split, const char *tid, GError *take_cause, GError **error)
{
    g_autoptr(GError) cause = take_cause;

    if (is_about_row(cause))
        return quarantine(split, tid, cause, error);
    if (++split->locked <= LOCKED_MAX)
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool
do_rows(Split *split, guint first, guint end, GError **error)
{
    const guint middle = first + (end - first) / 2;
    g_autoptr(GError) cause = NULL;

    if (first == end || do_piece(split, first, end, &cause))
        return true;
    if (!split_helps(split->task, cause)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (end - first == 1)
        return leave_out(split, split->tids->pdata[first], g_steal_pointer(&cause), error);
    return do_rows(split, first, middle, error) && do_rows(split, middle, end, error);
}

/* What is left but for quarantine: rows that an app has locked. */
static bool
count_skipped(Split *split, GError **error)
{
    g_autofree char *within = NULL;
    g_autofree char *source = NULL;
    g_autofree char *left = NULL;
    g_autofree char *sql = NULL;
    g_autoptr(PgRows) rows = NULL;

    if (!list_rows(split, error))
        return false;
    within = places(split, "t", 0, split->tids->len);
    source = row_source(split->task->table, within);
    left = form_left(split->task, NULL, source);
    sql = g_strdup_printf("SELECT count(*) FROM (%s) AS sluice_left", left);
    rows = pg_query(split->conn, error, sql);
    if (rows == NULL)
        return false;
    split->result.skipped = pg_integer(rows, 0, 0);
    return true;
}

static bool
finish(Split *split, LedgerChunk *chunk, GError **error)
{
    if (count_skipped(split, error) && pg_begin(split->conn, error) &&
        ledger_finish_part(split->conn, chunk, 0, split->result.skipped, &split->result.outcome,
                           error) &&
        pg_commit(split->conn, error))
        return true;
    pg_rollback(split->conn);
    return false;
}

bool
split_run(PgConn *conn, const BackfillTask *task, LedgerChunk *chunk, int max_quarantined,
          PartResult *ret_result, GError **error)
{
    g_autoptr(GPtrArray) tids = g_ptr_array_new_with_free_func(g_free);
    Split split = {.conn = conn,
                   .task = task,
                   .chunk = chunk,
                   .max_quarantined = max_quarantined,
                   .tids = tids};

    if (!list_rows(&split, error) || !do_rows(&split, 0, tids->len, error) ||
        !finish(&split, chunk, error))
        return false;
    FAULT_POINT("quarantine-part-committed");
    chunk->parts_done++;
    *ret_result = split.result;
    return true;
}
