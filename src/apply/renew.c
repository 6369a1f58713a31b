#include <string.h>

#include "apply/apply.h"
#include "apply/sync-steps.h"
#include "apply/transact.h"
#include "ledger/mappings.h"

static bool
record_steps(PgConn *conn, gconstpointer data, GError **error)
{
    GPtrArray *const *steps = data;

    for (guint i = 0; i < (*steps)->len; i++) {
        const PlanStep *step = g_ptr_array_index(*steps, i);
        if (!step->record(conn, step->data, error))
            return false;
    }
    return true;
}

/* No journal: it is one transaction, and what it makes can be made again. */
static bool
renew_table(const ApplyContext *context, const LedgerMapping *row, GError **error)
{
    g_autoptr(Plan) plan = plan_new("renewal of sync triggers");
    g_autofree char *what = g_strdup_printf("%s on %s.%s", plan->phase, row->schema, row->table);
    TransactResult result;

    if (!sync_steps_renew(context, plan, row, error))
        return false;
    if (plan->steps->len == 0 || context->dry_run)
        return true;
    return transact(context, what, plan->steps, record_steps, &plan->steps, &result, error);
}

bool
apply_renew_sync(const ApplyContext *context, GError **error)
{
    g_autoptr(GPtrArray) rows = ledger_load_mappings(context->conn, NULL, NULL, error);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (rows == NULL)
        return false;
    for (guint i = 0; i < rows->len; i++) {
        const LedgerMapping *row = g_ptr_array_index(rows, i);

        if (g_hash_table_add(seen, pg_quote_qualified(row->schema, row->table)) &&
            !renew_table(context, row, error))
            return false;
    }
    return true;
}
