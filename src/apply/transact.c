#include "apply/transact.h"

#include "apply/batch.h"
#include "apply/look.h"
#include "apply/watch.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/stop.h"
#include "base/text.h"
#include "locks/locks.h"

/* What did not fit so many times will not fit; nor what came less than half way the first few. */
enum { OVERRUNS = 8, HOPELESS_OVERRUNS = 3 };
enum { BACKOFF_CAP_MS = 2000, LONGEST_SHIFT = 6, UNWATCHED_MS = 1000 };
/* Statements in a message; and what is known to be many, so that the sum counts, and not one. */
enum { BATCH = 16, MANY = 2 * BATCH };
/* What a statement costs, and a relation that is locked for it: measured with swaps of the names
 * and keys of tables of 12 to 150 partitions, on a quiet server. */
enum { MICROSECONDS_EACH = 250 };

typedef enum {
    ATTEMPT_DONE,
    ATTEMPT_NO_LOCK, /* the queue did not move in time */
    ATTEMPT_OVERRUN, /* had its locks, and worked past the deadline */
    ATTEMPT_FAILED,
} Attempt;

typedef struct {
    const ApplyContext *context;
    const char *what;
    GPtrArray *steps;
    PlanRecord record;
    gconstpointer data;
    GPtrArray *needs;
    bool is_bounded; /* an app's query could wait for it */
    Look look;
    gint64 queued_at_ms;
    const PlanStep *at; /* the step that ran last, for messages */
    GPtrArray *statements;
    GPtrArray *owners; /* the PlanStep of each */
    guint most_done;   /* of the statements, in any attempt */
    TransactResult *result;
} Transaction;

static gint64
left_ms(const Transaction *t)
{
    return t->queued_at_ms + t->context->settings->stall_budget_ms -
           clock_now_ms(t->context->clock);
}

/* One message: the limits and the statements, so that no round trip of ours is spent under locks.
 * lock_timeout is the shorter one, so that the SQLSTATE tells waiting from working. *@ret_done: how
 * many are done. */
static bool
execute_within(const Transaction *t, gint64 limit_ms, const char *sql, guint *ret_done,
               GError **error)
{
    enum { SETTINGS = 2 };
    g_autofree char *script = g_strdup_printf("SET LOCAL lock_timeout = %" G_GINT64_FORMAT
                                              "; SET LOCAL statement_timeout = "
                                              "%" G_GINT64_FORMAT "; %s",
                                              MAX(limit_ms - 1, 1), MAX(limit_ms, 2), sql);
    guint done = 0;
    const bool ok = pg_exec_within(t->context->conn, script, limit_ms, &done, error);

    *ret_done = done > SETTINGS ? done - SETTINGS : 0;
    return ok;
}

static Attempt
classify(const Transaction *t, const GError *cause)
{
    if (!t->is_bounded)
        return error_is_sqlstate(cause, "40P01") || error_is_sqlstate(cause, "55P03")
                   ? ATTEMPT_NO_LOCK
                   : ATTEMPT_FAILED;
    if (error_is_sqlstate(cause, "55P03") || error_is_sqlstate(cause, "40P01"))
        return ATTEMPT_NO_LOCK;
    return error_is_sqlstate(cause, "57014") ? ATTEMPT_OVERRUN : ATTEMPT_FAILED;
}

/* Neighbours of the same mode in one statement: its statement_timeout bounds the sum of their
 * waits. *@ret_next: where the next group begins. NULL if there is none. */
static char *
lock_statement(GPtrArray *needs, guint first, guint *ret_next)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    LockMode mode = LOCK_ACCESS_SHARE;
    guint i = first;

    for (; i < needs->len; i++) {
        const LockNeed *need = g_ptr_array_index(needs, i);

        if (!need->lockable)
            continue;
        if (sql->len > 0 && need->mode != mode)
            break;
        g_string_append_printf(sql, "%s ONLY %s", sql->len > 0 ? "," : "LOCK TABLE", need->quoted);
        mode = need->mode;
    }
    *ret_next = i;
    if (sql->len == 0)
        return NULL;
    g_string_append_printf(sql, " IN %s MODE", lock_mode_name(mode));
    return g_string_free(g_steal_pointer(&sql), FALSE);
}

