#include "apply/sync-steps.h"

#include <string.h>

#include "base/error.h"
#include "ledger/mappings.h"
#include "revision/swap.h"
#include "sync/check.h"
#include "sync/marker.h"
#include "sync/not-null.h"
#include "sync/replacement.h"
#include "sync/sync.h"

/* A dry run may come before there is a ledger. */
static GPtrArray *
load_mappings(const ApplyContext *context, const CatalogTable *table, GError **error)
{
    g_autoptr(GError) cause = NULL;
    GPtrArray *mappings = sync_load_mappings(context->conn, context->graph, context->settings,
                                             table->schema, table->name, &cause);

    if (mappings == NULL && context->dry_run && ledger_is_absent(cause))
        return g_ptr_array_new_with_free_func((GDestroyNotify) sync_mapping_free);
    if (mappings == NULL)
        g_propagate_error(error, g_steal_pointer(&cause));
    return mappings;
}

/* The triggers made from @mappings, and what the ledger says of them; @removed is the revision
 * whose mapping goes, or NULL. @label and @sql are borrowed. */
static PlanDerived
replacement(const CatalogTable *table, const GPtrArray *mappings, const char *label,
            const char *sql, const char *removed)
{
    return (PlanDerived){.label = label,
                         .sql = sql,
                         .record = sync_replacement_record,
                         .data = sync_replacement_new(table, mappings, sql, removed),
                         .free_data = (GDestroyNotify) sync_replacement_free};
}

static const SyncMapping *
find_mapping_of(const GPtrArray *mappings, const char *revision)
{
    for (guint i = 0; i < mappings->len; i++) {
        const SyncMapping *mapping = g_ptr_array_index(mappings, i);

        if (strcmp(mapping->revision, revision) == 0)
            return mapping;
    }
    return NULL;
}

static void
drop_mapping_of(GPtrArray *mappings, const char *revision)
{
    for (guint i = mappings->len; i > 0; i--) {
        const SyncMapping *mapping = g_ptr_array_index(mappings, i - 1);
        if (strcmp(mapping->revision, revision) == 0)
            g_ptr_array_remove_index(mappings, i - 1);
    }
}

/* Those in flight, and the new one behind them. */
static GPtrArray *
mappings_with(const Phase *phase, const CatalogTable *table, const RevisionSync *sync,
              GError **error)
{
    const ApplyContext *context = phase->context;
    const char *id = phase->revision->id;
    g_autoptr(GPtrArray) mappings = load_mappings(context, table, error);
    SyncMapping *mapping;

    if (mappings == NULL)
        return NULL;
    drop_mapping_of(mappings, id);
    mapping = sync_mapping_of(phase->revision, sync, context->settings, context->graph, error);
    if (mapping == NULL)
        return NULL;
    g_ptr_array_add(mappings, mapping);
    return g_steal_pointer(&mappings);
}

static GPtrArray *
target_columns(const RevisionSync *sync)
{
    GPtrArray *columns = g_ptr_array_new();

    for (guint i = 0; i < sync->forward->pairs->len; i++)
        g_ptr_array_add(columns, ((SqlPair *) g_ptr_array_index(sync->forward->pairs, i))->column);
    return columns;
}

static char *
table_as_written(const RevisionSync *sync)
{
    return sync->schema ? g_strdup_printf("%s.%s", sync->schema, sync->table)
                        : g_strdup(sync->table);
}

/* @table has them from then on: what is derived behind is made with them. */
static bool
add_markers(const Phase *phase, Plan *plan, const RevisionSync *sync, CatalogTable *table,
            guint run, GError **error)
{
    g_autofree char *written = table_as_written(sync);
    g_autoptr(GHashTable) types = plan_added_types(plan, written);
    g_autoptr(GPtrArray) markers =
        sync_needed_markers(phase->context->conn, table, phase->revision, sync, types, error);
    g_autofree char *label = g_strdup_printf("marker column of sync on %s", table->quoted);
    g_autofree char *sql = NULL;

    if (markers == NULL)
        return false;
    for (guint i = 0; i < markers->len; i++)
        catalog_expect_column(table, g_ptr_array_index(markers, i), "boolean");
    sql = sync_add_markers_sql(table, markers);
    return plan_extend_run(plan, run, &(PlanDerived){.label = label, .sql = sql}, error);
}

