#include "apply/table-steps.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "ledger/table-mappings.h"
#include "revision/table-sync.h"
#include "sync/table.h"

static bool
record_put(PgConn *conn, gconstpointer data, GError **error)
{
    return ledger_put_table_mapping(conn, data, error);
}

static bool
record_removal(PgConn *conn, gconstpointer data, GError **error)
{
    return ledger_remove_table_mapping(conn, data, error);
}

static char *
label_of(const LedgerTableMapping *row, const char *what)
{
    return g_strdup_printf("%s between %s.%s and %s.%s", what, row->old_schema, row->old_table,
                           row->new_schema, row->new_table);
}

static bool
fail_unknown(const CatalogTable *table, const SqlPair *pair, const char *column, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *near;

    for (guint i = 0; i < table->columns->len; i++)
        g_ptr_array_add(names, ((CatalogColumn *) table->columns->pdata[i])->name);
    g_ptr_array_add(names, NULL);
    near = text_nearest(column, (const char *const *) names->pdata);
    error_set_at(error, ERROR_STATE, pair->place, "%s has no column \"%s\"", table->quoted, column);
    return near ? error_hint(error, "Did you mean \"%s\"?", near)
                : error_hint(error, "Name a column that the table has.");
}

/* The server would say it too, but not where. */
static bool
check_source_columns(const CatalogTable *table, const TableDirection *direction, GError **error)
{
    for (guint i = 0; i < direction->mapping->pairs->len; i++) {
        const SqlPair *pair = direction->mapping->pairs->pdata[i];

        for (guint s = 0; s < pair->sources->len; s++)
            if (catalog_column(table, pair->sources->pdata[s]) == NULL)
                return fail_unknown(table, pair, pair->sources->pdata[s], error);
    }
    return true;
}

static CatalogTable *
find_source(PgConn *conn, const TableDirection *direction, GError **error)
{
    g_autoptr(CatalogTable) table = NULL;

    if (!catalog_find_table(conn, direction->from_schema, direction->from, &table, error))
        return NULL;
    if (table == NULL) {
        error_set_at(error, ERROR_STATE, direction->place,
                     "sync names table %s, which does not exist", direction->from);
        error_hint(error, "Create it in a revision before this one, or correct the name.");
        return NULL;
    }
    if (table->kind != 'r' && table->kind != 'p') {
        error_set_at(error, ERROR_STATE, direction->place,
                     "%s is not a table: its rows cannot be kept in sync", table->quoted);
        error_hint(error, "Name the table that holds the rows in the sync section.");
        return NULL;
    }
    return check_source_columns(table, direction, error) ? g_steal_pointer(&table) : NULL;
}

/* Where the table that the mapping fills is, or will be once the plan has created it. */
static char *
schema_of_target(PgConn *conn, const TableDirection *direction, GError **error)
{
    g_autoptr(CatalogTable) table = NULL;
    g_autoptr(PgRows) rows = NULL;

    if (!catalog_find_table(conn, direction->to_schema, direction->to, &table, error))
        return NULL;
    if (table)
        return g_strdup(table->schema);
    if (direction->to_schema)
        return g_strdup(direction->to_schema);
    rows = pg_query(conn, error, "SELECT coalesce(current_schema(), 'public')");
    return rows ? g_strdup(pg_text(rows, 0, 0)) : NULL;
}

/* What the ledger will say of @sync. */
static LedgerTableMapping *
row_of(const Phase *phase, const TableSync *sync, GError **error)
{
    PgConn *conn = phase->context->conn;
    g_autoptr(CatalogTable) source = find_source(conn, sync->forward, error);
    g_autofree char *schema = source ? schema_of_target(conn, sync->forward, error) : NULL;
    LedgerTableMapping *row;

    if (schema == NULL)
        return NULL;
    row = g_new0(LedgerTableMapping, 1);
    row->revision = g_strdup(phase->revision->id);
    row->old_schema = g_strdup(source->schema);
    row->old_table = g_strdup(source->name);
    row->new_schema = g_steal_pointer(&schema);
    row->new_table = g_strdup(sync->forward->to);
    row->sections = g_strdup(sync->text);
    return row;
}

