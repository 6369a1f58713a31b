#include "migrate/fresh.h"

#include <string.h>

#include "backfill/complete.h"
#include "base/fault.h"
#include "catalog/catalog.h"
#include "ledger/events.h"
#include "ledger/rollouts.h"
#include "locks/locks.h"
#include "migrate/imported.h"
#include "migrate/next.h"
#include "revision/table-sync.h"

static const char *const fresh_events[] = {"fresh", "fresh-done", NULL};

typedef struct {
    const MigrateContext *context;
    const UpgradePlan *plan;
} Fresh;

static bool
check_rollouts(const ApplyContext *apply, GError **error)
{
    bool has = false;

    if (!ledger_has_rollouts(apply->conn, &has, error))
        return false;
    if (!has)
        return true;
    error_set(error, ERROR_STATE, "%s has seen rollouts: an app uses it", pg_target(apply->conn));
    return error_hint(error, "Leave out --fresh: `sluice upgrade` expands, and each later phase "
                             "has its own gate.");
}

static bool
check_empty(const ApplyContext *apply, const Revision *revision, const char *quoted, GError **error)
{
    g_autofree char *sql = g_strdup_printf("SELECT EXISTS (SELECT FROM %s)", quoted);
    g_autoptr(PgRows) rows = pg_query(apply->conn, error, sql);

    if (rows == NULL)
        return false;
    if (!pg_bool(rows, 0, 0))
        return true;
    error_set(error, ERROR_STATE,
              "table %s of %s has rows, and revision %s changes its shape: an app may use it",
              quoted, pg_target(apply->conn), revision->id);
    return error_hint(error, "--fresh is for new databases. Leave it out: `sluice upgrade` "
                             "expands, and each later phase has its own gate.");
}

static bool
check_named(const ApplyContext *apply, const Revision *revision, const char *schema,
            const char *name, GError **error)
{
    g_autoptr(CatalogTable) table = NULL;

    return catalog_find_table(apply->conn, schema, name, &table, error) &&
           (table == NULL || check_empty(apply, revision, table->quoted, error));
}

/* The tables that cutover and contract take something from. */
static bool
check_section(const ApplyContext *apply, const Revision *revision, SectionKind kind, GError **error)
{
    const Section *section = revision_section(revision, kind, NULL);
    g_autoptr(SqlScript) script = section ? section_parse(section, error) : NULL;
    g_autoptr(GPtrArray) statements = g_ptr_array_new();
    g_autoptr(GPtrArray) needs = NULL;
    bool unknown = false;

    if (section == NULL)
        return true;
    for (guint i = 0; script && i < sql_script_count(script); i++)
        g_ptr_array_add(statements, (gpointer) sql_script_get(script, i));
    needs = script ? locks_resolve(apply->conn, statements, &unknown, error) : NULL;
    if (needs == NULL)
        return false;
    for (guint i = 0; i < needs->len; i++) {
        const LockNeed *need = g_ptr_array_index(needs, i);

        if (strchr("rp", need->kind) && !check_empty(apply, revision, need->quoted, error))
            return false;
    }
    return true;
}

/* The old tables of mappings between two. */
static bool
check_between(const ApplyContext *apply, const Revision *revision, GError **error)
{
    g_autoptr(GPtrArray) syncs = revision_table_syncs(revision, error);

    for (guint i = 0; syncs && i < syncs->len; i++) {
        const TableDirection *forward = ((const TableSync *) g_ptr_array_index(syncs, i))->forward;

        if (!check_named(apply, revision, forward->from_schema, forward->from, error))
            return false;
    }
    return syncs != NULL;
}

static bool
check_syncs(const ApplyContext *apply, const Revision *revision, GError **error)
{
    g_autoptr(GPtrArray) syncs = revision_syncs(revision, error);

    if (syncs == NULL)
        return false;
    for (guint i = 0; i < syncs->len; i++) {
        const RevisionSync *sync = g_ptr_array_index(syncs, i);

        if (!check_named(apply, revision, sync->schema, sync->table, error))
            return false;
    }
    return check_between(apply, revision, error);
}

static bool
check_backfills(const ApplyContext *apply, const Revision *revision, GError **error)
{
    const Section *section = revision_section(revision, SECTION_BACKFILL, NULL);
    g_autoptr(GPtrArray) backfills = NULL;

    if (section == NULL)
        return true;
    backfills = section_backfills(section, error);
    if (backfills == NULL)
        return false;
    for (guint i = 0; i < backfills->len; i++) {
        const SqlBackfill *backfill = g_ptr_array_index(backfills, i);

        if (!check_named(apply, revision, backfill->driving.schema, backfill->driving.table,
                         error) ||
            !check_named(apply, revision, backfill->target.schema, backfill->target.table, error))
            return false;
    }
    return true;
}

static bool
check_revision(const ApplyContext *apply, const Revision *header, bool may_have_rows,
               GError **error)
{
    g_autoptr(Revision) revision = graph_read(apply->graph, header, error);

    if (revision == NULL || !revision_check_to_run(revision, error))
        return false;
    return may_have_rows ||
           (check_syncs(apply, revision, error) && check_backfills(apply, revision, error) &&
            check_section(apply, revision, SECTION_CUTOVER, error) &&
            check_section(apply, revision, SECTION_CONTRACT, error));
}