/* The steps go into the run that adds the columns, or into one of their own. */
static bool
add_triggers(const Phase *phase, Plan *plan, const RevisionSync *sync, const CatalogTable *table,
             guint run, GError **error)
{
    const char *id = phase->revision->id;
    g_autoptr(GPtrArray) mappings = mappings_with(phase, table, sync, error);
    g_autofree char *label = g_strdup_printf("sync triggers on %s", table->quoted);
    g_autofree char *checks_label = g_strdup_printf("NOT NULL of sync on %s", table->quoted);
    g_autofree char *sql = NULL, *checks = NULL;
    PlanDerived triggers;

    if (mappings == NULL)
        return false;
    sql = sync_install_sql(table, mappings);
    checks = sync_not_null_checks_sql(phase->context->conn, table, sync, id, error);
    if (checks == NULL)
        return false;
    triggers = replacement(table, mappings, label, sql, NULL);
    return plan_extend_run(plan, run, &triggers, error) &&
           plan_extend_run(plan, run, &(PlanDerived){.label = checks_label, .sql = checks}, error);
}

static bool
add_expand_steps(const Phase *phase, Plan *plan, const RevisionSync *sync, CatalogTable *table,
                 int adding, GError **error)
{
    const guint run = adding < 0 ? plan_append_run(plan) : (guint) adding;

    return add_markers(phase, plan, sync, table, run, error) &&
           add_triggers(phase, plan, sync, table, run, error);
}

/* Every column that the mapping fills is there, or added by this plan: else the server would say
 * of the trigger function, and not of the mapping, that it does not know the column. */
static bool
check_targets(const Plan *plan, const RevisionSync *sync, const CatalogTable *table,
              const char *written, GError **error)
{
    for (guint i = 0; i < sync->forward->pairs->len; i++) {
        const SqlPair *pair = g_ptr_array_index(sync->forward->pairs, i);
        g_autoptr(GPtrArray) column = g_ptr_array_new();
        int run = -1;

        g_ptr_array_add(column, pair->column);
        if (!plan_find_adding_run(plan, written, column, &run, error))
            return false;
        if (run >= 0 || catalog_column(table, pair->column) || plan_has_unknown_locks(plan))
            continue;
        error_set_at(error, ERROR_STATE, pair->place,
                     "the mapping fills column \"%s\", which %s does not have", pair->column,
                     table->quoted);
        return error_hint(error, "Add it in the expand section: ALTER TABLE %s ADD COLUMN %s ..",
                          table->quoted, pair->column);
    }
    return true;
}

static bool
fail_no_table(const RevisionSync *sync, const char *written, GError **error)
{
    const SqlPair *first = g_ptr_array_index(sync->forward->pairs, 0);

    error_set_at(error, ERROR_STATE, first->place, "sync names table %s, which does not exist",
                 written);
    return error_hint(error, "Create it in a revision before this one, or correct the name.");
}

static bool
expand_sync(const Phase *phase, Plan *plan, const RevisionSync *sync, GError **error)
{
    PgConn *conn = phase->context->conn;
    g_autoptr(GPtrArray) columns = target_columns(sync);
    g_autofree char *written = table_as_written(sync);
    g_autoptr(CatalogTable) table = NULL;
    int run = -1;

    if (!plan_find_adding_run(plan, written, columns, &run, error) ||
        !catalog_find_table(conn, sync->schema, sync->table, &table, error))
        return false;
    if (table == NULL && phase->context->dry_run) {
        report_step(phase->context->report,
                    "    -- derived: sync triggers on %s, which is not there yet", written);
        return true;
    }
    if (table == NULL)
        return fail_no_table(sync, written, error);
    return sync_check(conn, table, sync, error) &&
           (phase->context->dry_run || check_targets(plan, sync, table, written, error)) &&
           add_expand_steps(phase, plan, sync, table, run, error);
}