static bool
sets_same_column(const TableDirection *one, const TableDirection *other)
{
    for (guint i = 0; i < one->mapping->pairs->len; i++) {
        const char *column = ((const SqlPair *) one->mapping->pairs->pdata[i])->column;

        if (!table_direction_has_key(one, column) && table_direction_pair(other, column))
            return true;
    }
    return false;
}

/* Two tables that both say what stands in a third would write over each other. */
static bool
check_one_writer(const Phase *phase, const TableRoute *route, GError **error)
{
    g_autoptr(GPtrArray) rows = ledger_load_table_mappings(phase->context->conn, NULL, error);

    for (guint i = 0; rows && i < rows->len; i++) {
        const LedgerTableMapping *row = g_ptr_array_index(rows, i);
        g_autoptr(TableSync) sync = table_sync_parse(row->sections, error);
        TableRoute other;

        if (sync == NULL)
            return false;
        other = table_route_of(row, sync, row->is_cut_over);
        if (strcmp(row->revision, phase->revision->id) == 0 ||
            strcmp(other.to_schema, route->to_schema) != 0 ||
            strcmp(other.direction->to, route->direction->to) != 0 ||
            (other.direction->rows_stay && route->direction->rows_stay &&
             !sets_same_column(other.direction, route->direction)))
            continue;
        error_set(error, ERROR_STATE,
                  "%s of %s would keep %s.%s from %s, and revision %s keeps it from %s already",
                  phase_name(phase->kind), phase->revision->id, route->to_schema,
                  route->direction->to, route->direction->from, row->revision,
                  other.direction->from);
        return error_hint(error, "Bring %s to its contract first.", row->revision);
    }
    return rows != NULL;
}

static PlanDerived
derived_of(const char *label, const char *sql, LedgerTableMapping *take_row, PlanRecord record)
{
    return (PlanDerived){.label = label,
                         .sql = sql,
                         .record = record,
                         .data = take_row,
                         .free_data = (GDestroyNotify) ledger_table_mapping_free};
}

/* The last run, so that nobody meets a table that nothing keeps equal yet; one of its own where
 * that runs alone. */
static guint
last_run(Plan *plan)
{
    const PlanRun *run =
        plan->runs->len > 0 ? g_ptr_array_index(plan->runs, plan->runs->len - 1) : NULL;
    const PlanStep *step =
        run && run->steps->len > 0 ? g_ptr_array_index(run->steps, run->steps->len - 1) : NULL;

    if (step == NULL || plan_step_is_alone(step))
        return plan_append_run(plan);
    return plan->runs->len - 1;
}

/* The way back is checked now, so that a cutover does not find out that there is none. */
static bool
expand_sync(const Phase *phase, Plan *plan, const TableSync *sync, GError **error)
{
    LedgerTableMapping *row = row_of(phase, sync, error);
    g_autofree char *label = NULL, *proof = NULL, *back_proof = NULL, *install = NULL, *sql = NULL;
    TableRoute there, back;
    PlanDerived derived;

    if (row == NULL)
        return false;
    there = table_route_of(row, sync, false);
    back = table_route_of(row, sync, true);
    if (!phase->context->dry_run && !check_one_writer(phase, &there, error)) {
        ledger_table_mapping_free(row);
        return false;
    }
    label = label_of(row, "sync");
    install = table_install_sql(&there);
    proof = table_proof_sql(&there);
    back_proof = table_proof_sql(&back);
    sql = g_strconcat(proof, back_proof, install, NULL);
    row->installed_sql = g_strdup(install);
    derived = derived_of(label, sql, row, record_put);
    return plan_extend_run(plan, last_run(plan), &derived, error);
}

/* In a dry run a revision before this one may have to create the table. */
static bool
is_for_later(const Phase *phase, const TableSync *sync, bool *ret_is, GError **error)
{
    const TableDirection *forward = sync->forward;
    g_autoptr(CatalogTable) table = NULL;

    if (!phase->context->dry_run)
        return true;
    if (!catalog_find_table(phase->context->conn, forward->from_schema, forward->from, &table,
                            error))
        return false;
    *ret_is = table == NULL;
    if (*ret_is)
        report_step(phase->context->report,
                    "    -- derived: sync from %s to %s, the first of which is not there yet",
                    forward->from, forward->to);
    return true;
}