/* Every timeout here is a wait: LOCK TABLE does no work. */
static Attempt
lock_tables(Transaction *t, GError **error)
{
    const gint64 half = t->context->settings->stall_budget_ms / 2;

    for (guint next = 0; next < t->needs->len;) {
        g_autofree char *sql = lock_statement(t->needs, next, &next);
        const gint64 left = left_ms(t) - half;
        g_autoptr(GError) cause = NULL;
        guint done;

        if (sql == NULL)
            break;
        if (left <= 0)
            return ATTEMPT_NO_LOCK;
        if (execute_within(t, left, sql, &done, &cause))
            continue;
        if (classify(t, cause) != ATTEMPT_FAILED)
            return ATTEMPT_NO_LOCK;
        g_propagate_error(error, g_steal_pointer(&cause));
        return ATTEMPT_FAILED;
    }
    t->result->lock_wait_ms = clock_now_ms(t->context->clock) - t->queued_at_ms;
    return ATTEMPT_DONE;
}

/* The text of the statements from @first on that share a message; *@ret_next: behind them. */
static char *
batch_of(const Transaction *t, guint first, guint *ret_next)
{
    const guint end = MIN(first + (t->is_bounded ? BATCH : 1), t->statements->len);
    GString *sql = g_string_new(NULL);

    for (guint i = first; i < end; i++)
        g_string_append_printf(sql, "%s;\n", sql_statement_text(t->statements->pdata[i]));
    *ret_next = end;
    return g_string_free(sql, FALSE);
}

static Attempt
execute_batch(Transaction *t, guint first, guint *ret_next, GError **error)
{
    g_autofree char *sql = batch_of(t, first, ret_next);
    g_autoptr(GError) cause = NULL;
    Attempt outcome;
    guint done = 0;
    bool ok;

    t->at = t->owners->pdata[first];
    if (t->is_bounded && left_ms(t) <= 0)
        return ATTEMPT_OVERRUN;
    ok = t->is_bounded ? execute_within(t, left_ms(t), sql, &done, &cause)
                       : pg_exec_script(t->context->conn, sql, &cause);
    t->most_done = MAX(t->most_done, first + done);
    if (ok)
        return ATTEMPT_DONE;
    t->at = t->owners->pdata[MIN(first + done, *ret_next - 1)];
    outcome = classify(t, cause);
    if (outcome == ATTEMPT_FAILED)
        g_propagate_error(error, g_steal_pointer(&cause));
    return outcome;
}

static Attempt
execute_steps(Transaction *t, GError **error)
{
    for (guint next = 0; next < t->statements->len;) {
        const Attempt outcome = execute_batch(t, next, &next, error);

        if (outcome != ATTEMPT_DONE)
            return outcome;
    }
    t->at = NULL;
    return ATTEMPT_DONE;
}

/* The deadlock check is what makes an autovacuum yield to the one it blocks. */
static bool
push_autovacuum(const Transaction *t, GError **error)
{
    g_autofree char *sql = g_strdup_printf("SET LOCAL deadlock_timeout = %" G_GINT64_FORMAT,
                                           MAX(t->context->settings->stall_budget_ms / 10, 1));

    return pg_exec_script(t->context->conn, sql, error);
}

/* The deadline holds for the COMMIT too: one that it cancels has rolled back. */
static Attempt
commit(Transaction *t, GError **error)
{
    g_autoptr(GError) cause = NULL;
    Attempt outcome;

    if (pg_commit(t->context->conn, &cause))
        return ATTEMPT_DONE;
    outcome = classify(t, cause);
    if (outcome == ATTEMPT_FAILED)
        g_propagate_error(error, g_steal_pointer(&cause));
    return outcome;
}

