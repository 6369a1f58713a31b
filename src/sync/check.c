#include "sync/check.h"

#include <string.h>

#include "base/text.h"
#include "sync/condition.h"
#include "sync/sync.h"

static bool
check_relation(const CatalogTable *table, GError **error)
{
    if (table->kind == 'r' || table->kind == 'p')
        return true;
    error_set(error, ERROR_STATE, "%s is not a table: its rows cannot be kept in sync",
              table->quoted);
    return error_hint(error, "Name the table that holds the rows in the sync section.");
}

static bool
fail_unknown_column(const CatalogTable *table, const SqlPair *pair, const char *column,
                    GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *near = NULL;

    for (guint i = 0; i < table->columns->len; i++)
        g_ptr_array_add(names, ((CatalogColumn *) table->columns->pdata[i])->name);
    g_ptr_array_add(names, NULL);
    near = text_nearest(column, (const char *const *) names->pdata);
    error_set_at(error, ERROR_STATE, pair->place, "%s has no column \"%s\"", table->quoted, column);
    if (near)
        return error_hint(error, "Did you mean \"%s\"?", near);
    return error_hint(error, "Name a column that the table has before this revision.");
}

static bool
sets(const SqlMapping *mapping, const char *column)
{
    for (guint i = 0; i < mapping->pairs->len; i++)
        if (strcmp(((SqlPair *) mapping->pairs->pdata[i])->column, column) == 0)
            return true;
    return false;
}

static bool
check_new_column(const CatalogTable *table, const SqlPair *pair, GError **error)
{
    const CatalogColumn *column = catalog_column(table, pair->column);

    if (column == NULL)
        return true;
    if (column->generated) {
        error_set_at(error, ERROR_STATE, pair->place, "the new column \"%s\" of %s is generated",
                     pair->column, table->quoted);
        return error_hint(error, "A generated column fills itself: leave it out of the mapping.");
    }
    if (column->not_null) {
        error_set_at(
            error, ERROR_STATE, pair->place,
            "the new column \"%s\" of %s is NOT NULL: the old app's inserts do not name it",
            pair->column, table->quoted);
        return error_hint(error, "Leave NOT NULL out: sluice sets it at contract, where the old "
                                 "column proves it, or with `-- sluice: not null` in the section.");
    }
    if (column->has_default) {
        error_set_at(error, ERROR_STATE, pair->place,
                     "the new column \"%s\" of %s has a default: a row that the old app inserts "
                     "would look filled",
                     pair->column, table->quoted);
        return error_hint(error, "Leave the default out, and set it in the contract section.");
    }
    return true;
}

static bool
check_old_column(const CatalogTable *table, const SqlPair *pair, const char *name, bool is_target,
                 GError **error)
{
    const CatalogColumn *column = catalog_column(table, name);

    if (column == NULL)
        return fail_unknown_column(table, pair, name, error);
    if (!column->generated)
        return true;
    error_set_at(error, ERROR_STATE, pair->place, "column \"%s\" of %s is generated: %s", name,
                 table->quoted,
                 is_target ? "it cannot be written" : "a BEFORE trigger does not see its value");
    return error_hint(error, "Write the expression that generates it into the mapping instead.");
}

static bool
check_columns(const CatalogTable *table, const RevisionSync *sync, GError **error)
{
    for (guint i = 0; i < sync->forward->pairs->len; i++) {
        const SqlPair *pair = sync->forward->pairs->pdata[i];

        if (!check_new_column(table, pair, error))
            return false;
        for (guint j = 0; j < pair->sources->len; j++)
            if (!sets(sync->forward, pair->sources->pdata[j]) &&
                !check_old_column(table, pair, pair->sources->pdata[j], false, error))
                return false;
    }
    for (guint i = 0; i < sync->reverse->pairs->len; i++) {
        const SqlPair *pair = sync->reverse->pairs->pdata[i];

        if (!check_old_column(table, pair, pair->column, true, error))
            return false;
        for (guint j = 0; j < pair->sources->len; j++)
            if (!sets(sync->forward, pair->sources->pdata[j]) &&
                !check_old_column(table, pair, pair->sources->pdata[j], false, error))
                return false;
    }
    return true;
}

static bool
all_columns_exist(const CatalogTable *table, const SqlPair *pair)
{
    for (guint i = 0; i < pair->sources->len; i++)
        if (catalog_column(table, pair->sources->pdata[i]) == NULL)
            return false;
    return true;
}

/* An app role may have any search_path, and none may see schema sluice: so every function, operator
 * and type of an expression must be found in pg_catalog or carry its schema. */
static bool
check_expression(PgConn *conn, const CatalogTable *table, const SqlPair *pair, GError **error)
{
    g_autofree char *sql = NULL;
    g_autofree char *message = NULL;
    bool planned = false;

    if (pair->is_column || !all_columns_exist(table, pair))
        return true;
    sql = g_strdup_printf("EXPLAIN SELECT %s FROM %s", pair->expression, table->quoted);
    if (!pg_begin(conn, error))
        return false;
    planned = pg_exec(conn, error, "SET LOCAL search_path = ''") && pg_exec(conn, error, sql);
    pg_rollback(conn);
    if (planned || error == NULL || error_is(*error, ERROR_CONNECTION))
        return planned;
    message = g_strdup((*error)->message);
    g_clear_error(error);
    error_set_at(error, ERROR_STATE, pair->place, "the server refuses \"%s\": %s", pair->expression,
                 message);
    return error_hint(error, "Write the schema before each function, type and operator that is not "
                             "PostgreSQL's own: app.full_name(..).");
}

static bool
check_expressions(PgConn *conn, const CatalogTable *table, const SqlMapping *mapping,
                  GError **error)
{
    for (guint i = 0; i < mapping->pairs->len; i++)
        if (!check_expression(conn, table, mapping->pairs->pdata[i], error))
            return false;
    return true;
}

static bool
check_triggers(PgConn *conn, const CatalogTable *table, GError **error)
{
    g_autoptr(GPtrArray) later =
        catalog_triggers_after(conn, table->oid, SYNC_INSERT_TRIGGER, error);

    if (later == NULL)
        return false;
    for (guint i = 0; i < later->len; i++) {
        const char *name = later->pdata[i];

        if (strcmp(name, SYNC_UPDATE_TRIGGER) == 0)
            continue;
        error_set(error, ERROR_STATE,
                  "trigger \"%s\" of %s would run after sluice's, and could change a row behind it",
                  name, table->quoted);
        return error_hint(error,
                          "Rename it so that it sorts before \"" SYNC_INSERT_TRIGGER
                          "\": ALTER TRIGGER \"%s\" ON %s RENAME TO ..",
                          name, table->quoted);
    }
    return true;
}

bool
sync_check(PgConn *conn, const CatalogTable *table, const RevisionSync *sync, GError **error)
{
    return check_relation(table, error) && check_columns(table, sync, error) &&
           check_expressions(conn, table, sync->forward, error) &&
           check_expressions(conn, table, sync->reverse, error) &&
           check_triggers(conn, table, error);
}