bool
table_steps_expand(const Phase *phase, Plan *plan, GError **error)
{
    g_autoptr(GPtrArray) syncs = revision_table_syncs(phase->revision, error);

    for (guint i = 0; syncs && i < syncs->len; i++) {
        const TableSync *sync = g_ptr_array_index(syncs, i);
        bool is_later = false;

        if (!is_for_later(phase, sync, &is_later, error) ||
            (!is_later && !expand_sync(phase, plan, sync, error)))
            return false;
    }
    return syncs != NULL;
}

typedef bool (*VisitMapping)(const Phase *phase, Plan *plan, LedgerTableMapping *take_row,
                             const TableSync *sync, GError **error);

/* Calls @visit for each mapping that the ledger has of this revision. */
static bool
each_mapping(const Phase *phase, Plan *plan, VisitMapping visit, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;

    if (phase->row == NULL)
        return true;
    rows = ledger_load_table_mappings(phase->context->conn, phase->revision->id, error);
    if (rows == NULL)
        return false;
    for (guint i = 0; i < rows->len; i++) {
        LedgerTableMapping *row = g_ptr_array_index(rows, i);
        g_autoptr(TableSync) sync = table_sync_parse(row->sections, error);

        if (sync == NULL)
            return false;
        rows->pdata[i] = NULL;
        if (!visit(phase, plan, row, sync, error))
            return false;
    }
    return true;
}

static bool
turn(const Phase *phase, Plan *plan, LedgerTableMapping *take_row, const TableSync *sync,
     bool is_cut_over, GError **error)
{
    const TableRoute before = table_route_of(take_row, sync, !is_cut_over);
    const TableRoute after = table_route_of(take_row, sync, is_cut_over);
    g_autofree char *remove = table_remove_sql(&before);
    g_autofree char *install = table_install_sql(&after);
    g_autofree char *sql = g_strconcat(remove, install, NULL);
    g_autofree char *label = label_of(take_row, "sync, turned round,");
    PlanDerived derived;

    if (!check_one_writer(phase, &after, error)) {
        ledger_table_mapping_free(take_row);
        return false;
    }
    take_row->is_cut_over = is_cut_over;
    g_free(take_row->installed_sql);
    take_row->installed_sql = g_strdup(install);
    derived = derived_of(label, sql, take_row, record_put);
    return plan_extend_run(plan, plan->runs->len > 0 ? 0 : plan_append_run(plan), &derived, error);
}

static bool
turn_to_new(const Phase *phase, Plan *plan, LedgerTableMapping *take_row, const TableSync *sync,
            GError **error)
{
    return turn(phase, plan, take_row, sync, true, error);
}

static bool
turn_to_old(const Phase *phase, Plan *plan, LedgerTableMapping *take_row, const TableSync *sync,
            GError **error)
{
    return turn(phase, plan, take_row, sync, false, error);
}

bool
table_steps_turn(const Phase *phase, Plan *plan, bool is_cut_over, GError **error)
{
    return each_mapping(phase, plan, is_cut_over ? turn_to_new : turn_to_old, error);
}

static bool
remove_mapping(const Phase *phase G_GNUC_UNUSED, Plan *plan, LedgerTableMapping *take_row,
               const TableSync *sync, GError **error)
{
    const TableRoute route = table_route_of(take_row, sync, take_row->is_cut_over);
    g_autofree char *sql = table_remove_sql(&route);
    g_autofree char *label = label_of(take_row, "end of sync");
    const PlanDerived derived = derived_of(label, sql, take_row, record_removal);

    return plan_add_derived(plan, &derived, error);
}

bool
table_steps_remove(const Phase *phase, Plan *plan, GError **error)
{
    return each_mapping(phase, plan, remove_mapping, error);
}

static bool
analyze_target(const Phase *phase G_GNUC_UNUSED, Plan *plan, LedgerTableMapping *take_row,
               const TableSync *sync G_GNUC_UNUSED, GError **error)
{
    g_autofree char *table = pg_quote_qualified(take_row->new_schema, take_row->new_table);
    g_autofree char *sql = g_strdup_printf("ANALYZE %s", table);

    ledger_table_mapping_free(take_row);
    return plan_add_derived(plan, &(PlanDerived){.label = "statistics of the new rows", .sql = sql},
                            error);
}

bool
table_steps_analyze(const Phase *phase, Plan *plan, GError **error)
{
    return each_mapping(phase, plan, analyze_target, error);
}
