#include "ledger/mappings.h"

#include "base/error.h"
#include "ledger/tenant.h"

GPtrArray *
ledger_load_mappings(PgConn *conn, const char *schema, const char *table, GError **error)
{
    g_autoptr(GPtrArray) mappings =
        g_ptr_array_new_with_free_func((GDestroyNotify) ledger_mapping_free);
    g_autoptr(PgRows) rows = pg_query(
        conn, error,
        "SELECT m.revision, m.schema_name, m.table_name, m.forward, m.reverse, m.installed_sql, "
        "       m.swaps "
        "FROM sluice.mapping m JOIN sluice.revision r ON r.id = m.revision "
        "WHERE CASE WHEN $1::text IS NULL THEN r.tenant = $3 "
        "      ELSE (m.schema_name, m.table_name) = ($1, $2) END "
        "ORDER BY r.ordinal, m.schema_name, m.table_name",
        schema, table, ledger_tenant(conn));

    if (rows == NULL)
        return NULL;
    for (int i = 0; i < pg_rows_count(rows); i++) {
        LedgerMapping *mapping = g_new0(LedgerMapping, 1);

        mapping->revision = g_strdup(ledger_id(conn, pg_text(rows, i, 0)));
        mapping->schema = g_strdup(pg_text(rows, i, 1));
        mapping->table = g_strdup(pg_text(rows, i, 2));
        mapping->forward = g_strdup(pg_text(rows, i, 3));
        mapping->reverse = g_strdup(pg_text(rows, i, 4));
        mapping->installed_sql = g_strdup(pg_text(rows, i, 5));
        mapping->swaps = pg_bool(rows, i, 6);
        g_ptr_array_add(mappings, mapping);
    }
    return g_steal_pointer(&mappings);
}

void
ledger_mapping_free(LedgerMapping *mapping)
{
    if (mapping == NULL)
        return;
    g_free(mapping->revision);
    g_free(mapping->schema);
    g_free(mapping->table);
    g_free(mapping->forward);
    g_free(mapping->reverse);
    g_free(mapping->installed_sql);
    g_free(mapping);
}

bool
ledger_add_mapping(PgConn *conn, const LedgerMapping *mapping, GError **error)
{
    g_autofree char *key = ledger_key(conn, mapping->revision);

    return pg_exec(
        conn, error,
        "INSERT INTO sluice.mapping "
        "    (revision, schema_name, table_name, forward, reverse, installed_sql, swaps) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) "
        "ON CONFLICT (revision, schema_name, table_name) DO UPDATE SET "
        "    forward = excluded.forward, reverse = excluded.reverse, "
        "    installed_sql = excluded.installed_sql, installed_at = now()",
        key, mapping->schema, mapping->table, mapping->forward, mapping->reverse,
        mapping->installed_sql, mapping->swaps ? "t" : "f");
}

bool
ledger_remove_mapping(PgConn *conn, const char *revision, const char *schema, const char *table,
                      GError **error)
{
    g_autofree char *key = ledger_key(conn, revision);

    return pg_exec(conn, error,
                   "DELETE FROM sluice.mapping "
                   "WHERE (revision, schema_name, table_name) = ($1, $2, $3)",
                   key, schema, table);
}
