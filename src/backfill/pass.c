#include "backfill/pass.h"

#include "backfill/leftover.h"
#include "backfill/row.h"
#include "base/fault.h"
#include "pg/lock.h"

enum { MANY_ROWS = 10000, MANY_PASSES = 100 };

/* Every pass but the first only looks for what is left: nothing to scatter. */
enum { LATER_PARTS = 1 };

static bool
begin_next_pass(PgConn *conn, Run *run, const LedgerBackfill *backfill, GError **error)
{
    gint64 pages = 0;

    return backfill_task_pages(conn, run_task(run), &pages, error) &&
           ledger_begin_pass(conn, backfill->id, MAX(pages, 0), backfill->range_pages, LATER_PARTS,
                             error);
}

static bool
fail_endless(PgConn *conn, Run *run, const LedgerBackfill *backfill, GError **error)
{
    g_autofree char *message =
        g_strdup_printf("pass %d updated as many rows (%" G_GINT64_FORMAT ") as the one before",
                        backfill->pass, backfill->pass_rows);

    /* Whoever mends the cause and runs it again begins with a whole pass. */
    if (!begin_next_pass(conn, run, backfill, error) ||
        !ledger_end_backfill(conn, backfill->id, LEDGER_BACKFILL_FAILED, message, error) ||
        !pg_commit(conn, error))
        return false;
    error_set(error, ERROR_STATE, "the backfill of %s does not end: %s", backfill->relation,
              message);
    return error_hint(error, "Its WHERE must exclude the rows that are finished, or something sets "
                             "them back: see the triggers of the table.");
}

/* A row in quarantine that somebody changed is tried again: mended, or not. */
static bool
release_changed(PgConn *conn, const BackfillTask *task, const GPtrArray *quarantine,
                bool *ret_changed, GError **error)
{
    *ret_changed = false;
    for (guint i = 0; i < quarantine->len; i++) {
        const LedgerQuarantined *row = quarantine->pdata[i];
        bool unchanged = false;

        if (!row_is_unchanged(conn, task->table, row, &unchanged, error))
            return false;
        if (!unchanged && !ledger_release_row(conn, task->id, row, error))
            return false;
        *ret_changed |= !unchanged;
    }
    return true;
}

/* Nothing is left, but what waits in quarantine. */
static bool
end_all(PgConn *conn, const BackfillTask *task, const GPtrArray *quarantine,
        PassOutcome *ret_outcome, GError **error)
{
    const guint open = ledger_count_open(quarantine);
    g_autofree char *text = NULL;

    if (open == 0) {
        *ret_outcome = PASS_DONE;
        return ledger_end_backfill(conn, task->id, LEDGER_BACKFILL_DONE, NULL, error);
    }
    *ret_outcome = PASS_OVER;
    text = g_strdup_printf("%u rows are in quarantine", open);
    return ledger_end_backfill(conn, task->id, LEDGER_BACKFILL_QUARANTINED, text, error);
}

/* A pass that did as many rows as the one before comes to no end. Without triggers apps add rows
 * between two passes too, a few of them: only many, or a long row of passes, tell then. */
static bool
is_endless(const BackfillTask *task, const LedgerBackfill *backfill)
{
    if (backfill->again || backfill->skipped > 0 || backfill->last_pass_rows <= 0 ||
        backfill->pass_rows < backfill->last_pass_rows)
        return false;
    return task->synced || backfill->pass_rows >= MANY_ROWS || backfill->pass >= MANY_PASSES;
}

/* All ranges of the pass are done. */
static bool
end_pass(PgConn *conn, Run *run, const LedgerBackfill *backfill, PassOutcome *ret_outcome,
         GError **error)
{
    const BackfillTask *task = run_task(run);
    g_autoptr(GPtrArray) quarantine = ledger_load_quarantine(conn, NULL, task->id, error);
    bool more = false;

    if (quarantine == NULL || !release_changed(conn, task, quarantine, &more, error))
        return false;
    more |= backfill->again || backfill->skipped > 0 || (backfill->pass_rows > 0 && !task->proven);
    if (is_endless(task, backfill))
        return fail_endless(conn, run, backfill, error);
    if (!more && !task->synced && !leftover_find(conn, task, quarantine, &more, error))
        return false;
    if (!more)
        return end_all(conn, task, quarantine, ret_outcome, error);
    *ret_outcome = PASS_PLANNED;
    return begin_next_pass(conn, run, backfill, error);
}

/* While dead rows are not pruned, a part finds no room that an earlier one left. */
static int
parts_now(Run *run, const LedgerBackfill *backfill)
{
    return run_pace(run).plain ? 1 : backfill->parts;
}

/* Ranges of so many rows each; the last one has no end, for rows that come meanwhile. */
static bool
plan_along_key(PgConn *conn, Run *run, const LedgerBackfill *backfill, int ahead, GError **error)
{
    const BackfillTask *task = run_task(run);
    const int parts = parts_now(run, backfill);
    const int rows = run_range_pages(run, parts, backfill->range_pages);
    g_autofree char *low = g_strdup(backfill->next_key);

    for (int i = 0; i < ahead; i++) {
        g_autofree char *high = NULL;
        g_autofree char *next = NULL;

        if (!key_step(conn, task->table, task->key, low, rows, &high, &next, error) ||
            !ledger_plan_key_chunk(conn, backfill->id, rows, parts, high, error))
            return false;
        if (high == NULL)
            break;
        g_free(low);
        low = g_steal_pointer(&next);
    }
    return true;
}

static bool
plan_locked(PgConn *conn, Run *run, PassOutcome *ret_outcome, GError **error)
{
    const gint64 id = run_task(run)->id;
    const int ahead = 2 * run_pace(run).workers;
    g_autoptr(LedgerBackfill) backfill = NULL;

    if (!ledger_fold_chunks(conn, id, error))
        return false;
    backfill = ledger_load_backfill(conn, id, error);
    if (backfill == NULL)
        return false;
    if (backfill->state != LEDGER_BACKFILL_RUNNING) {
        *ret_outcome = PASS_OVER;
        return true;
    }
    if (backfill->next_page < backfill->end_page && run_task(run)->key) {
        *ret_outcome = PASS_PLANNED;
        return plan_along_key(conn, run, backfill, ahead, error);
    }
    if (backfill->next_page < backfill->end_page) {
        const int parts = parts_now(run, backfill);

        *ret_outcome = PASS_PLANNED;
        return ledger_plan_chunks(conn, backfill,
                                  run_range_pages(run, parts, backfill->range_pages), parts, ahead,
                                  error);
    }
    if (backfill->open_ranges > 0) {
        *ret_outcome = PASS_WAIT;
        return true;
    }
    return end_pass(conn, run, backfill, ret_outcome, error);
}

bool
pass_plan(PgConn *conn, Run *run, PassOutcome *ret_outcome, GError **error)
{
    PassOutcome outcome = PASS_WAIT;
    bool got = false;
    bool planned = false;

    if (!pg_begin(conn, error))
        return false;
    planned = pg_try_transaction_lock(conn, pg_lock_key(PG_LOCK_BACKFILL, run_task(run)->id, 0),
                                      &got, error) &&
              (!got || plan_locked(conn, run, &outcome, error));
    FAULT_POINT("backfill-ranges-planned");
    if (!planned || !pg_commit(conn, error)) {
        pg_rollback(conn);
        return false;
    }
    FAULT_POINT("backfill-ranges-committed");
    *ret_outcome = outcome;
    return true;
}
