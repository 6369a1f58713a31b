#include "rehearse/rehearse.h"

#include <string.h>

#include "base/error.h"
#include "catalog/catalog.h"
#include "migrate/needs.h"
#include "migrate/next.h"
#include "rehearse/copy.h"
#include "rehearse/kill.h"
#include "rehearse/measure.h"
#include "sync/sync.h"

typedef struct {
    const RehearseOptions *options;
    Rehearsal *result;
    Copy copy;
    Report report; /* of the dry run whose statements are gathered */
    GPtrArray *planned;
} Run;

/* A statement that a phase is going to run. */
typedef struct {
    char *sql;
    guint run;
    bool transactional;
} Planned;

static void
planned_free(Planned *planned)
{
    g_free(planned->sql);
    g_free(planned);
}

static void
check_free(RehearsedCheck *check)
{
    g_free(check->name);
    g_free(check->detail);
    g_free(check);
}

void
rehearsal_free(Rehearsal *rehearsal)
{
    if (rehearsal == NULL)
        return;
    g_free(rehearsal->server);
    g_ptr_array_unref(rehearsal->statements);
    g_ptr_array_unref(rehearsal->checks);
    g_ptr_array_unref(rehearsal->notes);
    g_free(rehearsal);
}

guint
rehearsal_count_stalls(const Rehearsal *rehearsal)
{
    guint count = 0;

    for (guint i = 0; i < rehearsal->statements->len; i++)
        count += ((RehearsedStatement *) rehearsal->statements->pdata[i])->stall != NULL;
    return count;
}

guint
rehearsal_count_failed(const Rehearsal *rehearsal)
{
    guint count = 0;

    for (guint i = 0; i < rehearsal->checks->len; i++)
        count += !((RehearsedCheck *) rehearsal->checks->pdata[i])->ok;
    return count;
}

/* --- what a phase is going to run ----------------------------------------------------------- */

static void
gather(void *sink, ReportKind kind, const char *text G_GNUC_UNUSED, json_t *data)
{
    Run *run = sink;
    const char *sql = json_string_value(json_object_get(data, "statement"));
    const json_int_t number = json_integer_value(json_object_get(data, "run"));
    Planned *planned;

    if (kind != REPORT_STEP || sql == NULL || number == 0)
        return;
    planned = g_new0(Planned, 1);
    *planned = (Planned){g_strdup(sql), (guint) number,
                         json_is_true(json_object_get(data, "transaction"))};
    g_ptr_array_add(run->planned, planned);
}

static void
ignore_progress(void *sink G_GNUC_UNUSED, const ReportProgress *progress G_GNUC_UNUSED)
{
}

/* A backfill as one statement: the plain one that sluice cuts into parts. */
static bool
plan_backfill(Run *run, const Revision *revision, GError **error)
{
    const Section *section = revision_section(revision, SECTION_BACKFILL, NULL);
    g_autoptr(GPtrArray) syncs = revision_syncs(revision, error);

    for (guint i = 0; syncs != NULL && section == NULL && i < syncs->len; i++) {
        const RevisionSync *sync = syncs->pdata[i];
        g_autoptr(CatalogTable) table =
            catalog_require_table(run->copy.context.apply.conn, sync->schema, sync->table, error);
        Planned *planned = g_new0(Planned, 1);

        g_ptr_array_add(run->planned, planned);
        planned->transactional = true;
        planned->sql = table != NULL ? sync_backfill_sql(table, sync) : NULL;
        if (planned->sql == NULL)
            return false;
    }
    if (section != NULL) {
        Planned *planned = g_new0(Planned, 1);

        *planned = (Planned){.sql = g_strdup(section->text), .transactional = true};
        g_ptr_array_add(run->planned, planned);
    }
    return syncs != NULL;
}

/* The finish of a revision with a backfill is only known once that has run: it is then a phase of
 * its own to us. */
