#include "ledger/table-mappings.h"

#include "ledger/tenant.h"

GPtrArray *
ledger_load_table_mappings(PgConn *conn, const char *revision, GError **error)
{
    g_autoptr(GPtrArray) mappings =
        g_ptr_array_new_with_free_func((GDestroyNotify) ledger_table_mapping_free);
    g_autofree char *key = ledger_key(conn, revision);
    g_autoptr(PgRows) rows = pg_query(
        conn, error,
        "SELECT m.revision, m.old_schema, m.old_table, m.new_schema, m.new_table, m.sections, "
        "       m.is_cut_over, m.installed_sql "
        "FROM sluice.table_mapping m JOIN sluice.revision r ON r.id = m.revision "
        "WHERE r.tenant = $1 AND ($2::text IS NULL OR m.revision = $2) "
        "ORDER BY r.ordinal, m.old_schema, m.old_table, m.new_schema, m.new_table",
        ledger_tenant(conn), key);

    if (rows == NULL)
        return NULL;
    for (int i = 0; i < pg_rows_count(rows); i++) {
        LedgerTableMapping *mapping = g_new0(LedgerTableMapping, 1);

        mapping->revision = g_strdup(ledger_id(conn, pg_text(rows, i, 0)));
        mapping->old_schema = g_strdup(pg_text(rows, i, 1));
        mapping->old_table = g_strdup(pg_text(rows, i, 2));
        mapping->new_schema = g_strdup(pg_text(rows, i, 3));
        mapping->new_table = g_strdup(pg_text(rows, i, 4));
        mapping->sections = g_strdup(pg_text(rows, i, 5));
        mapping->is_cut_over = pg_bool(rows, i, 6);
        mapping->installed_sql = g_strdup(pg_text(rows, i, 7));
        g_ptr_array_add(mappings, mapping);
    }
    return g_steal_pointer(&mappings);
}

void
ledger_table_mapping_free(LedgerTableMapping *mapping)
{
    if (mapping == NULL)
        return;
    g_free(mapping->revision);
    g_free(mapping->old_schema);
    g_free(mapping->old_table);
    g_free(mapping->new_schema);
    g_free(mapping->new_table);
    g_free(mapping->sections);
    g_free(mapping->installed_sql);
    g_free(mapping);
}

bool
ledger_put_table_mapping(PgConn *conn, const LedgerTableMapping *mapping, GError **error)
{
    g_autofree char *key = ledger_key(conn, mapping->revision);

    return pg_exec(
        conn, error,
        "INSERT INTO sluice.table_mapping (revision, old_schema, old_table, new_schema, new_table, "
        "    sections, is_cut_over, installed_sql) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
        "ON CONFLICT (revision, old_schema, old_table, new_schema, new_table) DO UPDATE SET "
        "    sections = excluded.sections, is_cut_over = excluded.is_cut_over, "
        "    installed_sql = excluded.installed_sql, installed_at = now()",
        key, mapping->old_schema, mapping->old_table, mapping->new_schema, mapping->new_table,
        mapping->sections, mapping->is_cut_over ? "t" : "f", mapping->installed_sql);
}

bool
ledger_remove_table_mapping(PgConn *conn, const LedgerTableMapping *mapping, GError **error)
{
    g_autofree char *key = ledger_key(conn, mapping->revision);

    return pg_exec(conn, error,
                   "DELETE FROM sluice.table_mapping "
                   "WHERE (revision, old_schema, old_table, new_schema, new_table) = "
                   "      ($1, $2, $3, $4, $5)",
                   key, mapping->old_schema, mapping->old_table, mapping->new_schema,
                   mapping->new_table);
}
