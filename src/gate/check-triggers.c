#include "gate/check.h"
#include "ledger/mappings.h"
#include "sync/intact.h"
#include "sync/table.h"

bool
check_triggers(const GateContext *context, const Revision *revision, GateCheck *check,
               GError **error)
{
    g_autoptr(GPtrArray) mappings = ledger_load_mappings(context->apply->conn, NULL, NULL, error);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) between = NULL;
    g_autofree char *wrong = NULL;
    guint tables = 0;

    if (mappings == NULL)
        return false;
    for (guint i = 0; i < mappings->len; i++) {
        const LedgerMapping *mapping = g_ptr_array_index(mappings, i);

        if (g_strcmp0(mapping->revision, revision->id) != 0)
            continue;
        tables++;
        if (!sync_find_problems(context->apply->conn, mapping->schema, mapping->table, problems,
                                error))
            return false;
    }
    between = ledger_load_table_mappings(context->apply->conn, revision->id, error);
    for (guint i = 0; between && i < between->len; i++, tables++)
        if (!table_find_problems(context->apply->conn, g_ptr_array_index(between, i), problems,
                                 error))
            return false;
    if (between == NULL)
        return false;
    if (problems->len > 0) {
        g_ptr_array_add(problems, NULL);
        wrong = g_strjoinv("; ", (char **) problems->pdata);
        return check_fail(check, NULL,
                          "Put it right (ALTER TABLE .. ENABLE ALWAYS TRIGGER ..; rename the later "
                          "trigger), then compare all rows: `sluice backfill run`.",
                          "%s", wrong);
    }
    if (tables == 0)
        return check_pass(check, NULL, "the revision maps nothing");
    return check_pass(check, NULL, "enabled always and last in order on %u table%s", tables,
                      tables == 1 ? "" : "s");
}
