#include "sync/marker.h"

#include "sync/identifier.h"
#include "sync/not-null.h"
#include "sync/parts.h"

char *
marker_name(const char *revision, guint part)
{
    g_autofree char *ending = part > 0 ? g_strdup_printf("_%u", part + 1) : g_strdup("");

    return sync_identifier(g_strdup_printf("sluice_filled_%s", revision), ending);
}

GPtrArray *
sync_needed_markers(PgConn *conn, const CatalogTable *table, const Revision *revision,
                    const RevisionSync *sync, GHashTable *types, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) parts = sync_parts(table, revision->id, sync->forward, sync->reverse);

    if (revision_section(revision, SECTION_BACKFILL, NULL))
        return g_steal_pointer(&names);
    for (guint i = 0; i < parts->len; i++) {
        const SyncPart *part = parts->pdata[i];
        bool loses = false;

        if (!sync_loses_null(conn, table, sync, part->forward, types, &loses, error))
            return NULL;
        if (loses)
            g_ptr_array_add(names, marker_name(revision->id, i));
    }
    return g_steal_pointer(&names);
}

/* "ALTER TABLE users ADD COLUMN a boolean, ADD COLUMN b boolean" */
static char *
alter_each(const CatalogTable *table, const GPtrArray *names, const char *verb, const char *type)
{
    g_autoptr(GString) sql = g_string_new(NULL);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *column = pg_quote_identifier(names->pdata[i]);

        if (i == 0)
            g_string_append_printf(sql, "ALTER TABLE %s", table->quoted);
        g_string_append_printf(sql, "%s %s %s%s", i ? "," : "", verb, column, type);
    }
    if (names->len > 0)
        g_string_append(sql, ";\n");
    return g_string_free(g_steal_pointer(&sql), FALSE);
}

char *
sync_add_markers_sql(const CatalogTable *table, const GPtrArray *names)
{
    return alter_each(table, names, "ADD COLUMN", " boolean");
}

GPtrArray *
sync_find_markers(const CatalogTable *table, const char *revision, const SqlMapping *forward,
                  const SqlMapping *reverse)
{
    g_autoptr(GPtrArray) parts = sync_parts(table, revision, forward, reverse);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < parts->len; i++)
        if (((const SyncPart *) parts->pdata[i])->marker)
            g_ptr_array_add(names, marker_name(revision, i));
    return names;
}

bool
sync_load_markers(PgConn *conn, const LedgerMapping *mapping, GPtrArray **ret_names, GError **error)
{
    const Place origin = {.line = 1, .column = 1};
    g_autoptr(SqlMapping) forward = sql_mapping_parse(mapping->forward, origin, error);
    g_autoptr(SqlMapping) reverse =
        forward ? sql_mapping_parse(mapping->reverse, origin, error) : NULL;
    g_autoptr(CatalogTable) table = NULL;

    if (reverse == NULL ||
        !catalog_find_table(conn, mapping->schema, mapping->table, &table, error))
        return false;
    *ret_names =
        table ? sync_find_markers(table, mapping->revision, forward, reverse) : g_ptr_array_new();
    return true;
}

char *
sync_drop_markers_sql(const CatalogTable *table, const GPtrArray *names)
{
    return alter_each(table, names, "DROP COLUMN", "");
}