/* The records come first: they wait for nobody, and what they cost is not paid under locks. */
static Attempt
attempt_in_transaction(Transaction *t, GError **error)
{
    PgConn *conn = t->context->conn;
    Attempt outcome;

    if (t->record && !t->record(conn, t->data, error))
        return ATTEMPT_FAILED;
    FAULT_POINT("apply-after-record");
    if (t->look.push_autovacuum && !push_autovacuum(t, error))
        return ATTEMPT_FAILED;
    t->queued_at_ms = clock_now_ms(t->context->clock);
    outcome = t->is_bounded ? lock_tables(t, error) : ATTEMPT_DONE;
    if (outcome == ATTEMPT_DONE)
        outcome = execute_steps(t, error);
    if (outcome != ATTEMPT_DONE)
        return outcome;
    FAULT_POINT("apply-before-commit");
    outcome = commit(t, error);
    if (outcome != ATTEMPT_DONE)
        return outcome;
    FAULT_POINT("apply-after-commit");
    t->result->duration_ms = clock_now_ms(t->context->clock) - t->queued_at_ms;
    return ATTEMPT_DONE;
}

static Attempt
attempt(Transaction *t, GError **error)
{
    g_autoptr(Watch) watch = t->is_bounded ? NULL : watch_start(t->context, t->what);
    Attempt outcome;

    t->at = NULL;
    t->result->attempts++;
    if (!pg_begin(t->context->conn, error))
        return ATTEMPT_FAILED;
    outcome = attempt_in_transaction(t, error);
    pg_rollback(t->context->conn);
    return outcome;
}

/* What an app's query could wait for: SHARE and stronger conflict with its writes, and what is not
 * known may be. */
static bool
conflicts_with_apps(GPtrArray *needs, GPtrArray *steps)
{
    for (guint i = 0; i < needs->len; i++) {
        const LockNeed *need = g_ptr_array_index(needs, i);
        if (need->mode >= LOCK_SHARE)
            return true;
    }
    for (guint i = 0; i < steps->len; i++) {
        const PlanStep *step = g_ptr_array_index(steps, i);
        if (step->unknown_locks)
            return true;
    }
    return false;
}

static gint64
expected_ms(const GPtrArray *statements, const GPtrArray *needs)
{
    return (gint64) (statements->len + needs->len) * MICROSECONDS_EACH / 1000;
}

void
transact_warn(const ApplyContext *context, const char *what, GPtrArray *steps, GPtrArray *needs)
{
    g_autoptr(GPtrArray) statements = plan_statements(steps);
    const gint64 budget_ms = context->settings->stall_budget_ms;
    const gint64 quiet_ms = expected_ms(statements, needs);
    g_autofree char *budget = text_format_duration_ms(budget_ms);
    g_autofree char *quiet = text_format_duration_ms(quiet_ms);

    if (statements->len >= MANY && quiet_ms >= budget_ms && conflicts_with_apps(needs, steps))
        report_warning(context->report,
                       "%s: %u statements about %u relations in one transaction take some %s on a "
                       "quiet server, and the stall budget is %s: it is given up, and nothing "
                       "changed, where it does not fit",
                       what, statements->len, needs->len, quiet, budget);
}

/* The catalog may have changed since the last attempt: a partition more, a table less. */
static bool
resolve(Transaction *t, GError **error)
{
    bool unknown = false;

    g_clear_pointer(&t->needs, g_ptr_array_unref);
    t->needs = locks_resolve(t->context->conn, t->statements, &unknown, error);
    if (t->needs == NULL)
        return false;
    t->is_bounded = conflicts_with_apps(t->needs, t->steps);
    return true;
}

/* That its statements together are too much. What is suggested leaves room for a server that does
 * other things too. */
static bool
fail_sum(const Transaction *t, GError **error)
{
    const gint64 budget_ms = t->context->settings->stall_budget_ms;
    const gint64 quiet_ms = expected_ms(t->statements, t->needs);
    g_autofree char *budget = text_format_duration_ms(budget_ms);
    g_autofree char *quiet = text_format_duration_ms(quiet_ms);
    g_autofree char *locks = look_describe_needs(t->needs, LOOK_NAMED);

    error_set(error, ERROR_STATE,
              "%s: its transaction does not fit into the stall budget of %s: of %u statements at "
              "most %u were done in time, in %d attempts; all of them take some %s on a quiet "
              "server, while it holds %s: nothing was changed",
              t->what, budget, t->statements->len, t->most_done, t->result->attempts, quiet, locks);
    return error_hint(error,
                      "The statements cannot be taken apart: try when the server is quiet, or let "
                      "the app wait longer once, by running the same command as `sluice -o "
                      "lock.stall_budget=%" G_GINT64_FORMAT "ms ..`.",
                      MAX(4 * quiet_ms, 2 * budget_ms));
}

