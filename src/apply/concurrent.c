#include "apply/concurrent.h"

#include "apply/watch.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/stop.h"
#include "catalog/catalog.h"
#include "locks/locks.h"

enum { TRIES = 3, POLL_MS = 500 };

typedef struct {
    const ApplyContext *context;
    const char *what;
    const PlanStep *step;
    char *schema; /* NULL: search_path */
    char *index;
    char *quoted;
} Build;

static void
build_clear(Build *build)
{
    g_free(build->schema);
    g_free(build->index);
    g_free(build->quoted);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Build, build_clear)

static bool
execute_watched(const ApplyContext *context, const char *what, const char *sql, GError **error)
{
    g_autoptr(Watch) watch = watch_start(context, what);
    g_autoptr(GError) cause = NULL;

    if (pg_exec_script(context->conn, sql, &cause))
        return true;
    if (!stop_check(error))
        return false;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool
fail_at(const PlanStep *step, GError **error)
{
    g_autofree char *where = plan_step_describe(step);

    g_prefix_error(error, "%s: ", where);
    return false;
}

/* A session that builds it still: an earlier sluice's that was killed, or somebody's by hand. Its
 * index looks invalid until it ends. *@ret_pid 0: nobody does. */
static bool
find_builder(const Build *build, int *ret_pid, GError **error)
{
    g_autoptr(PgRows) rows =
        pg_query(build->context->conn, error,
                 "SELECT pid FROM pg_stat_progress_create_index "
                 "WHERE index_relid = to_regclass($1) AND pid <> pg_backend_pid()",
                 build->quoted);

    if (rows == NULL)
        return false;
    *ret_pid = pg_rows_count(rows) > 0 ? (int) pg_integer(rows, 0, 0) : 0;
    return true;
}

static bool
wait_for_builder(const Build *build, GError **error)
{
    int said = 0;

    for (;;) {
        int pid = 0;

        if (!find_builder(build, &pid, error))
            return false;
        if (pid == 0)
            return true;
        if (pid != said)
            report_wait(build->context->report, "%s: pid %d is building %s already; waiting for it",
                        build->what, pid, build->quoted);
        said = pid;
        if (!stop_check(error))
            return false;
        clock_sleep_ms(build->context->clock, POLL_MS);
    }
}

static bool
find_state(const Build *build, IndexState *ret_state, GError **error)
{
    return wait_for_builder(build, error) &&
           catalog_index_state(build->context->conn, build->schema, build->index, ret_state, error);
}

static bool
drop_invalid(const Build *build, GError **error)
{
    g_autofree char *sql = g_strdup_printf("DROP INDEX CONCURRENTLY IF EXISTS %s", build->quoted);
    g_autofree char *what = g_strdup_printf("drop of invalid index %s", build->quoted);

    if (!execute_watched(build->context, what, sql, error))
        return false;
    FAULT_POINT("apply-concurrent-dropped");
    return true;
}

/* What a failed build leaves costs every write, and serves no read. */
static void
clean_up(const Build *build)
{
    IndexState state = INDEX_ABSENT;

    if (stop_requested() || !pg_is_connected(build->context->conn))
        return;
    if (find_state(build, &state, NULL) && state == INDEX_INVALID)
        drop_invalid(build, NULL);
}

/* With a valid index the statement runs only where no process of ours can have built it: the server
 * then says what the author must hear ("already exists", or nothing with IF NOT EXISTS). */
static bool
build_once(const Build *build, GError **error)
{
    g_autofree char *what = g_strdup_printf("build of index %s", build->quoted);
    IndexState state = INDEX_ABSENT;

    if (!find_state(build, &state, error))
        return false;
    if (state == INDEX_VALID && build->step->is_begun)
        return true;
    if (state == INDEX_INVALID) {
        report_step(build->context->report,
                    "%s: index %s is invalid, left by a build that did not end; building it again",
                    build->what, build->quoted);
        if (!drop_invalid(build, error))
            return false;
    }
    FAULT_POINT("apply-concurrent-before");
    if (!execute_watched(build->context, what, build->step->text, error))
        return false;
    FAULT_POINT("apply-concurrent-after");
    return true;
}

static bool
check_built(const Build *build, GError **error)
{
    IndexState state = INDEX_ABSENT;

    if (!find_state(build, &state, error))
        return false;
    if (state == INDEX_VALID)
        return true;
    return error_set(error, ERROR_STATE, "index %s is %s after its build", build->quoted,
                     state == INDEX_INVALID ? "invalid" : "absent");
}

static bool
build_index(const Build *build, GError **error)
{
    for (int tries = 1;; tries++) {
        g_autoptr(GError) cause = NULL;

        if (build_once(build, &cause))
            return check_built(build, error);
        clean_up(build);
        if (tries >= TRIES || !error_is_sqlstate(cause, "40P01")) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return fail_at(build->step, error);
        }
        report_detail(build->context->report, "%s: %s; trying again", build->what, cause->message);
    }
}

