#include "cli/backfill-scope.h"

#include <string.h>

#include "ledger/backfills.h"
#include "revision/target.h"

PgConn *
backfill_connect(App *app, const char *purpose, GError **error)
{
    const PgConnOptions options = {.purpose = purpose, .schema = app->settings->database_schema};
    const char *url = settings_require_database(app->settings, error);
    g_autoptr(PgConn) conn = url ? pg_connect(url, &options, error) : NULL;
    int version = 0;

    if (conn == NULL || !ledger_find(conn, &version, error))
        return NULL;
    if (version > 0)
        return g_steal_pointer(&conn);
    error_set(error, ERROR_STATE, "%s has no ledger: nothing was ever applied", pg_target(conn));
    error_hint(error, "Run `sluice upgrade` first.");
    return NULL;
}

bool
backfill_find_id(App *app, const char *target, char **ret_id, GError **error)
{
    g_autoptr(Graph) graph = NULL;
    const Revision *named = NULL;

    if (target == NULL)
        return true;
    graph = graph_load(app->settings->migrations, error);
    if (graph == NULL || !target_point(graph, NULL, target, &named, error))
        return false;
    *ret_id = named ? g_strdup(named->id) : NULL;
    return true;
}

GPtrArray *
backfill_choose(App *app, PgConn *conn, const char *target, GError **error)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) rows = ledger_load_backfills(conn, NULL, error);
    g_autofree char *named = NULL;

    if (rows == NULL || !backfill_find_id(app, target, &named, error))
        return NULL;
    for (guint i = 0; i < rows->len; i++) {
        const LedgerBackfill *row = rows->pdata[i];

        if (row->state != LEDGER_BACKFILL_DONE &&
            (named == NULL || strcmp(row->revision, named) == 0) &&
            !g_ptr_array_find_with_equal_func(ids, row->revision, g_str_equal, NULL))
            g_ptr_array_add(ids, g_strdup(row->revision));
    }
    if (ids->len > 0)
        return g_steal_pointer(&ids);
    if (named)
        error_set(error, ERROR_STATE, "revision %s has no backfill at work", named);
    else
        error_set(error, ERROR_STATE, "no backfill is at work");
    error_hint(error, "See `sluice backfill status`.");
    return NULL;
}
