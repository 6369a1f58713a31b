#include "gate/check.h"
#include "ledger/mappings.h"
#include "sync/sync.h"

/* One trigger: there, ENABLE ALWAYS, and the last of the BEFORE triggers. Appends what is wrong. */
static bool
look_at_trigger(PgConn *conn, const CatalogTable *table, const char *name, GString *wrong,
                GError **error)
{
    g_autoptr(GPtrArray) later = NULL;
    char enabled = 0;

    if (!catalog_trigger_enabled(conn, table->oid, name, &enabled, error))
        return false;
    if (enabled != 'A') {
        g_string_append_printf(wrong, "%s%s of %s is %s", wrong->len ? "; " : "", name,
                               table->quoted, enabled == 0 ? "gone" : "not enabled always");
        return true;
    }
    later = catalog_triggers_after(conn, table->oid, name, error);
    if (later == NULL)
        return false;
    for (guint i = 0; i < later->len; i++) {
        const char *other = g_ptr_array_index(later, i);

        if (g_strcmp0(other, SYNC_UPDATE_TRIGGER) != 0)
            g_string_append_printf(wrong, "%strigger %s of %s fires after %s",
                                   wrong->len ? "; " : "", other, table->quoted, name);
    }
    return true;
}

static bool
look_at_table(PgConn *conn, const LedgerMapping *mapping, GString *wrong, GError **error)
{
    g_autoptr(CatalogTable) table =
        catalog_require_table(conn, mapping->schema, mapping->table, error);

    return table && look_at_trigger(conn, table, SYNC_INSERT_TRIGGER, wrong, error) &&
           look_at_trigger(conn, table, SYNC_UPDATE_TRIGGER, wrong, error);
}

bool
check_triggers(const GateContext *context, const Revision *revision, GateCheck *check,
               GError **error)
{
    g_autoptr(GPtrArray) mappings = ledger_load_mappings(context->apply->conn, NULL, NULL, error);
    g_autoptr(GString) wrong = g_string_new(NULL);
    guint tables = 0;

    if (mappings == NULL)
        return false;
    for (guint i = 0; i < mappings->len; i++) {
        const LedgerMapping *mapping = g_ptr_array_index(mappings, i);

        if (g_strcmp0(mapping->revision, revision->id) != 0)
            continue;
        tables++;
        if (!look_at_table(context->apply->conn, mapping, wrong, error))
            return false;
    }
    if (wrong->len > 0)
        return check_fail(check, NULL,
                          "Put it right (ALTER TABLE .. ENABLE ALWAYS TRIGGER ..; rename the later "
                          "trigger), then compare all rows: `sluice backfill run`.",
                          "%s", wrong->str);
    if (tables == 0)
        return check_pass(check, NULL, "the revision maps nothing");
    return check_pass(check, NULL, "enabled always and last in order on %u table%s", tables,
                      tables == 1 ? "" : "s");
}