static bool
fail_overrun(const Transaction *t, GError **error)
{
    g_autofree char *budget = text_format_duration_ms(t->context->settings->stall_budget_ms);
    g_autofree char *where = t->at ? plan_step_describe(t->at) : g_strdup("commit");
    g_autofree char *locks = look_describe_needs(t->needs, LOOK_NAMED);

    if (t->statements->len >= MANY)
        return fail_sum(t, error);
    error_set(error, ERROR_STATE,
              "%s: %s takes longer than the stall budget of %s, while it holds %s: the app's "
              "queries would wait; nothing was changed",
              t->what, where, budget, *locks ? locks : "locks that cannot be known");
    return error_hint(error,
                      "Write it so that the lock is short: CREATE INDEX CONCURRENTLY, ADD "
                      "CONSTRAINT .. NOT VALID with its VALIDATE under finish, a backfill instead "
                      "of a rewrite. Where other statements of the transaction take the time: "
                      "`-- Transaction: statement` in the file's header. Where the app may wait: "
                      "raise lock.stall_budget for this command.");
}

static bool
fail_statement(const Transaction *t, GError **error)
{
    g_autofree char *where = t->at ? plan_step_describe(t->at) : NULL;

    if (where)
        g_prefix_error(error, "%s: ", where);
    if (error && error_is_sqlstate(*error, "42501") && error_get_hint(*error) == NULL)
        error_hint(error, "The migrating role must own what it changes, and may create where it "
                          "creates: connect as the owner, or GRANT <owner> TO <migrating role>, "
                          "and GRANT CREATE ON SCHEMA <schema> TO it.");
    else if (error && t->at && t->at->validates && error_is(*error, ERROR_SQL) &&
             error_get_hint(*error) == NULL)
        error_hint(error, "Mend the rows that break it, and run the same command again. No more "
                          "of them come meanwhile: the constraint stays.");
    else if (error && error_is(*error, ERROR_SQL) && error_get_hint(*error) == NULL)
        error_hint(error, "The transaction was undone. Correct the statement, and run the same "
                          "command again.");
    return false;
}

/* The statement was cancelled because we were asked to stop. */
static bool
fail_stopped(GError **error)
{
    g_clear_error(error);
    return stop_check(error);
}

static gint64
backoff_ms(const Transaction *t)
{
    const int doublings = MIN(t->result->attempts - 1, LONGEST_SHIFT);
    const gint64 pause = MAX(t->context->settings->stall_budget_ms, 1) << doublings;

    return clock_jitter_ms(t->context->clock, MIN(pause, BACKOFF_CAP_MS));
}

/* Out of the queue for a while, so that those whom we made wait get their turn. */
static bool
back_off(const Transaction *t, Attempt outcome, GError **error)
{
    const gint64 pause = backoff_ms(t);

    if (clock_now_ms(t->context->clock) + pause >= t->look.give_up_at_ms)
        return look_give_up(&t->look, t->needs, t->result->attempts, error);
    if (!stop_check(error))
        return false;
    report_detail(t->context->report,
                  "%s: attempt %d %s within the stall budget; again in %" G_GINT64_FORMAT " ms",
                  t->what, t->result->attempts,
                  outcome == ATTEMPT_OVERRUN ? "did not finish" : "did not get its locks", pause);
    clock_sleep_ms(t->context->clock, pause);
    return stop_check(error);
}

static bool
is_hopeless(const Transaction *t, int overruns)
{
    return overruns >= OVERRUNS || (overruns >= HOPELESS_OVERRUNS && t->statements->len >= MANY &&
                                    2 * t->most_done < t->statements->len);
}

static bool
try_until_done(Transaction *t, GError **error)
{
    int overruns = 0;

    for (;;) {
        Attempt outcome;

        if (!resolve(t, error))
            return false;
        if (t->result->attempts == 0)
            transact_warn(t->context, t->what, t->steps, t->needs);
        if (t->is_bounded && !look_wait(&t->look, t->needs, error))
            return false;
        outcome = attempt(t, error);
        if (outcome == ATTEMPT_DONE)
            return true;
        if (outcome == ATTEMPT_FAILED)
            return stop_requested() ? fail_stopped(error) : fail_statement(t, error);
        overruns += outcome == ATTEMPT_OVERRUN;
        if (is_hopeless(t, overruns))
            return fail_overrun(t, error);
        if (!back_off(t, outcome, error))
            return false;
    }
}

