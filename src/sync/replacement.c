#include "sync/replacement.h"

struct SyncReplacement {
    GPtrArray *kept; /* LedgerMapping * */
    char *removed;
    char *schema, *table;
};

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

SyncReplacement *
sync_replacement_new(const CatalogTable *table, const GPtrArray *mappings, const char *installed,
                     const char *removed)
{
    SyncReplacement *replacement = g_new0(SyncReplacement, 1);

    replacement->kept = g_ptr_array_new_with_free_func((GDestroyNotify) ledger_mapping_free);
    for (guint i = 0; i < mappings->len; i++)
        g_ptr_array_add(replacement->kept,
                        ledger_mapping_of(table, g_ptr_array_index(mappings, i), installed));
    replacement->removed = g_strdup(removed);
    replacement->schema = g_strdup(table->schema);
    replacement->table = g_strdup(table->name);
    return replacement;
}

void
sync_replacement_free(SyncReplacement *replacement)
{
    if (replacement == NULL)
        return;
    g_ptr_array_unref(replacement->kept);
    g_free(replacement->removed);
    g_free(replacement->schema);
    g_free(replacement->table);
    g_free(replacement);
}

bool
sync_replacement_record(PgConn *conn, gconstpointer data, GError **error)
{
    const SyncReplacement *replacement = data;

    for (guint i = 0; i < replacement->kept->len; i++)
        if (!ledger_add_mapping(conn, g_ptr_array_index(replacement->kept, i), error))
            return false;
    return replacement->removed == NULL ||
           ledger_remove_mapping(conn, replacement->removed, replacement->schema,
                                 replacement->table, error);
}
