#include "apply/execute.h"

#include <string.h>

#include "apply/concurrent.h"
#include "apply/look.h"
#include "apply/transact.h"
#include "base/error.h"
#include "base/fault.h"
#include "ledger/steps.h"
#include "locks/locks.h"

/* One run on its way through the journal. */
typedef struct {
    const ApplyContext *context;
    const Revision *revision;
    const Plan *plan;
    char *what;       /* "expand of 3f2a9c1b7d20" */
    GPtrArray *steps; /* PlanStep *: those not done */
    GArray *ordinals;
    bool is_last;
} Execution;

static void
execution_clear(Execution *execution)
{
    g_clear_pointer(&execution->what, g_free);
    g_clear_pointer(&execution->steps, g_ptr_array_unref);
    g_clear_pointer(&execution->ordinals, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Execution, execution_clear)

static void
execution_init(Execution *execution, const ApplyContext *context, const Revision *revision,
               const Plan *plan)
{
    *execution = (Execution){
        .context = context,
        .revision = revision,
        .plan = plan,
        .what = g_strdup_printf("%s of %s", plan->phase, revision->id),
        .steps = g_ptr_array_new(),
        .ordinals = g_array_new(false, false, sizeof(int)),
    };
}

static const LedgerStep *
find_by_ordinal(GPtrArray *journal, int ordinal)
{
    for (guint i = 0; i < journal->len; i++) {
        const LedgerStep *row = g_ptr_array_index(journal, i);
        if (row->ordinal == ordinal)
            return row;
    }
    return NULL;
}

/* What is derived is known by its text: another process may have derived more, or less. */
static const LedgerStep *
find_derived(GPtrArray *journal, const char *hash)
{
    for (guint i = 0; i < journal->len; i++) {
        const LedgerStep *row = g_ptr_array_index(journal, i);
        if (row->ordinal >= LEDGER_FIRST_DERIVED && strcmp(row->hash, hash) == 0)
            return row;
    }
    return NULL;
}

static bool
check_not_edited(const Plan *plan, const Revision *revision, const PlanStep *step,
                 const LedgerStep *row, GError **error)
{
    g_autofree char *where = NULL;

    if (row->state != LEDGER_STEP_DONE || strcmp(row->hash, step->hash) == 0)
        return true;
    where = plan_step_describe(step);
    error_set(error, ERROR_STATE,
              "%s: statement %d of %s of %s has run already, with another text: %s", where,
              step->ordinal, plan->phase, revision->id, row->statement);
    return error_hint(error, "Put the statement back as it was; write what is missing behind it, "
                             "or into a revision of its own.");
}

/* The first free ordinal of a derived step: behind those of the journal. */
static int
next_derived(GPtrArray *journal)
{
    const LedgerStep *last = journal->len ? g_ptr_array_index(journal, journal->len - 1) : NULL;

    return last && last->ordinal >= LEDGER_FIRST_DERIVED ? last->ordinal + 1 : LEDGER_FIRST_DERIVED;
}

static bool
match_journal(Plan *plan, const Revision *revision, GPtrArray *journal, GError **error)
{
    int derived = next_derived(journal);

    for (guint i = 0; i < plan->steps->len; i++) {
        PlanStep *step = g_ptr_array_index(plan->steps, i);
        const LedgerStep *row = step->label ? find_derived(journal, step->hash)
                                            : find_by_ordinal(journal, step->ordinal);

        if (step->label)
            step->ordinal = row ? row->ordinal : derived++;
        if (row == NULL)
            continue;
        if (!check_not_edited(plan, revision, step, row, error))
            return false;
        step->is_done = row->state == LEDGER_STEP_DONE;
        step->is_begun = row->state == LEDGER_STEP_RUNNING && strcmp(row->hash, step->hash) == 0;
    }
    return true;
}

static bool
write_journal(const ApplyContext *context, const Revision *revision, Plan *plan, GError **error)
{
    g_autoptr(GPtrArray) rows = plan_journal(plan);

    return ledger_plan_steps(context->conn, revision->id, plan->phase, rows, error);
}

static bool
open_journal(const ApplyContext *context, const Revision *revision, Plan *plan, GError **error)
{
    g_autoptr(GPtrArray) journal =
        ledger_load_steps(context->conn, revision->id, plan->phase, error);

    return journal != NULL && match_journal(plan, revision, journal, error) &&
           write_journal(context, revision, plan, error);
}

static void
select_steps(Execution *execution, const PlanRun *run)
{
    g_ptr_array_set_size(execution->steps, 0);
    g_array_set_size(execution->ordinals, 0);
    for (guint i = 0; i < run->steps->len; i++) {
        PlanStep *step = g_ptr_array_index(run->steps, i);

        if (step->is_done)
            continue;
        g_ptr_array_add(execution->steps, step);
        g_array_append_val(execution->ordinals, step->ordinal);
    }
}

static bool
record_steps(PgConn *conn, const Execution *execution, GError **error)
{
    for (guint i = 0; i < execution->steps->len; i++) {
        const PlanStep *step = g_ptr_array_index(execution->steps, i);
        if (step->record && !step->record(conn, step->data, error))
            return false;
    }
    return true;
}

/* Inside the run's transaction. */
static bool
record_run(PgConn *conn, gconstpointer data, GError **error)
{
    const Execution *execution = data;

    if (!record_steps(conn, execution, error) ||
        !ledger_finish_steps(conn, execution->revision->id, execution->plan->phase,
                             execution->ordinals, error))
        return false;
    return !execution->is_last || execution->plan->record(conn, execution->plan->data, error);
}

static bool
run_transaction(const Execution *execution, TransactResult *result, GError **error)
{
    return transact(execution->context, execution->what, execution->steps, record_run, execution,
                    result, error);
}

static bool
run_concurrent(const Execution *execution, TransactResult *result, GError **error)
{
    const ApplyContext *context = execution->context;
    const gint64 start = clock_now_ms(context->clock);

    result->attempts = 1;
    if (!concurrent_run(context, execution->what, g_ptr_array_index(execution->steps, 0), error))
        return false;
    result->duration_ms = clock_now_ms(context->clock) - start;
    return ledger_finish_steps(context->conn, execution->revision->id, execution->plan->phase,
                               execution->ordinals, error);
}

/* The journal is for people here, so it must not hide the error. */
static void
record_failure(const Execution *execution, int attempts, const GError *cause)
{
    if (!pg_is_connected(execution->context->conn) || error_is(cause, ERROR_INTERRUPTED))
        return;
    ledger_fail_steps(execution->context->conn, execution->revision->id, execution->plan->phase,
                      execution->ordinals, attempts, cause->message, NULL);
}

static void
report_run(const Execution *execution, const TransactResult *result)
{
    for (guint i = 0; i < execution->steps->len; i++) {
        const PlanStep *step = g_ptr_array_index(execution->steps, i);
        report_detail(execution->context->report, "%s: %s", execution->what,
                      step->label ? step->label : step->text);
    }
    report_detail(execution->context->report,
                  "%s: %u step%s in %" G_GINT64_FORMAT " ms, %d attempt%s, %" G_GINT64_FORMAT
                  " ms waited for locks",
                  execution->what, execution->steps->len, execution->steps->len == 1 ? "" : "s",
                  result->duration_ms, result->attempts, result->attempts == 1 ? "" : "s",
                  result->lock_wait_ms);
}

static bool
execute_run(const Execution *execution, bool transactional, GError **error)
{
    PgConn *conn = execution->context->conn;
    const char *id = execution->revision->id, *phase = execution->plan->phase;
    TransactResult result = {0};
    g_autoptr(GError) cause = NULL;

    FAULT_POINT("apply-before-intent");
    if (!ledger_start_steps(conn, id, phase, execution->ordinals, error))
        return false;
    FAULT_POINT("apply-after-intent");
    if (!(transactional ? run_transaction : run_concurrent)(execution, &result, &cause)) {
        record_failure(execution, result.attempts, cause);
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    report_run(execution, &result);
    return ledger_time_steps(conn, id, phase, execution->ordinals, result.attempts,
                             result.lock_wait_ms, result.duration_ms, error);
}

/* Behind a last step that had no transaction, or where there was nothing to do. */
static bool
record_plan(const ApplyContext *context, const Plan *plan, GError **error)
{
    FAULT_POINT("apply-before-state");
    if (pg_begin(context->conn, error) && plan->record(context->conn, plan->data, error) &&
        pg_commit(context->conn, error))
        return true;
    pg_rollback(context->conn);
    return false;
}

static int
last_open_run(const Plan *plan)
{
    for (guint i = plan->runs->len; i > 0; i--) {
        const PlanRun *run = g_ptr_array_index(plan->runs, i - 1);
        for (guint s = 0; s < run->steps->len; s++)
            if (!((const PlanStep *) g_ptr_array_index(run->steps, s))->is_done)
                return (int) i - 1;
    }
    return -1;
}

static bool
is_untouched(const Plan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const PlanStep *step = g_ptr_array_index(plan->steps, i);
        if (step->is_done || step->is_begun)
            return false;
    }
    return true;
}

/* The first run of all was undone as a whole: the phase has not begun. */
static void
take_back(const Execution *execution, const PlanRun *run)
{
    const ApplyContext *context = execution->context;

    if (run->transactional && run == g_ptr_array_index(execution->plan->runs, 0) &&
        is_untouched(execution->plan) && pg_is_connected(context->conn))
        ledger_begin_phase(context->conn, execution->revision, NULL, NULL);
}

bool
execute_plan(const ApplyContext *context, const Revision *revision, Plan *plan, GError **error)
{
    g_auto(Execution) execution = {0};
    bool is_recorded = false;
    int last;

    execution_init(&execution, context, revision, plan);
    if (!open_journal(context, revision, plan, error))
        return false;
    last = last_open_run(plan);
    for (int i = 0; i <= last; i++) {
        const PlanRun *run = g_ptr_array_index(plan->runs, i);

        select_steps(&execution, run);
        if (execution.steps->len == 0)
            continue;
        execution.is_last = i == last && run->transactional;
        if (!execute_run(&execution, run->transactional, error)) {
            take_back(&execution, run);
            return false;
        }
        is_recorded = execution.is_last;
    }
    return is_recorded || record_plan(context, plan, error);
}

/* Inside the one transaction. The revision's row first, which the others hang on. */
static bool
record_at_once(PgConn *conn, gconstpointer data, GError **error)
{
    const Execution *execution = data;

    return execution->plan->record(conn, execution->plan->data, error) &&
           record_steps(conn, execution, error);
}

/* Only what failed needs a journal of its own. */
static void
record_failed_plan(const Execution *execution, Plan *plan, int attempts, const GError *cause)
{
    const ApplyContext *context = execution->context;

    if (!pg_is_connected(context->conn) || error_is(cause, ERROR_INTERRUPTED))
        return;
    if (ledger_begin_phase(context->conn, execution->revision, NULL, NULL) &&
        write_journal(context, execution->revision, plan, NULL))
        record_failure(execution, attempts, cause);
}

/* Nothing but new things, and nothing to record but the state. */
static bool
fits_in_one_message(const Plan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const PlanStep *step = g_ptr_array_index(plan->steps, i);
        if (step->takes_locks || step->record)
            return false;
    }
    return plan->make_record != NULL;
}