static bool
plan_phase(Run *run, const Revision *revision, const char *phase, GError **error)
{
    MigrateContext dry = run->copy.context;

    g_clear_pointer(&run->planned, g_ptr_array_unref);
    run->planned = g_ptr_array_new_with_free_func((GDestroyNotify) planned_free);
    run->report = (Report){.line = gather, .progress = ignore_progress, .sink = run};
    dry.apply.dry_run = true;
    dry.apply.report = &run->report;
    if (strcmp(phase, "backfill") != 0)
        return copy_run_phase(&dry, revision, phase, error);
    return plan_backfill(run, revision, error) && copy_run_phase(&dry, revision, "finish", error);
}

/* --- a phase ---------------------------------------------------------------------------------- */

static bool
blocks_app(const RehearsedStatement *statement)
{
    for (guint i = 0; i < statement->locks->len; i++) {
        const RehearsedLock *lock = statement->locks->pdata[i];
        if (lock->taken >= LOCK_SHARE)
            return true;
    }
    return false;
}

/* Statements of a run share a transaction in production: what the first locks is held until the
 * last is done. A scan or a rewrite under a lock that apps wait for lasts as long as the table is
 * large, whatever it took here. */
static void
judge_stalls(Run *run, guint first)
{
    GPtrArray *all = run->result->statements;

    for (guint i = first; i < all->len; i++) {
        RehearsedStatement *statement = all->pdata[i];
        gint64 held_us = 0;
        bool reads = statement->scanned->len > 0 || statement->rewritten->len > 0;

        if (strcmp(statement->phase, "backfill") == 0 || !blocks_app(statement))
            continue;
        for (guint k = i; k < all->len; k++) {
            const RehearsedStatement *later = all->pdata[k];
            if (k == i || (later->run == statement->run && statement->transactional))
                held_us += later->took_us;
        }
        if (held_us > run->result->budget_ms * 1000)
            statement->stall = g_strdup_printf(
                "held a lock that apps wait for during %.0f ms, the budget is %" G_GINT64_FORMAT
                " ms",
                (double) held_us / 1000, run->result->budget_ms);
        else if (reads)
            statement->stall = g_strdup("reads or writes whole tables under a lock that apps wait "
                                        "for: as long as they are large");
    }
}

static bool
measure_phase(Run *run, const Revision *revision, const char *phase, GError **error)
{
    g_autofree char *url = copy_clone(&run->copy, "measured", error);
    g_autoptr(PgConn) conn =
        url != NULL ? pg_connect(url, &(PgConnOptions){.purpose = "rehearse"}, error) : NULL;
    const guint first = run->result->statements->len;

    for (guint i = 0; conn != NULL && i < run->planned->len; i++) {
        const Planned *planned = run->planned->pdata[i];
        RehearsedStatement *statement =
            measure_statement(conn, url, planned->sql, planned->transactional, error);

        if (statement == NULL) {
            g_prefix_error(error, "%s of %s: ", phase, revision->id);
            return false;
        }
        statement->revision = g_strdup(revision->id);
        statement->phase =
            g_strdup(strcmp(phase, "backfill") == 0 && planned->run != 0 ? "finish" : phase);
        statement->run = planned->run;
        g_ptr_array_add(run->result->statements, statement);
    }
    judge_stalls(run, first);
    return conn != NULL;
}

/* @measured: its statements are looked at too. */
static bool
run_phase(Run *run, const Revision *header, const char *phase, bool measured, GError **error)
{
    g_autoptr(Revision) revision = graph_read(run->options->graph, header, error);

    if (revision == NULL)
        return false;
    report_step(run->options->report, "%s %s", phase, header->id);
    return (!measured || (plan_phase(run, revision, phase, error) &&
                          measure_phase(run, revision, phase, error))) &&
           copy_run_phase(&run->copy.context, header, phase, error);
}

/* --- the lives -------------------------------------------------------------------------------- */

static void
add_check(Run *run, const char *name, bool ok, char *take_detail)
{
    RehearsedCheck *check = g_new0(RehearsedCheck, 1);

    *check = (RehearsedCheck){g_strdup(name), ok, take_detail};
    g_ptr_array_add(run->result->checks, check);
}

