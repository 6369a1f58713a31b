#include "sync/table-names.h"

#include "catalog/catalog.h"
#include "sync/identifier.h"
#include "sync/table-parts.h"

/* Names sort in front of the server's own triggers of foreign keys ("RI_ConstraintTrigger_.."): the
 * row of the other table must be gone before they look whether somebody references the deleted one.
 * The one that fills a row sorts behind every other BEFORE trigger. */
static const struct {
    bool on_target;
    const char *prefix, *ending;
} triggers[TRIGGER_N] = {
    [ON_WRITE] = {false, "0_sluice", ""},
    [ON_UPDATE] = {false, "0_sluice", "_update"},
    [ON_TRUNCATE] = {false, "0_sluice", "_truncate"},
    [WATCH_WRITE] = {true, "0_sluice", ""},
    [WATCH_UPDATE] = {true, "0_sluice", "_update"},
    [WATCH_TRUNCATE] = {true, "0_sluice", "_truncate"},
    [FILL] = {true, "zzzz_sluice", "_fill"},
};

static char *
unquoted_trigger(const TableRoute *route, TriggerKind kind)
{
    const bool on_target = triggers[kind].on_target;

    return sync_identifier(
        g_strdup_printf("%s_%s_%s_%s", triggers[kind].prefix, route->revision,
                        on_target ? "from" : "to",
                        on_target ? route->direction->from : route->direction->to),
        triggers[kind].ending);
}

char *
table_trigger_name(const TableRoute *route, TriggerKind kind)
{
    g_autofree char *name = unquoted_trigger(route, kind);

    return pg_quote_identifier(name);
}

char *
table_function_name(const TableRoute *route, FunctionKind kind)
{
    static const char *const endings[FUNCTION_N] = {"", " (watch)", " (fill)"};
    g_autofree char *name = sync_identifier(
        g_strdup_printf("%s: %s.%s to %s.%s", route->revision, route->from_schema,
                        route->direction->from, route->to_schema, route->direction->to),
        endings[kind]);

    return pg_quote_qualified("sluice", name);
}

char *
table_remove_sql(const TableRoute *route)
{
    g_autofree char *from = table_from(route);
    g_autofree char *to = table_to(route);
    GString *sql = g_string_new(NULL);

    for (TriggerKind kind = 0; kind < TRIGGER_N; kind++) {
        g_autofree char *name = table_trigger_name(route, kind);

        g_string_append_printf(sql, "DROP TRIGGER IF EXISTS %s ON %s;\n", name,
                               triggers[kind].on_target ? to : from);
    }
    for (FunctionKind kind = 0; kind < FUNCTION_N; kind++) {
        g_autofree char *name = table_function_name(route, kind);

        g_string_append_printf(sql, "DROP FUNCTION IF EXISTS %s();\n", name);
    }
    return g_string_free(sql, FALSE);
}

/* Is the trigger there, and does it fire? Those of the source do in every session. */
static bool
look_at_trigger(PgConn *conn, const CatalogTable *table, const char *name, bool is_always,
                GPtrArray *problems, GError **error)
{
    char enabled = 0;

    if (!catalog_trigger_enabled(conn, table->oid, name, &enabled, error))
        return false;
    if (enabled == 0)
        g_ptr_array_add(problems, g_strdup_printf("trigger %s of %s is gone", name, table->quoted));
    else if (enabled != 'A' && (is_always || enabled != 'O'))
        g_ptr_array_add(problems, g_strdup_printf("trigger %s of %s is not enabled%s", name,
                                                  table->quoted, is_always ? " always" : ""));
    return true;
}

bool
table_find_problems(PgConn *conn, const LedgerTableMapping *row, GPtrArray *problems,
                    GError **error)
{
    g_autoptr(TableSync) sync = table_sync_parse(row->sections, error);
    g_autoptr(CatalogTable) from = NULL, to = NULL;
    TableRoute route;

    if (sync == NULL)
        return false;
    route = table_route_of(row, sync, row->is_cut_over);
    from = catalog_require_table(conn, route.from_schema, route.direction->from, error);
    to = from ? catalog_require_table(conn, route.to_schema, route.direction->to, error) : NULL;
    if (to == NULL)
        return false;
    for (TriggerKind kind = 0; kind < TRIGGER_N; kind++) {
        const bool on_target = triggers[kind].on_target;
        g_autofree char *name = unquoted_trigger(&route, kind);

        if (route.direction->rows_stay ? kind == WATCH_TRUNCATE : kind == FILL)
            continue;
        if (!look_at_trigger(conn, on_target ? to : from, name, !on_target || kind == FILL,
                             problems, error))
            return false;
    }
    return true;
}
