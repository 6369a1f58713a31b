#include "apply/sync-steps.h"

#include <string.h>

#include "apply/names.h"
#include "apply/table-steps.h"
#include "base/error.h"
#include "ddl/change.h"
#include "ledger/mappings.h"
#include "revision/swap.h"
#include "sync/check.h"
#include "sync/marker.h"
#include "sync/not-null.h"
#include "sync/sync.h"

/* What the ledger must say once the triggers of a table are replaced. */
typedef struct {
    GPtrArray *kept; /* LedgerMapping *: in flight from now on, with the text that is installed */
    char *removed;   /* revision whose mapping goes, or NULL */
    char *schema, *table;
} Replacement;

static void
replacement_free(Replacement *replacement)
{
    g_ptr_array_unref(replacement->kept);
    g_free(replacement->removed);
    g_free(replacement->schema);
    g_free(replacement->table);
    g_free(replacement);
}

static bool
record_replacement(PgConn *conn, gconstpointer data, GError **error)
{
    const Replacement *replacement = data;

    for (guint i = 0; i < replacement->kept->len; i++)
        if (!ledger_add_mapping(conn, g_ptr_array_index(replacement->kept, i), error))
            return false;
    return replacement->removed == NULL ||
           ledger_remove_mapping(conn, replacement->removed, replacement->schema,
                                 replacement->table, error);
}

static LedgerMapping *
ledger_mapping_of(const CatalogTable *table, const SyncMapping *mapping, const char *installed)
{
    LedgerMapping *row = g_new0(LedgerMapping, 1);

    row->revision = g_strdup(mapping->revision);
    row->schema = g_strdup(table->schema);
    row->table = g_strdup(table->name);
    row->forward = sync_mapping_text(mapping->forward);
    row->reverse = sync_mapping_text(mapping->reverse);
    row->installed_sql = g_strdup(installed);
    row->swaps = mapping->swaps;
    return row;
}

static Replacement *
replacement_new(const CatalogTable *table, GPtrArray *mappings, const char *installed,
                const char *removed)
{
    Replacement *replacement = g_new0(Replacement, 1);

    replacement->kept = g_ptr_array_new_with_free_func((GDestroyNotify) ledger_mapping_free);
    for (guint i = 0; i < mappings->len; i++)
        g_ptr_array_add(replacement->kept,
                        ledger_mapping_of(table, g_ptr_array_index(mappings, i), installed));
    replacement->removed = g_strdup(removed);
    replacement->schema = g_strdup(table->schema);
    replacement->table = g_strdup(table->name);
    return replacement;
}

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

/* Of the columns that the statement adds to @table (as a sync section names it): name -> type. */
static void
add_types(GHashTable *types, const SqlStatement *statement, const char *table)
{
    g_autoptr(DdlChanges) changes = ddl_changes(statement);

    for (guint i = 0; i < ddl_changes_count(changes); i++) {
        const DdlChange *change = ddl_changes_get(changes, i);
        g_autofree char *column = NULL;

        if (change->kind != CHANGE_ADD_COLUMN)
            continue;
        column = change->relation.schema
                     ? g_strdup_printf("%s.%s.%s", change->relation.schema, change->relation.name,
                                       change->definition->name)
                     : g_strdup_printf("%s.%s", change->relation.name, change->definition->name);
        if (name_is_column(column, table, change->definition->name))
            g_hash_table_replace(types, g_strdup(change->definition->name),
                                 ddl_type_label(&change->definition->type));
    }
}

static GHashTable *
added_types(const Plan *plan, const char *table)
{
    g_autoptr(GPtrArray) statements = plan_statements(plan->steps);
    GHashTable *types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    for (guint i = 0; i < statements->len; i++)
        add_types(types, g_ptr_array_index(statements, i), table);
    return types;
}