/* The first line that only one of the texts has. */
static char *
first_difference(const char *a, const char *b)
{
    g_auto(GStrv) left = g_strsplit(a, "\n", -1), right = g_strsplit(b, "\n", -1);

    for (char **line = left; *line; line++)
        if (!g_strv_contains((const char *const *) right, *line))
            return g_strdup_printf("only before: %s", *line);
    for (char **line = right; *line; line++)
        if (!g_strv_contains((const char *const *) left, *line))
            return g_strdup_printf("only afterwards: %s", *line);
    return g_strdup("the same lines in another order");
}

static bool
check_same(Run *run, const char *name, const char *wanted, PgConn *conn, GError **error)
{
    g_autofree char *now = catalog_describe(conn, error);
    bool same;

    if (now == NULL)
        return false;
    same = strcmp(now, wanted) == 0;
    add_check(run, name, same, same ? NULL : first_difference(wanted, now));
    return true;
}

/* *@ret_phase: what comes next there; NULL: it is final. */
static bool
find_next(Run *run, PgConn *conn, const Revision *header, const char **ret_phase, GError **error)
{
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(conn, error);
    g_autoptr(Revision) revision =
        rows != NULL ? graph_read(run->options->graph, header, error) : NULL;

    if (revision == NULL)
        return false;
    *ret_phase = next_phase(revision, ledger_find_revision(rows, header->id));
    return true;
}

/* One phase further; *@ret_moved false: it is final. */
static bool
advance(Run *run, const Revision *header, bool measured, bool *ret_moved, GError **error)
{
    const char *phase;

    if (!find_next(run, run->copy.context.apply.conn, header, &phase, error))
        return false;
    *ret_moved = phase != NULL;
    return phase == NULL || run_phase(run, header, phase, measured, error);
}

/* What it requires goes before it, as far as it must. */
static bool
meet_needs(Run *run, const Revision *revision, bool measured, GError **error)
{
    bool moved = true;

    while (moved) {
        g_autoptr(LedgerRevisions) rows =
            ledger_load_revisions(run->copy.context.apply.conn, error);
        const Requirement *unmet =
            rows != NULL ? need_find_unmet(run->options->graph, rows, revision) : NULL;
        const Revision *required =
            unmet != NULL ? graph_required(run->options->graph, unmet) : NULL;

        if (rows == NULL)
            return false;
        if (required == NULL)
            return true;
        if (!advance(run, required, measured, &moved, error))
            return false;
    }
    return true;
}

static bool
expand_all(Run *run, bool measured, GError **error)
{
    for (guint i = 0; i < run->options->pending->len; i++) {
        const Revision *revision = run->options->pending->pdata[i];
        g_autoptr(LedgerRevisions) rows = NULL;

        if (!meet_needs(run, revision, measured, error))
            return false;
        rows = ledger_load_revisions(run->copy.context.apply.conn, error);
        if (rows == NULL)
            return false;
        if (ledger_find_revision(rows, revision->id) == NULL &&
            !run_phase(run, revision, "expand", measured, error))
            return false;
    }
    return true;
}

/* Is there a way back for all of them? Adds a note that says which has none. */
static bool
can_go_back(Run *run, bool *ret_can, GError **error)
{
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(run->copy.context.apply.conn, error);

    *ret_can = rows != NULL;
    for (guint i = 0; *ret_can && i < run->options->pending->len; i++) {
        const Revision *header = run->options->pending->pdata[i];
        g_autoptr(Revision) revision = graph_read(run->options->graph, header, error);
        g_autoptr(GError) cause = NULL;

        if (revision == NULL)
            return false;
        if (apply_check_downgrade(revision, ledger_find_revision(rows, header->id), &cause))
            continue;
        g_ptr_array_add(run->result->notes,
                        g_strdup_printf("no way back was tried: %s", cause->message));
        *ret_can = false;
    }
    return rows != NULL;
}