bool
sync_steps_expand(const Phase *phase, Plan *plan, GError **error)
{
    g_autoptr(GPtrArray) syncs = revision_syncs(phase->revision, error);

    if (syncs == NULL)
        return false;
    for (guint i = 0; i < syncs->len; i++)
        if (!expand_sync(phase, plan, g_ptr_array_index(syncs, i), error))
            return false;
    return true;
}

/* Calls @visit for the table of each mapping that the ledger has of this revision. */
static bool
each_table(const Phase *phase, Plan *plan,
           bool (*visit)(const Phase *phase, Plan *plan, const CatalogTable *table, GError **error),
           GError **error)
{
    PgConn *conn = phase->context->conn;
    g_autoptr(GPtrArray) rows =
        phase->row ? ledger_load_mappings(conn, NULL, NULL, error) : g_ptr_array_new();

    if (rows == NULL)
        return false;
    for (guint i = 0; i < rows->len; i++) {
        const LedgerMapping *row = g_ptr_array_index(rows, i);
        g_autoptr(CatalogTable) table = NULL;

        if (strcmp(row->revision, phase->revision->id) != 0)
            continue;
        table = catalog_require_table(conn, row->schema, row->table, error);
        if (table == NULL || !visit(phase, plan, table, error))
            return false;
    }
    return true;
}

static bool
validate_table(const Phase *phase, Plan *plan, const CatalogTable *table, GError **error)
{
    g_autofree char *sql =
        sync_validate_sql(phase->context->conn, table, phase->revision->id, error);
    g_autofree char *label = g_strdup_printf("VALIDATE of sync on %s", table->quoted);

    return sql != NULL &&
           plan_add_derived(plan, &(PlanDerived){.label = label, .sql = sql, .split = true}, error);
}

bool
sync_steps_validate(const Phase *phase, Plan *plan, GError **error)
{
    return each_table(phase, plan, validate_table, error);
}

/* Those alone: of the others autovacuum will see that the table has changed. */
static bool
analyze_table(const Phase *phase, Plan *plan, const CatalogTable *table, GError **error)
{
    g_autoptr(GPtrArray) mappings = load_mappings(phase->context, table, error);
    const SyncMapping *mapping = mappings ? find_mapping_of(mappings, phase->revision->id) : NULL;
    const GPtrArray *pairs = mapping ? mapping->forward->pairs : NULL;
    g_autoptr(GString) sql = g_string_new(NULL);

    if (mapping == NULL)
        return mappings != NULL;
    g_string_append_printf(sql, "ANALYZE %s", table->quoted);
    for (guint i = 0; i < pairs->len; i++) {
        g_autofree char *column = pg_quote_identifier(((const SqlPair *) pairs->pdata[i])->column);

        g_string_append_printf(sql, "%s%s", i == 0 ? " (" : ", ", column);
    }
    g_string_append_c(sql, ')');
    return plan_add_derived(
        plan, &(PlanDerived){.label = "statistics of the new columns", .sql = sql->str}, error);
}

bool
sync_steps_analyze(const Phase *phase, Plan *plan, GError **error)
{
    return each_table(phase, plan, analyze_table, error);
}

static bool
set_not_null(const Phase *phase, Plan *plan, const CatalogTable *table, GError **error)
{
    g_autofree char *sql =
        sync_set_not_null_sql(phase->context->conn, table, phase->revision->id, error);
    g_autofree char *label = g_strdup_printf("NOT NULL of the new columns of %s", table->quoted);

    return sql != NULL && plan_add_derived(plan, &(PlanDerived){.label = label, .sql = sql}, error);
}

static bool
replace_without(const Phase *phase, Plan *plan, const CatalogTable *table, GError **error)
{
    const char *id = phase->revision->id;
    g_autoptr(GPtrArray) mappings = load_mappings(phase->context, table, error);
    g_autofree char *label = g_strdup_printf("sync triggers on %s, without %s", table->quoted, id);
    g_autofree char *markers_label = g_strdup_printf("marker column of sync on %s", table->quoted);
    g_autoptr(GPtrArray) markers = NULL;
    g_autofree char *sql = NULL, *markers_sql = NULL;
    const SyncMapping *mapping = mappings ? find_mapping_of(mappings, id) : NULL;
    PlanDerived triggers;

    if (mappings == NULL)
        return false;
    markers = mapping ? sync_find_markers(table, id, mapping->forward, mapping->reverse)
                      : g_ptr_array_new();
    markers_sql = sync_drop_markers_sql(table, markers);
    drop_mapping_of(mappings, id);
    sql = sync_install_sql(table, mappings);
    triggers = replacement(table, mappings, label, sql, id);
    return plan_add_derived(plan, &triggers, error) &&
           /* The triggers read them. */
           plan_add_derived(plan, &(PlanDerived){.label = markers_label, .sql = markers_sql},
                            error);
}