/* A run that did not come to its end may have left rows: those are ours. */
static bool
was_interrupted(const ApplyContext *apply, const LedgerRevisions *rows, bool *ret_was,
                GError **error)
{
    g_autoptr(LedgerEvent) last = NULL;

    *ret_was = false;
    if (rows->list->len == 0)
        return true;
    if (!ledger_load_last_event(apply->conn, fresh_events, &last, error))
        return false;
    *ret_was = last && strcmp(last->kind, "fresh") == 0;
    return true;
}

static bool
check_all(const Fresh *fresh, const LedgerRevisions *rows, GError **error)
{
    const ApplyContext *apply = &fresh->context->apply;
    bool interrupted = false;

    if (!was_interrupted(apply, rows, &interrupted, error) ||
        (rows->list->len > 0 && !check_rollouts(apply, error)))
        return false;
    for (guint i = 0; i < fresh->plan->scope->len; i++) {
        const Revision *revision = g_ptr_array_index(fresh->plan->scope, i);
        const LedgerRevision *row = ledger_find_revision(rows, revision->id);

        if (!(row && row->final) && !check_revision(apply, revision, interrupted, error))
            return false;
    }
    return true;
}

static bool
run_phase(const MigrateContext *context, const Revision *revision, const char *phase,
          GError **error)
{
    const ApplyContext *apply = &context->apply;
    BackfillResult result = {0};

    migrate_begin(context, revision, phase);
    if (strcmp(phase, "expand") == 0)
        return apply_expand(apply, revision, error);
    if (strcmp(phase, "finish") == 0 || (apply->dry_run && strcmp(phase, "backfill") == 0))
        return apply_finish(apply, revision, error);
    if (strcmp(phase, "backfill") == 0)
        return backfill_complete(&context->backfill, apply, revision, &result, error);
    if (strcmp(phase, "cutover") == 0)
        return apply_cutover(apply, revision, error);
    return apply_contract(apply, revision, error);
}

/* From where it is to the end of its life. Most revisions end where they begin, so the ledger is
 * asked once, and then known. */
static bool
live(const Fresh *fresh, const Revision *header, const LedgerRevision *row, GError **error)
{
    const MigrateContext *context = fresh->context;
    g_autoptr(Revision) revision = graph_read(context->apply.graph, header, error);
    LedgerRevision now = {.state = row ? row->state : STATE_PENDING, .final = row && row->final};
    const char *phase;

    if (revision == NULL)
        return false;
    while ((phase = next_phase(revision, &now)) != NULL) {
        const gint64 start = clock_now_ms(context->apply.clock);

        if (!run_phase(context, header, phase, error))
            return false;
        FAULT_POINT("migrate-fresh-phase");
        now.state = next_reaches(phase);
        migrate_reached(context, header, now.state, start);
        if (context->apply.dry_run)
            break;
    }
    return true;
}

static bool
tell(const Fresh *fresh, const char *kind, const char *text, GError **error)
{
    const ApplyContext *apply = &fresh->context->apply;
    const GPtrArray *scope = fresh->plan->scope;
    const Revision *last = g_ptr_array_index(scope, scope->len - 1);

    return apply->dry_run || ledger_append_event(apply->conn, kind, last->id, 0, text, NULL, error);
}

/* The lock is held throughout: the backfills are of empty tables, and nobody else is here. */
static bool
live_all(gpointer data, GError **error)
{
    const Fresh *fresh = data;
    const ApplyContext *apply = &fresh->context->apply;
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(apply->conn, error);

    if (rows == NULL || !check_all(fresh, rows, error))
        return false;
    if (!tell(fresh, "fresh", "whole lives on a new database, begun", error))
        return false;
    for (guint i = 0; i < fresh->plan->scope->len; i++) {
        const Revision *revision = g_ptr_array_index(fresh->plan->scope, i);
        const LedgerRevision *row = ledger_find_revision(rows, revision->id);

        if (!(row && row->final) && !live(fresh, revision, row, error))
            return false;
    }
    return tell(fresh, "fresh-done", "whole lives on a new database, done", error);
}

static bool
has_open(const UpgradePlan *plan, const LedgerRevisions *rows)
{
    for (guint i = 0; i < plan->scope->len; i++) {
        const Revision *revision = g_ptr_array_index(plan->scope, i);
        const LedgerRevision *row = ledger_find_revision(rows, revision->id);

        if (row == NULL || !row->final)
            return true;
    }
    return false;
}

bool
fresh_run(const MigrateContext *context, const UpgradePlan *plan, const LedgerRevisions *rows,
          GError **error)
{
    Fresh fresh = {.context = context, .plan = plan};

    return !has_open(plan, rows) || (imported_check(context, plan->pending, rows, error) &&
                                     migrate_under_lock(context, live_all, &fresh, error));
}