/* @table has them from then on: what is derived behind is made with them. */
static bool
add_markers(const Phase *phase, Plan *plan, const RevisionSync *sync, CatalogTable *table,
            guint run, GError **error)
{
    g_autofree char *written = table_as_written(sync);
    g_autoptr(GHashTable) types = added_types(plan, written);
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

    if (mappings == NULL)
        return false;
    sql = sync_install_sql(table, mappings);
    checks = sync_not_null_checks_sql(phase->context->conn, table, sync, id, error);
    if (checks == NULL)
        return false;
    return plan_extend_run(plan, run,
                           &(PlanDerived){.label = label,
                                          .sql = sql,
                                          .record = record_replacement,
                                          .data = replacement_new(table, mappings, sql, NULL),
                                          .free_data = (GDestroyNotify) replacement_free},
                           error) &&
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

static bool
has_unknown_effect(const Plan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++)
        if (((const PlanStep *) g_ptr_array_index(plan->steps, i))->unknown_locks)
            return true;
    return false;
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
        if (run >= 0 || catalog_column(table, pair->column) || has_unknown_effect(plan))
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

static bool
analyze_table(const Phase *phase G_GNUC_UNUSED, Plan *plan, const CatalogTable *table,
              GError **error)
{
    g_autofree char *sql = g_strdup_printf("ANALYZE %s", table->quoted);

    return plan_add_derived(
        plan, &(PlanDerived){.label = "statistics of the new columns", .sql = sql}, error);
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

    if (mappings == NULL)
        return false;
    markers = mapping ? sync_find_markers(table, id, mapping->forward, mapping->reverse)
                      : g_ptr_array_new();
    markers_sql = sync_drop_markers_sql(table, markers);
    drop_mapping_of(mappings, id);
    sql = sync_install_sql(table, mappings);
    return plan_add_derived(plan,
                            &(PlanDerived){.label = label,
                                           .sql = sql,
                                           .record = record_replacement,
                                           .data = replacement_new(table, mappings, sql, id),
                                           .free_data = (GDestroyNotify) replacement_free},
                            error) &&
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
                GError **error)
{
    g_autoptr(GHashTable) renames = section_renames(section, table->schema, table->name, error);
    g_autoptr(GPtrArray) mappings = NULL;
    g_autofree char *label = NULL, *sql = NULL;

    if (renames == NULL)
        return false;
    if (g_hash_table_size(renames) == 0)
        return true;
    mappings = load_mappings(phase->context, table, error);
    if (mappings == NULL)
        return false;
    rename_mappings(mappings, renames);
    label = g_strdup_printf("sync triggers on %s, with the names swapped", table->quoted);
    sql = sync_install_sql(table, mappings);
    return plan_extend_run(plan, 0,
                           &(PlanDerived){.label = label,
                                          .sql = sql,
                                          .record = record_replacement,
                                          .data = replacement_new(table, mappings, sql, NULL),
                                          .free_data = (GDestroyNotify) replacement_free},
                           error);
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
        if (table == NULL || !rename_on_table(phase, plan, section, table, error))
            return false;
    }
    return true;
}

static bool
pairs_use(const SqlMapping *mapping, const char *written, const char *table)
{
    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = g_ptr_array_index(mapping->pairs, i);

        if (name_is_column(written, table, pair->column))
            return true;
        for (guint s = 0; s < pair->sources->len; s++)
            if (name_is_column(written, table, g_ptr_array_index(pair->sources, s)))
                return true;
    }
    return false;
}

static bool
mapping_uses(const LedgerMapping *row, const char *written, bool *ret_uses, GError **error)
{
    const Place origin = {.line = 1, .column = 1};
    g_autofree char *table = g_strdup_printf("%s.%s", row->schema, row->table);
    g_autoptr(SqlMapping) forward = sql_mapping_parse(row->forward, origin, error);
    g_autoptr(SqlMapping) reverse = forward ? sql_mapping_parse(row->reverse, origin, error) : NULL;

    if (reverse == NULL)
        return false;
    *ret_uses = name_is_table(written, table) || pairs_use(forward, written, table) ||
                pairs_use(reverse, written, table);
    return true;
}

static bool
check_drop(const Phase *phase, const char *written, GPtrArray *rows, GError **error)
{
    for (guint i = 0; i < rows->len; i++) {
        const LedgerMapping *row = g_ptr_array_index(rows, i);
        bool uses = false;

        if (strcmp(row->revision, phase->revision->id) == 0)
            continue;
        if (!mapping_uses(row, written, &uses, error))
            return false;
        if (!uses)
            continue;
        error_set(error, ERROR_STATE,
                  "%s of %s drops %s, which the mapping of revision %s on %s still reads",
                  phase_name(phase->kind), phase->revision->id, written, row->revision, row->table);
        return error_hint(error, "Contract or downgrade %s first.", row->revision);
    }
    return true;
}

static bool
check_statements(const Phase *phase, const SqlScript *script, GPtrArray *rows, GError **error)
{
    for (guint i = 0; i < sql_script_count(script); i++) {
        g_autoptr(GPtrArray) drops = sql_statement_drops(sql_script_get(script, i));

        for (guint d = 0; d < drops->len; d++)
            if (!check_drop(phase, g_ptr_array_index(drops, d), rows, error))
                return false;
    }
    return true;
}

bool
sync_steps_check_drops(const Phase *phase, const Section *section, GError **error)
{
    g_autoptr(SqlScript) script = section ? section_parse(section, error) : NULL;
    g_autoptr(GPtrArray) rows = NULL;

    if (section == NULL)
        return true;
    if (script == NULL)
        return false;
    rows = ledger_load_mappings(phase->context->conn, NULL, NULL, error);
    return rows != NULL && check_statements(phase, script, rows, error) &&
           table_steps_check_drops(phase, script, error);
}

bool
sync_steps_renew(const ApplyContext *context, Plan *plan, const LedgerMapping *row, GError **error)
{
    g_autoptr(CatalogTable) table =
        catalog_require_table(context->conn, row->schema, row->table, error);
    g_autoptr(GPtrArray) mappings = table ? load_mappings(context, table, error) : NULL;
    g_autofree char *label = NULL, *sql = NULL;

    if (mappings == NULL)
        return false;
    sql = sync_install_sql(table, mappings);
    if (strcmp(sql, row->installed_sql) == 0)
        return true;
    label = g_strdup_printf("sync triggers on %s", table->quoted);
    return plan_add_derived(plan,
                            &(PlanDerived){.label = label,
                                           .sql = sql,
                                           .record = record_replacement,
                                           .data = replacement_new(table, mappings, sql, NULL),
                                           .free_data = (GDestroyNotify) replacement_free},
                            error);
}
