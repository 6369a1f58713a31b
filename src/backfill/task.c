#include "backfill/task.h"

#include <string.h>

#include "backfill/form.h"
#include "backfill/leftover.h"
#include "backfill/walk.h"
#include "base/fault.h"
#include "ledger/mappings.h"
#include "ledger/table-mappings.h"
#include "revision/table-sync.h"
#include "sync/not-null.h"
#include "sync/sync.h"
#include "sync/table.h"

static void
task_free(BackfillTask *task)
{
    g_free(task->revision);
    catalog_table_free(task->table);
    key_free(task->key);
    g_free(task);
}

void
backfill_tasks_free(BackfillTasks *tasks)
{
    if (tasks == NULL)
        return;
    g_ptr_array_unref(tasks->tasks);
    g_clear_pointer(&tasks->statements, g_ptr_array_unref);
    g_ptr_array_unref(tasks->targets);
    g_free(tasks);
}

static BackfillTasks *
tasks_new(void)
{
    BackfillTasks *tasks = g_new0(BackfillTasks, 1);

    tasks->targets = g_ptr_array_new_with_free_func((GDestroyNotify) catalog_table_free);
    tasks->tasks = g_ptr_array_new_with_free_func((GDestroyNotify) task_free);
    return tasks;
}

static SqlBackfill *
derive_statement(PgConn *conn, const RevisionSync *sync, GError **error)
{
    g_autoptr(CatalogTable) table = catalog_require_table(conn, sync->schema, sync->table, error);

    return table ? sync_backfill(table, sync) : NULL;
}

/* Appends what the mappings between two tables imply. */
static bool
derive_between(PgConn *conn, const Revision *revision, GPtrArray *statements, GError **error)
{
    g_autoptr(GPtrArray) syncs = revision_table_syncs(revision, error);

    for (guint i = 0; syncs && i < syncs->len; i++) {
        const TableDirection *direction = ((const TableSync *) syncs->pdata[i])->forward;
        g_autoptr(CatalogTable) from =
            catalog_require_table(conn, direction->from_schema, direction->from, error);
        g_autoptr(CatalogTable) to =
            from ? catalog_require_table(conn, direction->to_schema, direction->to, error) : NULL;

        if (to == NULL)
            return false;
        g_ptr_array_add(statements, table_backfill(&(TableRoute){.revision = revision->id,
                                                                 .direction = direction,
                                                                 .from_schema = from->schema,
                                                                 .to_schema = to->schema}));
    }
    return syncs != NULL;
}

static GPtrArray *
load_statements(PgConn *conn, const Revision *revision, GError **error)
{
    const Section *section = revision_section(revision, SECTION_BACKFILL, NULL);
    g_autoptr(GPtrArray) statements =
        g_ptr_array_new_with_free_func((GDestroyNotify) sql_backfill_free);
    g_autoptr(GPtrArray) syncs = NULL;

    if (section)
        return section_backfills(section, error);
    syncs = revision_syncs(revision, error);
    if (syncs == NULL)
        return NULL;
    for (guint i = 0; i < syncs->len; i++) {
        SqlBackfill *statement = derive_statement(conn, syncs->pdata[i], error);

        if (statement == NULL)
            return NULL;
        g_ptr_array_add(statements, statement);
    }
    return derive_between(conn, revision, statements, error) ? g_steal_pointer(&statements) : NULL;
}

static bool
check_kind(const char *quoted, char kind, GError **error)
{
    static const struct {
        char kind;
        const char *name;
    } kinds[] = {{'v', "view"}, {'m', "materialized view"}, {'f', "foreign table"}};

    if (kind == 'r' || kind == 'p')
        return true;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (kinds[i].kind == kind)
            error_set(error, ERROR_STATE, "%s is a %s: a backfill updates tables only", quoted,
                      kinds[i].name);
    if (error && *error == NULL)
        error_set(error, ERROR_STATE, "%s is not a table", quoted);
    return error_hint(error, "Name the table that holds the rows in the backfill section.");
}