bool
sync_steps_remove(const Phase *phase, Plan *plan, GError **error)
{
    return each_table(phase, plan, replace_without, error);
}

bool
sync_steps_contract(const Phase *phase, Plan *plan, GError **error)
{
    return each_table(phase, plan, set_not_null, error) &&
           each_table(phase, plan, replace_without, error);
}

static void
rename_mappings(GPtrArray *mappings, GHashTable *renames)
{
    for (guint i = 0; i < mappings->len; i++) {
        SyncMapping *mapping = g_ptr_array_index(mappings, i);
        SqlMapping *forward = sql_mapping_rename(mapping->forward, renames);
        SqlMapping *reverse = sql_mapping_rename(mapping->reverse, renames);

        sql_mapping_free(mapping->forward);
        sql_mapping_free(mapping->reverse);
        mapping->forward = forward;
        mapping->reverse = reverse;
    }
}

/* Behind the section's statements, in their one transaction. */
static bool
rename_on_table(const Phase *phase, Plan *plan, const Section *section, const CatalogTable *table,
                const char *installed, GError **error)
{
    g_autoptr(GHashTable) renames = section_renames(section, table->schema, table->name, error);
    g_autoptr(GPtrArray) mappings = NULL;
    g_autofree char *label = NULL, *whole = NULL, *sql = NULL;
    PlanDerived triggers;
    bool stays;

    if (renames == NULL)
        return false;
    if (g_hash_table_size(renames) == 0)
        return true;
    mappings = load_mappings(phase->context, table, error);
    if (mappings == NULL)
        return false;
    stays = sync_has_triggers(table, mappings, installed);
    rename_mappings(mappings, renames);
    label = g_strdup_printf("sync %s on %s, with the names swapped",
                            stays ? "function" : "triggers", table->quoted);
    whole = sync_install_sql(table, mappings);
    sql = stays ? sync_function_sql(table, mappings) : g_strdup(whole);
    triggers = replacement(table, mappings, label, whole, NULL);
    triggers.sql = sql;
    return plan_extend_run(plan, 0, &triggers, error);
}

bool
sync_steps_rename(const Phase *phase, Plan *plan, const Section *section, GError **error)
{
    PgConn *conn = phase->context->conn;
    g_autoptr(GPtrArray) rows =
        section ? ledger_load_mappings(conn, NULL, NULL, error) : g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (rows == NULL)
        return false;
    for (guint i = 0; i < rows->len; i++) {
        const LedgerMapping *row = g_ptr_array_index(rows, i);
        g_autoptr(CatalogTable) table = NULL;

        if (!g_hash_table_add(seen, pg_quote_qualified(row->schema, row->table)))
            continue;
        table = catalog_require_table(conn, row->schema, row->table, error);
        if (table == NULL ||
            !rename_on_table(phase, plan, section, table, row->installed_sql, error))
            return false;
    }
    return true;
}

bool
sync_steps_renew(const ApplyContext *context, Plan *plan, const LedgerMapping *row, GError **error)
{
    g_autoptr(CatalogTable) table =
        catalog_require_table(context->conn, row->schema, row->table, error);
    g_autoptr(GPtrArray) mappings = table ? load_mappings(context, table, error) : NULL;
    g_autofree char *label = NULL, *sql = NULL;
    PlanDerived triggers;

    if (mappings == NULL)
        return false;
    sql = sync_install_sql(table, mappings);
    if (strcmp(sql, row->installed_sql) == 0)
        return true;
    label = g_strdup_printf("sync triggers on %s", table->quoted);
    triggers = replacement(table, mappings, label, sql, NULL);
    return plan_add_derived(plan, &triggers, error);
}
