#include "backfill/culprit.h"

#include "backfill/form.h"
#include "backfill/part.h"

/* Runs the statement over [@first, @end) and takes it back. False if the server refused it. */
static bool
try_pages(PgConn *conn, const BackfillTask *task, gint64 first, gint64 end)
{
    const LedgerChunk chunk = {.first_page = first, .end_page = end, .parts = 1};
    g_autofree char *sql = part_sql(task, &chunk, PART_PATIENT);
    const bool went = part_begin(conn, task, NULL) && pg_exec_script(conn, sql, NULL);

    pg_rollback(conn);
    return went;
}

/* The first page of [first, end) on which it fails, or -1 if it does not fail any more. */
static gint64
find_page(PgConn *conn, const BackfillTask *task, gint64 first, gint64 end)
{
    if (try_pages(conn, task, first, end))
        return -1;
    while (end - first > 1) {
        const gint64 middle = first + (end - first) / 2;

        if (try_pages(conn, task, first, middle))
            first = middle;
        else
            end = middle;
    }
    return first;
}

static bool
try_row(PgConn *conn, const BackfillTask *task, const char *tid)
{
    g_autofree char *within =
        g_strdup_printf("%s.ctid = '%s'::tid", task->statement->driving.alias, tid);
    g_autofree char *sql = form_statement(task, within);
    const bool went = part_begin(conn, task, NULL) && pg_exec_script(conn, sql, NULL);

    pg_rollback(conn);
    return went;
}

char *
culprit_describe_row(PgConn *conn, const CatalogTable *table, const char *tid)
{
    g_autofree char *oid = g_strdup_printf("%u", table->oid);
    g_autoptr(PgRows) key = pg_query(
        conn, NULL,
        "SELECT string_agg(quote_literal(a.attname || ' = ') || ' || ' || quote_ident(a.attname), "
        "                  ' || '', '' || ' ORDER BY k.n) "
        "FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(attnum, n) "
        "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum "
        "WHERE i.indrelid = $1::oid AND i.indisprimary",
        oid);
    g_autofree char *sql = NULL;
    g_autoptr(PgRows) row = NULL;

    if (key && !pg_is_null(key, 0, 0)) {
        sql = g_strdup_printf("SELECT %s FROM ONLY %s WHERE ctid = $1::tid", pg_text(key, 0, 0),
                              table->quoted);
        row = pg_query(conn, NULL, sql, tid);
    }
    return row && pg_rows_count(row) == 1 ? g_strdup(pg_text(row, 0, 0))
                                          : g_strdup_printf("ctid = %s", tid);
}

/* All rows of the page, for the WHERE may be what fails. NULL if none fails alone. */
static char *
find_row(PgConn *conn, const BackfillTask *task, gint64 page)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT ctid FROM ONLY %s WHERE ctid >= '(%" G_GINT64_FORMAT
                        ",0)'::tid AND ctid < '(%" G_GINT64_FORMAT ",0)'::tid",
                        task->table->quoted, page, page + 1);
    g_autoptr(PgRows) rows = pg_query(conn, NULL, sql);

    for (int i = 0; rows && i < pg_rows_count(rows); i++)
        if (!try_row(conn, task, pg_text(rows, i, 0)))
            return culprit_describe_row(conn, task->table, pg_text(rows, i, 0));
    return NULL;
}

void
culprit_name(PgConn *conn, const BackfillTask *task, const LedgerChunk *chunk, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *row = NULL;
    g_autofree char *message = NULL;
    gint64 page = 0;

    if (!error_is(*error, ERROR_SQL) || error_is_sqlstate(*error, "40001") ||
        error_is_sqlstate(*error, "42P01"))
        return;
    cause = g_error_copy(*error);
    page = find_page(conn, task, chunk->first_page, chunk->end_page);
    row = page >= 0 ? find_row(conn, task, page) : NULL;
    message = g_strdup_printf("the backfill of %s stopped at %s (pages %" G_GINT64_FORMAT
                              " to %" G_GINT64_FORMAT "): %s",
                              task->table->quoted, row ? row : "a row", chunk->first_page,
                              chunk->end_page, cause->message);
    g_clear_error(error);
    error_set(error, ERROR_SQL, "%s", message);
    error_add_server(*error, error_get_sqlstate(cause), error_get_detail(cause));
    error_hint(error, "Mend the row or the mapping, then run `sluice backfill run` again: what is "
                      "done stays done.");
    ledger_fail_chunk(conn, chunk, cause->message, NULL);
    ledger_end_backfill(conn, task->id, LEDGER_BACKFILL_FAILED, message, NULL);
}