bool
backfill_prepare_session(PgConn *conn, GError **error)
{
    return pg_exec_script(conn,
                          "SET row_security = off; SET jit = off; "
                          "SET DateStyle = ISO; SET IntervalStyle = postgres; "
                          "SET bytea_output = hex; SET extra_float_digits = 1",
                          error);
}

static GPtrArray *
tables_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify) catalog_table_free);
}

GPtrArray *
backfill_load_leaves(PgConn *conn, const CatalogTable *table, GError **error)
{
    g_autoptr(GPtrArray) leaves = tables_new();
    g_autofree char *oid = g_strdup_printf("%u", table->oid);
    g_autoptr(PgRows) rows = pg_query(
        conn, error,
        "WITH RECURSIVE tree AS ("
        "    SELECT $1::oid AS oid "
        "    UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON i.inhparent = t.oid) "
        "SELECT n.nspname, c.relname, c.relkind "
        "FROM tree JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind <> 'p' ORDER BY c.oid",
        oid);

    if (rows == NULL)
        return NULL;
    for (int i = 0; i < pg_rows_count(rows); i++) {
        g_autoptr(CatalogTable) leaf = NULL;

        if (!check_kind(pg_text(rows, i, 1), pg_text(rows, i, 2)[0], error) ||
            !catalog_find_table(conn, pg_text(rows, i, 0), pg_text(rows, i, 1), &leaf, error))
            return NULL;
        if (leaf)
            g_ptr_array_add(leaves, g_steal_pointer(&leaf));
    }
    return g_steal_pointer(&leaves);
}

static bool
fills_column(const SqlMapping *forward, const char *column)
{
    for (guint i = 0; i < forward->pairs->len; i++)
        if (strcmp(((const SqlPair *) forward->pairs->pdata[i])->column, column) == 0)
            return true;
    return false;
}

/* Is what the statement sets what a mapping of its revision fills, with its triggers installed? */
static bool
is_synced(const Revision *revision, const SqlBackfill *statement, const CatalogTable *target,
          const GPtrArray *mappings)
{
    for (guint i = 0; i < mappings->len; i++) {
        const LedgerMapping *mapping = mappings->pdata[i];
        g_autoptr(SqlMapping) forward = NULL;
        bool sets_others = statement->kind != BACKFILL_UPDATE;

        if (strcmp(mapping->revision, revision->id) != 0 ||
            strcmp(mapping->schema, target->schema) != 0 ||
            strcmp(mapping->table, target->name) != 0)
            continue;
        forward = sql_mapping_parse(mapping->forward, (Place){0}, NULL);
        for (guint k = 0; k < statement->columns->len; k++)
            sets_others |= forward == NULL || !fills_column(forward, statement->columns->pdata[k]);
        return !sets_others;
    }
    return false;
}

/* Do triggers of its revision write the target when a row of @driving changes? */
static bool
is_followed(const CatalogTable *driving, const CatalogTable *target, const GPtrArray *mappings)
{
    for (guint i = 0; i < mappings->len; i++) {
        const LedgerTableMapping *mapping = mappings->pdata[i];

        if (!mapping->is_cut_over && g_str_equal(mapping->old_schema, driving->schema) &&
            g_str_equal(mapping->old_table, driving->name) &&
            g_str_equal(mapping->new_schema, target->schema) &&
            g_str_equal(mapping->new_table, target->name))
            return true;
    }
    return false;
}

static bool
ensure_row(PgConn *conn, const BackfillContext *context, const BackfillTask *task, int nth,
           GError **error)
{
    g_autofree char *text = form_statement(task, NULL);
    LedgerBackfill plan = {
        .revision = task->revision,
        .relation = task->table->quoted,
        .statement = text,
        .key_index = task->key ? task->key->index : NULL,
    };

    return walk_measure(conn, context, task, &plan.parts, &plan.range_pages, error) &&
           ledger_add_backfill(conn, &plan, nth, error);
}

