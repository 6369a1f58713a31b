#include "backfill/task.h"

#include <string.h>

#include "base/fault.h"
#include "ledger/mappings.h"
#include "sync/sync.h"

static void
task_free(BackfillTask *task)
{
    g_free(task->revision);
    catalog_table_free(task->table);
    g_free(task);
}

void
backfill_tasks_free(BackfillTasks *tasks)
{
    if (tasks == NULL)
        return;
    g_ptr_array_unref(tasks->tasks);
    g_ptr_array_unref(tasks->statements);
    g_free(tasks);
}

static BackfillTasks *
tasks_new(void)
{
    BackfillTasks *tasks = g_new0(BackfillTasks, 1);

    tasks->statements = g_ptr_array_new_with_free_func((GDestroyNotify) sql_backfill_free);
    tasks->tasks = g_ptr_array_new_with_free_func((GDestroyNotify) task_free);
    return tasks;
}

static SqlBackfill *
derive_statement(PgConn *conn, const RevisionSync *sync, GError **error)
{
    g_autoptr(CatalogTable) table = catalog_require_table(conn, sync->schema, sync->table, error);

    return table ? sync_backfill(table, sync) : NULL;
}

static bool
load_statements(PgConn *conn, const Revision *revision, GPtrArray *statements, GError **error)
{
    const Section *section = revision_section(revision, SECTION_BACKFILL, NULL);
    g_autoptr(GPtrArray) syncs = NULL;

    if (section) {
        SqlBackfill *statement =
            sql_backfill_parse(section->text, section->place, section->finished_when, error);

        if (statement)
            g_ptr_array_add(statements, statement);
        return statement != NULL;
    }
    syncs = revision_syncs(revision, error);
    if (syncs == NULL)
        return false;
    for (guint i = 0; i < syncs->len; i++) {
        SqlBackfill *statement = derive_statement(conn, syncs->pdata[i], error);

        if (statement == NULL)
            return false;
        g_ptr_array_add(statements, statement);
    }
    return true;
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
    return pg_exec_script(conn, "SET row_security = off; SET jit = off", error);
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
has_mapping(GPtrArray *mappings, const char *revision, const CatalogTable *table)
{
    for (guint i = 0; i < mappings->len; i++) {
        const LedgerMapping *mapping = mappings->pdata[i];

        if (strcmp(mapping->revision, revision) == 0 &&
            strcmp(mapping->schema, table->schema) == 0 && strcmp(mapping->table, table->name) == 0)
            return true;
    }
    return false;
}

static char *
statement_text(const SqlBackfill *statement, const CatalogTable *table)
{
    if (statement->kind == BACKFILL_DELETE)
        return g_strdup_printf("DELETE FROM ONLY %s AS %s WHERE %s", table->quoted,
                               statement->alias, statement->where);
    return g_strdup_printf("UPDATE ONLY %s AS %s SET %s WHERE %s", table->quoted, statement->alias,
                           statement->set, statement->where);
}

static bool
ensure_row(PgConn *conn, const BackfillContext *context, const BackfillTask *task, GError **error)
{
    g_autofree char *text = statement_text(task->statement, task->table);
    g_autofree char *oid = g_strdup_printf("%u", task->table->oid);
    g_autoptr(PgRows) rows = pg_query(
        conn, error, "SELECT coalesce(pg_relation_size($1::oid), 0), current_setting('block_size')",
        oid);
    LedgerBackfill plan = {
        .revision = task->revision,
        .relation = task->table->quoted,
        .statement = text,
        .range_pages = context->settings->backfill_range_pages,
        .parts = context->settings->backfill_parts,
    };

    if (rows == NULL)
        return false;
    plan.size_before = pg_integer(rows, 0, 0);
    plan.end_page = plan.size_before / pg_integer(rows, 0, 1);
    return ledger_add_backfill(conn, &plan, error);
}

/* A column that does not exist, or a right that is missing: said before anything is recorded, with
 * the place, and not of the first row that a part meets. */
static bool
check_with_server(PgConn *conn, const Revision *revision, const BackfillTask *task, GError **error)
{
    const Section *section = revision_section(revision, SECTION_BACKFILL, NULL);
    g_autofree char *text = statement_text(task->statement, task->table);
    g_autofree char *sql = g_strdup_printf("EXPLAIN %s", text);
    g_autoptr(GError) cause = NULL;

    if (pg_exec(conn, &cause, sql))
        return true;
    if (!error_is(cause, ERROR_SQL)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    error_set_at(error, ERROR_SQL, section ? section->place : (Place){.file = revision->path},
                 "the server refuses the backfill of %s: %s", task->table->quoted, cause->message);
    if (error)
        error_add_server(*error, error_get_sqlstate(cause), error_get_detail(cause));
    if (error_is_sqlstate(cause, "42501"))
        return error_hint(error, "The role that runs the backfill needs SELECT and UPDATE (or "
                                 "DELETE) on the table: connect as its owner, or GRANT them.");
    return error_hint(error, "Correct the section, and run it again: no row was touched.%s%s",
                      error_get_hint(cause) ? " " : "",
                      error_get_hint(cause) ? error_get_hint(cause) : "");
}

static CatalogTable *
require_root(PgConn *conn, const SqlBackfill *statement, GError **error)
{
    g_autoptr(CatalogTable) root =
        catalog_require_table(conn, statement->schema, statement->table, error);

    if (root == NULL || !check_kind(root->quoted, root->kind, error))
        return NULL;
    return g_steal_pointer(&root);
}

GPtrArray *
backfill_load_tables(PgConn *conn, const Revision *revision, GError **error)
{
    g_autoptr(GPtrArray) statements =
        g_ptr_array_new_with_free_func((GDestroyNotify) sql_backfill_free);
    g_autoptr(GPtrArray) tables = tables_new();

    if (!load_statements(conn, revision, statements, error))
        return NULL;
    for (guint i = 0; i < statements->len; i++) {
        g_autoptr(CatalogTable) root = require_root(conn, statements->pdata[i], error);
        g_autoptr(GPtrArray) leaves = root ? backfill_load_leaves(conn, root, error) : NULL;

        if (leaves == NULL)
            return NULL;
        g_ptr_array_extend_and_steal(tables, g_steal_pointer(&leaves));
    }
    return g_steal_pointer(&tables);
}

static const LedgerBackfill *
find_row(const GPtrArray *rows, const char *relation)
{
    for (guint i = 0; i < rows->len; i++) {
        const LedgerBackfill *row = rows->pdata[i];

        if (strcmp(row->relation, relation) == 0)
            return row;
    }
    return NULL;
}

/* Appends a task for each leaf of the statement's table; their ids are not known yet. @known: what
 * the ledger has of the revision (LedgerBackfill *). */
static bool
append_tasks(PgConn *conn, const BackfillContext *context, const Revision *revision,
             SqlBackfill *statement, const GPtrArray *known, GPtrArray *tasks, GError **error)
{
    g_autoptr(CatalogTable) root = require_root(conn, statement, error);
    g_autoptr(GPtrArray) mappings = NULL;
    g_autoptr(GPtrArray) leaves = NULL;

    if (root == NULL)
        return false;
    mappings = ledger_load_mappings(conn, root->schema, root->name, error);
    leaves = mappings ? backfill_load_leaves(conn, root, error) : NULL;
    if (leaves == NULL)
        return false;
    for (guint i = 0; i < leaves->len; i++) {
        BackfillTask *task = g_new0(BackfillTask, 1);

        task->revision = g_strdup(revision->id);
        task->table = g_steal_pointer(&leaves->pdata[i]);
        task->statement = statement;
        task->synced = has_mapping(mappings, revision->id, root);
        g_ptr_array_add(tasks, task);
        if (find_row(known, task->table->quoted) == NULL &&
            !check_with_server(conn, revision, task, error))
            return false;
        if (!ensure_row(conn, context, task, error))
            return false;
        FAULT_POINT("backfill-added");
    }
    return true;
}

static bool
has_task(GPtrArray *tasks, const char *relation)
{
    for (guint i = 0; i < tasks->len; i++)
        if (strcmp(((BackfillTask *) tasks->pdata[i])->table->quoted, relation) == 0)
            return true;
    return false;
}

/* Gives each task its row's id, drops those that are done. */
static bool
settle_rows(PgConn *conn, const Revision *revision, GPtrArray *tasks, GError **error)
{
    g_autoptr(GPtrArray) rows = ledger_load_backfills(conn, revision->id, error);

    if (rows == NULL)
        return false;
    for (guint i = 0; i < rows->len; i++) {
        const LedgerBackfill *row = rows->pdata[i];

        if (!has_task(tasks, row->relation) &&
            !ledger_end_backfill(conn, row->id, LEDGER_BACKFILL_DONE, NULL, error))
            return false;
    }
    for (guint i = tasks->len; i > 0; i--) {
        BackfillTask *task = tasks->pdata[i - 1];
        const LedgerBackfill *row = find_row(rows, task->table->quoted);

        if (row == NULL || row->state == LEDGER_BACKFILL_DONE)
            g_ptr_array_remove_index(tasks, i - 1);
        else
            task->id = row->id;
    }
    return true;
}

BackfillTasks *
backfill_tasks_plan(PgConn *conn, const BackfillContext *context, const Revision *revision,
                    GError **error)
{
    g_autoptr(BackfillTasks) tasks = tasks_new();
    g_autoptr(GPtrArray) known = ledger_load_backfills(conn, revision->id, error);

    if (known == NULL || !load_statements(conn, revision, tasks->statements, error))
        return NULL;
    for (guint i = 0; i < tasks->statements->len; i++)
        if (!append_tasks(conn, context, revision, tasks->statements->pdata[i], known, tasks->tasks,
                          error))
            return NULL;
    return settle_rows(conn, revision, tasks->tasks, error) ? g_steal_pointer(&tasks) : NULL;
}

bool
backfill_task_pages(PgConn *conn, const BackfillTask *task, gint64 *ret_pages, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", task->table->oid);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT coalesce(pg_relation_size($1::oid) / current_setting('block_size')::int, "
                 "                -1)",
                 oid);

    if (rows == NULL)
        return false;
    *ret_pages = pg_integer(rows, 0, 0);
    return true;
}