static bool
down_and_up(Run *run, const char *start, GError **error)
{
    MigrateContext *context = &run->copy.context;
    g_autofree char *expanded = catalog_describe(context->apply.conn, error);
    bool can = false;

    if (expanded == NULL || !can_go_back(run, &can, error))
        return false;
    if (!can)
        return true;
    for (guint i = run->options->pending->len; i-- > 0;)
        if (!run_phase(run, run->options->pending->pdata[i], "downgrade", true, error))
            return false;
    return check_same(run, "up, down", start, context->apply.conn, error) &&
           expand_all(run, false, error) &&
           check_same(run, "up, down, up again", expanded, context->apply.conn, error);
}

/* Is there a way back from its cutover? Adds a note if not. */
static bool
can_undo_cutover(Run *run, const Revision *header, bool *ret_can, GError **error)
{
    g_autoptr(Revision) revision = graph_read(run->options->graph, header, error);

    if (revision == NULL)
        return false;
    *ret_can = revision_section(revision, SECTION_CUTOVER, NULL) == NULL ||
               revision_section(revision, SECTION_CUTOVER_UNDO, NULL) != NULL;
    if (!*ret_can)
        g_ptr_array_add(run->result->notes,
                        g_strdup_printf("no way back from the cutover of %s was "
                                        "tried: it has no section `cutover "
                                        "undo`",
                                        header->id));
    return true;
}

/* The undo of a swap takes along what finish had built: that runs again before it is compared. */
static bool
undo_cutover(Run *run, const Revision *header, GError **error)
{
    const char *phase = "cutover undo";

    do {
        const bool measured = strcmp(phase, "cutover undo") == 0;
        if (!run_phase(run, header, phase, measured, error) ||
            !find_next(run, run->copy.context.apply.conn, header, &phase, error))
            return false;
    } while (phase != NULL && strcmp(phase, "cutover") != 0);
    return true;
}

static bool
cut_over_and_back(Run *run, const Revision *header, GError **error)
{
    g_autofree char *before = catalog_describe(run->copy.context.apply.conn, error);
    g_autofree char *cut_over = NULL;
    bool can;

    if (before == NULL || !run_phase(run, header, "cutover", true, error) ||
        !can_undo_cutover(run, header, &can, error))
        return false;
    if (!can)
        return true;
    cut_over = catalog_describe(run->copy.context.apply.conn, error);
    return cut_over != NULL && undo_cutover(run, header, error) &&
           check_same(run, "cutover, undo", before, run->copy.context.apply.conn, error) &&
           run_phase(run, header, "cutover", false, error) &&
           check_same(run, "cutover, undo, cutover again", cut_over, run->copy.context.apply.conn,
                      error);
}

static bool
finish_life(Run *run, const Revision *header, bool measured, GError **error)
{
    for (;;) {
        const char *phase;

        if (!find_next(run, run->copy.context.apply.conn, header, &phase, error))
            return false;
        if (phase == NULL)
            return true;
        if (!(measured && strcmp(phase, "cutover") == 0
                  ? cut_over_and_back(run, header, error)
                  : run_phase(run, header, phase, measured, error)))
            return false;
    }
}

static bool
finish_lives(Run *run, bool measured, GError **error)
{
    for (guint i = 0; i < run->options->pending->len; i++)
        if (!finish_life(run, run->options->pending->pdata[i], measured, error))
            return false;
    return true;
}

/* Two copies of the start: in one the phases run undisturbed, in the other they are killed. */
typedef struct {
    char *fresh_url, *killed_url;
    MigrateContext fresh, killed;
    guint kills;
    char *problem; /* the first */
} Twins;

static void
twins_clear(Twins *twins)
{
    g_clear_pointer(&twins->fresh.apply.conn, pg_disconnect);
    g_clear_pointer(&twins->killed.apply.conn, pg_disconnect);
    g_free(twins->fresh_url);
    g_free(twins->killed_url);
    g_free(twins->problem);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Twins, twins_clear)