/* A qualified table says where its index goes; CREATE INDEX cannot. */
static bool
names_index(Build *build)
{
    const SqlStatement *statement = g_ptr_array_index(build->step->statements, 0);

    if (!sql_statement_creates_index(statement, &build->schema, &build->index, NULL, NULL))
        return false;
    build->quoted = build->schema ? pg_quote_qualified(build->schema, build->index)
                                  : pg_quote_identifier(build->index);
    return true;
}

/* DROP INDEX CONCURRENTLY of an earlier process may have done its work before it was recorded. */
static bool
is_gone_already(const PlanStep *step, const GError *cause)
{
    return step->is_begun && error_is_sqlstate(cause, "42704") &&
           g_str_has_prefix(sql_statement_verb(g_ptr_array_index(step->statements, 0)),
                            "DROP INDEX");
}

static bool
run_other(const ApplyContext *context, const char *what, const PlanStep *step, GError **error)
{
    g_autoptr(GError) cause = NULL;

    FAULT_POINT("apply-concurrent-before");
    if (!execute_watched(context, what, step->text, &cause) && !is_gone_already(step, cause)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return fail_at(step, error);
    }
    FAULT_POINT("apply-concurrent-after");
    return true;
}

/* An index is used by queries that have locked its table; nobody queues for it alone. */
static bool
is_index(const LockNeed *need)
{
    return need->kind == 'i' || need->kind == 'I';
}

/* VACUUM FULL, CLUSTER, REINDEX TABLE, DETACH .. CONCURRENTLY: outside of a transaction there is no
 * deadline that could be kept. */
static bool
check_locks(const ApplyContext *context, const PlanStep *step, GError **error)
{
    bool unknown = false;
    g_autoptr(GPtrArray) needs = locks_resolve(context->conn, step->statements, &unknown, error);

    if (needs == NULL)
        return false;
    for (guint i = 0; i < needs->len; i++) {
        const LockNeed *need = g_ptr_array_index(needs, i);

        if (need->mode < LOCK_SHARE || is_index(need))
            continue;
        error_set(error, ERROR_STATE,
                  "it takes %s on %s outside of a transaction, for as long as it runs, and the "
                  "app's queries would wait",
                  lock_mode_name(need->mode), need->quoted);
        error_hint(error, "Use the form that fits into a transaction (DETACH PARTITION, without "
                          "CONCURRENTLY) or blocks nobody (REINDEX CONCURRENTLY); or run it by "
                          "hand in a maintenance window.");
        return fail_at(step, error);
    }
    return true;
}

bool
concurrent_run(const ApplyContext *context, const char *what, const PlanStep *step, GError **error)
{
    g_auto(Build) build = {.context = context, .what = what, .step = step};

    if (!check_locks(context, step, error))
        return false;
    return names_index(&build) ? build_index(&build, error) : run_other(context, what, step, error);
}
