#include "sync/intact.h"

#include <string.h>

#include "catalog/catalog.h"
#include "sync/sync.h"

/* There, ENABLE ALWAYS, and the last of the BEFORE triggers. */
static bool
look_at_trigger(PgConn *conn, const CatalogTable *table, const char *name, GPtrArray *problems,
                GError **error)
{
    g_autoptr(GPtrArray) later = NULL;
    char enabled = 0;

    if (!catalog_trigger_enabled(conn, table->oid, name, &enabled, error))
        return false;
    if (enabled != 'A') {
        g_ptr_array_add(problems, g_strdup_printf("trigger %s of %s is %s", name, table->quoted,
                                                  enabled == 0 ? "gone" : "not enabled always"));
        return true;
    }
    later = catalog_triggers_after(conn, table->oid, name, error);
    if (later == NULL)
        return false;
    for (guint i = 0; i < later->len; i++) {
        const char *other = g_ptr_array_index(later, i);

        if (strcmp(other, SYNC_UPDATE_TRIGGER) != 0)
            g_ptr_array_add(problems, g_strdup_printf("trigger %s of %s fires after %s", other,
                                                      table->quoted, name));
    }
    return true;
}

bool
sync_find_problems(PgConn *conn, const char *schema, const char *table, GPtrArray *problems,
                   GError **error)
{
    g_autoptr(CatalogTable) found = NULL;

    if (!catalog_find_table(conn, schema, table, &found, error))
        return false;
    if (found == NULL) {
        g_ptr_array_add(problems, g_strdup_printf("table %s.%s is gone", schema, table));
        return true;
    }
    return look_at_trigger(conn, found, SYNC_INSERT_TRIGGER, problems, error) &&
           look_at_trigger(conn, found, SYNC_UPDATE_TRIGGER, problems, error);
}