static bool
twins_open(Run *run, Twins *twins, GError **error)
{
    twins->fresh_url = copy_clone(&run->copy, "fresh", error);
    twins->killed_url = twins->fresh_url != NULL ? copy_clone(&run->copy, "killed", error) : NULL;
    return twins->killed_url != NULL &&
           copy_connect(&run->copy, twins->fresh_url, &twins->fresh, error) &&
           copy_connect(&run->copy, twins->killed_url, &twins->killed, error);
}

/* Compared behind each phase, for contract drops what an earlier one may have left. */
static bool
run_killed(Run *run, Twins *twins, const Revision *header, const char *phase, GError **error)
{
    g_autofree char *wanted = catalog_describe(twins->fresh.apply.conn, error);
    g_autofree char *problem = NULL, *now = NULL;

    if (wanted == NULL || !kill_run_phase(&run->copy, twins->killed_url, header, phase,
                                          &twins->kills, &problem, error))
        return false;
    if (problem == NULL) {
        now = catalog_describe(twins->killed.apply.conn, error);
        if (now == NULL)
            return false;
        if (strcmp(now, wanted) != 0)
            problem = first_difference(wanted, now);
    }
    if (problem != NULL)
        twins->problem = g_strdup_printf("%s of %s: %s", phase, header->id, problem);
    return true;
}

static bool
live_as_twins(Run *run, Twins *twins, const Revision *header, GError **error)
{
    for (;;) {
        const char *phase;

        if (!find_next(run, twins->fresh.apply.conn, header, &phase, error))
            return false;
        if (phase == NULL)
            return true;
        report_step(run->options->report, "%s %s, killed on the way", phase, header->id);
        if (!copy_run_phase(&twins->fresh, header, phase, error) ||
            (twins->problem == NULL && !run_killed(run, twins, header, phase, error)))
            return false;
    }
}

/* Whole lives in order, from the same start, end in the same schema, killed on the way or not. */
static bool
compare_orders(Run *run, Twins *twins, GError **error)
{
    g_autofree char *ended = catalog_describe(run->copy.context.apply.conn, error);

    if (ended == NULL)
        return false;
    for (guint i = 0; i < run->options->pending->len; i++)
        if (!live_as_twins(run, twins, run->options->pending->pdata[i], error))
            return false;
    add_check(run, "killed in the middle", twins->problem == NULL,
              twins->problem != NULL ? g_strdup(twins->problem)
                                     : g_strdup_printf("killed %u times", twins->kills));
    /* And run again, nothing is left to do. */
    return check_same(run, "production order and fresh order", ended, twins->fresh.apply.conn,
                      error) &&
           expand_all(run, false, error) && finish_lives(run, false, error) &&
           check_same(run, "run twice", ended, run->copy.context.apply.conn, error);
}

static bool
run_all(Run *run, GError **error)
{
    g_auto(Twins) twins = {0};
    g_autofree char *start = NULL;

    if (!twins_open(run, &twins, error))
        return false;
    start = catalog_describe(run->copy.context.apply.conn, error);
    return start != NULL && expand_all(run, true, error) && down_and_up(run, start, error) &&
           finish_lives(run, true, error) && compare_orders(run, &twins, error);
}

Rehearsal *
rehearse_run(const RehearseOptions *options, GError **error)
{
    g_autoptr(Rehearsal) result = g_new0(Rehearsal, 1);
    Run run = {.options = options, .result = result};
    bool ok;

    result->budget_ms = options->settings->stall_budget_ms;
    result->statements = g_ptr_array_new_with_free_func((GDestroyNotify) rehearsed_statement_free);
    result->checks = g_ptr_array_new_with_free_func((GDestroyNotify) check_free);
    result->notes = g_ptr_array_new_with_free_func(g_free);
    ok = copy_open(&run.copy, options, result->notes, error);
    if (ok) {
        result->server = g_strdup_printf("PostgreSQL %s", run.copy.server->version);
        ok = run_all(&run, error);
    }
    g_clear_pointer(&run.planned, g_ptr_array_unref);
    copy_clear(&run.copy);
    return ok ? g_steal_pointer(&result) : NULL;
}