static void
transaction_init(Transaction *t, const ApplyContext *context, const char *what, GPtrArray *steps,
                 TransactResult *result)
{
    *result = (TransactResult){0};
    *t = (Transaction){.context = context,
                       .what = what,
                       .steps = steps,
                       .statements = plan_statements(steps),
                       .owners = g_ptr_array_new(),
                       .result = result};
    for (guint i = 0; i < steps->len; i++) {
        PlanStep *step = g_ptr_array_index(steps, i);

        for (guint s = 0; s < step->statements->len; s++)
            g_ptr_array_add(t->owners, step);
    }
}

static void
transaction_clear(Transaction *t)
{
    g_ptr_array_unref(t->statements);
    g_ptr_array_unref(t->owners);
    g_clear_pointer(&t->needs, g_ptr_array_unref);
}

bool
transact(const ApplyContext *context, const char *what, GPtrArray *steps, PlanRecord record,
         gconstpointer data, TransactResult *ret_result, GError **error)
{
    Transaction t;
    bool ok;

    transaction_init(&t, context, what, steps, ret_result);
    t.record = record;
    t.data = data;
    look_init(&t.look, context, what);
    ok = try_until_done(&t, error);
    look_clear(&t.look);
    transaction_clear(&t);
    return ok;
}

static void
add_command(GArray *commands, const char *sql, const char *name)
{
    const PgCommand command = {.sql = sql, .name = name};

    g_array_append_val(commands, command);
}

/* BEGIN, the statements, the record, COMMIT. */
static GArray *
message_of(const Transaction *t, const LedgerRecord *record)
{
    GArray *commands = g_array_new(FALSE, FALSE, sizeof(PgCommand));
    guint count;
    const PgCommand *recorded = ledger_record_commands(record, &count);

    add_command(commands, "BEGIN", "sluice_begin");
    for (guint i = 0; i < t->statements->len; i++)
        add_command(commands, sql_statement_text(t->statements->pdata[i]), NULL);
    g_array_append_vals(commands, recorded, count);
    add_command(commands, "COMMIT", "sluice_commit");
    return commands;
}

/* What is over within a second is not worth a second session that watches. */
static bool
receive(const Transaction *t, guint *ret_failed, GError **error)
{
    g_autoptr(Watch) watch = NULL;

    if (!pg_is_answered(t->context->conn, UNWATCHED_MS))
        watch = watch_start(t->context, t->what);
    return pg_receive_all(t->context->conn, ret_failed, error);
}

static bool
exchange(Transaction *t, const LedgerRecord *record, GError **error)
{
    g_autoptr(GArray) commands = message_of(t, record);
    guint failed = 0;

    if (!pg_send_all(t->context->conn, (const PgCommand *) (gpointer) commands->data, commands->len,
                     error))
        return false;
    batch_foresee(t->context->batch);
    if (receive(t, &failed, error))
        return true;
    if (failed > 0 && failed <= t->owners->len)
        t->at = t->owners->pdata[failed - 1];
    return false;
}

bool
transact_message(const ApplyContext *context, const char *what, GPtrArray *steps,
                 const LedgerRecord *record, TransactResult *ret_result, GError **error)
{
    const gint64 start = clock_now_ms(context->clock);
    Transaction t;
    bool ok;

    transaction_init(&t, context, what, steps, ret_result);
    ret_result->attempts = 1;
    FAULT_POINT("apply-before-commit");
    ok = exchange(&t, record, error);
    if (!ok) {
        pg_rollback(context->conn);
        ok = stop_requested() ? fail_stopped(error) : fail_statement(&t, error);
    }
    transaction_clear(&t);
    if (!ok)
        return false;
    FAULT_POINT("apply-after-commit");
    ret_result->duration_ms = clock_now_ms(context->clock) - start;
    return true;
}