/* Everything that the parts will be made of, as far as EXPLAIN says it. */
static bool
explain(PgConn *conn, const BackfillTask *task, GError **error)
{
    g_autofree char *statement = form_statement(task, NULL);
    g_autofree char *left = form_left(task, NULL, NULL);
    g_autofree char *rows =
        task->statement->kind == BACKFILL_INSERT ? form_rows(task) : g_strdup("SELECT");
    g_autofree char *explain_statement = g_strdup_printf("EXPLAIN %s", statement);
    g_autofree char *explain_left = g_strdup_printf("EXPLAIN %s", left);
    g_autofree char *explain_rows = g_strdup_printf("EXPLAIN %s", rows);

    return pg_exec(conn, error, explain_statement) && pg_exec(conn, error, explain_left) &&
           pg_exec(conn, error, explain_rows);
}

/* A column that does not exist, or a right that is missing: said before anything is recorded, with
 * the place, and not of the first row that a part meets. */
static bool
check_with_server(PgConn *conn, const Revision *revision, const BackfillTask *task, GError **error)
{
    const Section *section = revision_section(revision, SECTION_BACKFILL, NULL);
    g_autoptr(GError) cause = NULL;

    if (explain(conn, task, &cause))
        return true;
    if (!error_is(cause, ERROR_SQL)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    error_set_at(error, ERROR_SQL, section ? section->place : (Place){.file = revision->path},
                 "the server refuses the backfill of %s: %s", task->target->quoted, cause->message);
    if (error)
        error_add_server(*error, error_get_sqlstate(cause), error_get_detail(cause));
    if (error_is_sqlstate(cause, "42501"))
        return error_hint(error, "The role that runs the backfill needs SELECT and UPDATE, DELETE "
                                 "or INSERT on its tables: connect as their owner, or GRANT them.");
    if (error_is_sqlstate(cause, "42803"))
        return error_hint(error, "An aggregate is over all rows, and sluice runs the statement "
                                 "over a part of them: put it into a subquery on another table.");
    return error_hint(error, "Correct the section, and run it again: no row was touched.%s%s",
                      error_get_hint(cause) ? " " : "",
                      error_get_hint(cause) ? error_get_hint(cause) : "");
}

/* A key that may be NULL never conflicts: its rows would be inserted again and again. */
static bool
check_key(const Revision *revision, const BackfillTask *task, GError **error)
{
    const Section *section = revision_section(revision, SECTION_BACKFILL, NULL);
    const GPtrArray *key = task->statement->key;

    for (guint i = 0; task->statement->finished_by_key && i < key->len; i++) {
        const CatalogColumn *column = catalog_column(task->target, key->pdata[i]);

        if (column == NULL || column->not_null)
            continue;
        error_set_at(error, ERROR_STATE, section->place,
                     "column '%s' of %s may be NULL, so ON CONFLICT does not tell which rows are "
                     "done",
                     column->name, task->target->quoted);
        return error_hint(error, "Make it NOT NULL, or add a line `-- sluice: finished when "
                                 "<condition>`.");
    }
    return true;
}

static CatalogTable *
require_root(PgConn *conn, const SqlSource *source, GError **error)
{
    g_autoptr(CatalogTable) root =
        catalog_require_table(conn, source->schema, source->table, error);

    if (root == NULL || !check_kind(root->quoted, root->kind, error))
        return NULL;
    return g_steal_pointer(&root);
}

GPtrArray *
backfill_load_tables(PgConn *conn, const Revision *revision, GError **error)
{
    g_autoptr(GPtrArray) statements = load_statements(conn, revision, error);
    g_autoptr(GPtrArray) tables = tables_new();

    if (statements == NULL)
        return NULL;
    for (guint i = 0; i < statements->len; i++) {
        const SqlBackfill *statement = statements->pdata[i];
        g_autoptr(CatalogTable) root = require_root(conn, &statement->driving, error);
        g_autoptr(GPtrArray) leaves = root ? backfill_load_leaves(conn, root, error) : NULL;

        if (leaves == NULL)
            return NULL;
        g_ptr_array_extend_and_steal(tables, g_steal_pointer(&leaves));
    }
    return g_steal_pointer(&tables);
}

/* A table's rows in the ledger are in the order of the statements that go through it: @nth is from
 * 0. */
static const LedgerBackfill *
find_row(const GPtrArray *rows, const char *relation, int nth)
{
    for (guint i = 0; i < rows->len; i++) {
        const LedgerBackfill *row = rows->pdata[i];

        if (strcmp(row->relation, relation) == 0 && nth-- == 0)
            return row;
    }
    return NULL;
}

/* How many of @tasks go through the table. */
static int
count_tasks(const GPtrArray *tasks, guint end, const char *relation)
{
    int count = 0;

    for (guint i = 0; i < end; i++)
        count += strcmp(((BackfillTask *) tasks->pdata[i])->table->quoted, relation) == 0;
    return count;
}

static BackfillTask *
task_new(const Revision *revision, const SqlBackfill *statement, const CatalogTable *target,
         CatalogTable *take_leaf)
{
    BackfillTask *task = g_new0(BackfillTask, 1);

    task->revision = g_strdup(revision->id);
    task->table = take_leaf;
    task->statement = statement;
    task->target = target;
    return task;
}

/* Appends a task for each leaf of the statement's table; their ids are not known yet. @known: what
 * the ledger has of the revision (LedgerBackfill *). */
static bool
append_tasks(PgConn *conn, const BackfillContext *context, const Revision *revision,
             const SqlBackfill *statement, const GPtrArray *known, BackfillTasks *tasks,
             GError **error)
{
    CatalogTable *target = require_root(conn, &statement->target, error);
    g_autoptr(CatalogTable) root = NULL;
    g_autoptr(GPtrArray) mappings = NULL, between = NULL;
    g_autoptr(GPtrArray) leaves = NULL;

    if (target == NULL)
        return false;
    g_ptr_array_add(tasks->targets, target);
    root = require_root(conn, &statement->driving, error);
    leaves = root ? backfill_load_leaves(conn, root, error) : NULL;
    mappings = leaves ? ledger_load_mappings(conn, target->schema, target->name, error) : NULL;
    between = mappings ? ledger_load_table_mappings(conn, revision->id, error) : NULL;
    if (between == NULL)
        return false;
    for (guint i = 0; i < leaves->len; i++) {
        BackfillTask *task =
            task_new(revision, statement, target, g_steal_pointer(&leaves->pdata[i]));
        const int nth = count_tasks(tasks->tasks, tasks->tasks->len, task->table->quoted);

        task->locks_driving =
            statement->kind != BACKFILL_DELETE && is_followed(root, target, between);
        task->synced = task->locks_driving || is_synced(revision, statement, target, mappings);
        g_ptr_array_add(tasks->tasks, task);
        if (task->synced && !task->locks_driving &&
            !sync_proves_filled(conn, target, revision->id, statement->columns, &task->proven,
                                error))
            return false;
        if (find_row(known, task->table->quoted, nth) == NULL &&
            (!check_with_server(conn, revision, task, error) || !check_key(revision, task, error)))
            return false;
        if (!walk_choose(conn, context, revision, task, error) ||
            !ensure_row(conn, context, task, nth, error))
            return false;
        FAULT_POINT("backfill-added");
    }
    return true;
}

/* statement -> how many tables it goes through. */
static GHashTable *
count_leaves(const GPtrArray *tasks)
{
    GHashTable *leaves = g_hash_table_new(g_direct_hash, g_direct_equal);

    for (guint i = 0; i < tasks->len; i++) {
        gpointer statement = (gpointer) ((const BackfillTask *) tasks->pdata[i])->statement;
        const guint before = GPOINTER_TO_UINT(g_hash_table_lookup(leaves, statement));

        g_hash_table_insert(leaves, statement, GUINT_TO_POINTER(before + 1));
    }
    return leaves;
}

/* Ends what belongs to a table that is gone. */
static bool
end_lost(PgConn *conn, const GPtrArray *rows, const GPtrArray *tasks, GError **error)
{
    for (guint i = 0; i < rows->len; i++) {
        const LedgerBackfill *row = rows->pdata[i];

        if (count_tasks(tasks, tasks->len, row->relation) == 0 &&
            !ledger_end_backfill(conn, row->id, LEDGER_BACKFILL_DONE, NULL, error))
            return false;
    }
    return true;
}

/* Gives each task its row's id, drops those that are done; but a leaf into which an app may have
 * moved a row since, without triggers that fill it, is looked at again, and where in doubt all. */
static bool
settle_rows(PgConn *conn, const BackfillContext *context, const Revision *revision,
            GPtrArray *tasks, GError **error)
{
    g_autoptr(GPtrArray) rows = ledger_load_backfills(conn, revision->id, error);
    g_autoptr(GPtrArray) done = g_ptr_array_new_with_free_func((GDestroyNotify) task_free);
    g_autoptr(GHashTable) leaves = count_leaves(tasks);

    if (rows == NULL || !end_lost(conn, rows, tasks, error))
        return false;
    for (guint i = tasks->len; i > 0; i--) {
        BackfillTask *task = tasks->pdata[i - 1];
        const LedgerBackfill *row =
            find_row(rows, task->table->quoted, count_tasks(tasks, i - 1, task->table->quoted));
        const bool is_done = row == NULL || row->state == LEDGER_BACKFILL_DONE;
        const bool is_alone = GPOINTER_TO_UINT(g_hash_table_lookup(leaves, task->statement)) == 1;

        if (row == NULL || (is_done && !context->doubts && (task->synced || is_alone))) {
            g_ptr_array_remove_index(tasks, i - 1);
            continue;
        }
        if (!walk_adopt(conn, task, row, error))
            return false;
        task->id = row->id;
        if (is_done)
            g_ptr_array_add(done, g_ptr_array_steal_index(tasks, i - 1));
    }
    return leftover_reopen(conn, done, tasks, error);
}

BackfillTasks *
backfill_tasks_plan(PgConn *conn, const BackfillContext *context, const Revision *revision,
                    GError **error)
{
    g_autoptr(BackfillTasks) tasks = tasks_new();
    g_autoptr(GPtrArray) known = ledger_load_backfills(conn, revision->id, error);

    tasks->statements = known ? load_statements(conn, revision, error) : NULL;
    if (tasks->statements == NULL)
        return NULL;
    for (guint i = 0; i < tasks->statements->len; i++)
        if (!append_tasks(conn, context, revision, tasks->statements->pdata[i], known, tasks,
                          error))
            return NULL;
    return settle_rows(conn, context, revision, tasks->tasks, error) ? g_steal_pointer(&tasks)
                                                                     : NULL;
}

static bool
measure(PgConn *conn, const BackfillTask *task, gint64 *ret_pages, gint64 *ret_size, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", task->table->oid);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT coalesce(pg_relation_size($1::oid) / current_setting('block_size')::int, "
                 "                -1), pg_relation_size($1::oid)",
                 oid);

    if (rows == NULL)
        return false;
    *ret_pages = pg_integer(rows, 0, 0);
    *ret_size = pg_integer(rows, 0, 1);
    if (task->key && *ret_pages >= 0)
        *ret_pages = MAX(1, *ret_pages * walk_rows_per_page(task->table));
    return true;
}

bool
backfill_task_begin(PgConn *conn, const BackfillTask *task, GError **error)
{
    gint64 pages = 0, size = 0;

    return measure(conn, task, &pages, &size, error) &&
           ledger_begin_backfill(conn, task->id, task->table->oid, MAX(pages, 0), size, error);
}

bool
backfill_task_pages(PgConn *conn, const BackfillTask *task, gint64 *ret_pages, GError **error)
{
    gint64 size = 0;

    return measure(conn, task, ret_pages, &size, error);
}