static bool
run_at_once(const Execution *execution, TransactResult *result, GError **error)
{
    const Plan *plan = execution->plan;

    if (fits_in_one_message(plan)) {
        g_autoptr(LedgerRecord) record = plan->make_record(execution->context->conn, plan->data);
        g_autoptr(GError) cause = NULL;

        if (transact_message(execution->context, execution->what, execution->steps, record, result,
                             &cause))
            return true;
        if (!error_is(cause, ERROR_LOCK)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return false;
        }
    }
    return transact(execution->context, execution->what, execution->steps, record_at_once,
                    execution, result, error);
}

bool
execute_at_once(const ApplyContext *context, const Revision *revision, Plan *plan, GError **error)
{
    g_auto(Execution) execution = {0};
    TransactResult result = {0};
    g_autoptr(GError) cause = NULL;

    execution_init(&execution, context, revision, plan);
    if (plan->runs->len > 0)
        select_steps(&execution, g_ptr_array_index(plan->runs, 0));
    if (!run_at_once(&execution, &result, &cause)) {
        record_failed_plan(&execution, plan, result.attempts, cause);
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    report_run(&execution, &result);
    return fits_in_one_message(plan) || execution.steps->len == 0 ||
           ledger_time_steps(context->conn, revision->id, plan->phase, execution.ordinals,
                             result.attempts - 1, result.lock_wait_ms, result.duration_ms, error);
}

static void
describe_step(const Execution *execution, const PlanStep *step, guint run, bool transactional,
              const char *locks)
{
    const bool is_ended = g_str_has_suffix(step->text, ";") || g_str_has_suffix(step->text, ";\n");

    report_data(execution->context->report, REPORT_STEP,
                json_pack("{s:s, s:s, s:i, s:b, s:b, s:s?, s:s, s:s, s:b}", "revision",
                          execution->revision->id, "phase", execution->plan->phase, "run",
                          (int) run, "transaction", transactional, "derived", step->label != NULL,
                          "label", step->label, "statement", step->text, "locks", locks,
                          "unknown_locks", step->unknown_locks),
                "%s%s%s%s%s", step->label ? "-- derived: " : "", step->label ? step->label : "",
                step->label ? "\n" : "", step->text, is_ended ? "" : ";");
}

/* The relations that an earlier run makes are not there yet: nobody waits for those. */
static bool
describe_run(const Execution *execution, guint run, bool transactional, GError **error)
{
    g_autoptr(GPtrArray) statements = plan_statements(execution->steps);
    bool unknown = false;
    g_autoptr(GPtrArray) needs =
        locks_resolve(execution->context->conn, statements, &unknown, error);
    g_autofree char *locks = needs ? look_describe_needs(needs, needs->len) : NULL;

    if (needs == NULL)
        return false;
    if (transactional)
        transact_warn(execution->context, execution->what, execution->steps, needs);
    report_step(execution->context->report, "-- run %u, %s; locks: %s", run,
                transactional ? "one transaction" : "outside of transactions",
                *locks ? locks : "none on what exists");
    for (guint i = 0; i < execution->steps->len; i++)
        describe_step(execution, g_ptr_array_index(execution->steps, i), run, transactional, locks);
    return true;
}

bool
execute_dry(const ApplyContext *context, const Revision *revision, Plan *plan, GError **error)
{
    g_auto(Execution) execution = {0};

    execution_init(&execution, context, revision, plan);
    for (guint i = 0; i < plan->runs->len; i++) {
        const PlanRun *run = g_ptr_array_index(plan->runs, i);

        select_steps(&execution, run);
        if (!describe_run(&execution, i + 1, run->transactional, error))
            return false;
    }
    return true;
}
