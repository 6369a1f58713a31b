#include "fleet/look.h"

#include "ledger/cohorts.h"

struct FleetView {
    GPtrArray *cohorts; /* LedgerCohort *; NULL: no tenants */
    GPtrArray *loaded;  /* LedgerRevisions * */
    GHashTable *by_database;
    GMutex mutex;
};

void
fleet_view_free(FleetView *view)
{
    if (view == NULL)
        return;
    g_clear_pointer(&view->cohorts, g_ptr_array_unref);
    g_ptr_array_unref(view->loaded);
    g_hash_table_unref(view->by_database);
    g_mutex_clear(&view->mutex);
    g_free(view);
}

const LedgerRevisions *
fleet_view_find(const FleetView *view, const Database *database)
{
    return g_hash_table_lookup(view->by_database, database);
}

/* Takes over @take_revisions. */
static void
keep(FleetView *view, const Database *database, LedgerRevisions *take_revisions)
{
    g_mutex_lock(&view->mutex);
    g_ptr_array_add(view->loaded, take_revisions);
    g_hash_table_insert(view->by_database, (gpointer) database, take_revisions);
    g_mutex_unlock(&view->mutex);
}

static bool
load_one(gpointer data, const Database *database, PgConn *conn, const Report *report G_GNUC_UNUSED,
         FleetResult *result, GError **error)
{
    LedgerRevisions *revisions = ledger_load_revisions(conn, error);

    if (revisions == NULL)
        return false;
    keep(data, database, revisions);
    result->outcome = FLEET_LEFT;
    return true;
}

/* Those that no cohort has were never touched. */
static bool
load_tenants(FleetView *view, const FleetOptions *options, const GPtrArray *results, GError **error)
{
    const FleetResult *first = g_ptr_array_index(results, 0);
    const PgConnOptions session = {
        .purpose = options->what, .allow_standby = true, .allow_pooler = true};
    g_autoptr(PgConn) conn = pg_connect(first->database->url, &session, error);
    g_autoptr(GHashTable) by_schema = g_hash_table_new(g_str_hash, g_str_equal);
    LedgerRevisions *none;

    view->cohorts = conn ? ledger_load_cohorts(conn, error) : NULL;
    if (view->cohorts == NULL)
        return false;
    for (guint i = 0; i < view->cohorts->len; i++) {
        const LedgerCohort *cohort = g_ptr_array_index(view->cohorts, i);
        for (guint j = 0; j < cohort->schemas->len; j++)
            g_hash_table_insert(by_schema, g_ptr_array_index(cohort->schemas, j),
                                cohort->revisions);
    }
    none = ledger_revisions_new();
    g_ptr_array_add(view->loaded, none);
    for (guint i = 0; i < results->len; i++) {
        const Database *database = ((const FleetResult *) g_ptr_array_index(results, i))->database;
        gpointer found = g_hash_table_lookup(by_schema, database->schema);

        g_hash_table_insert(view->by_database, (gpointer) database, found ? found : none);
    }
    return true;
}

static void
load_each(FleetView *view, const FleetOptions *options, GPtrArray *results)
{
    FleetOptions asking = *options;

    asking.only_reads = true;
    asking.work = load_one;
    asking.data = view;
    fleet_run(&asking, results);
}

FleetView *
fleet_look(const FleetOptions *options, GPtrArray *results, GError **error)
{
    g_autoptr(FleetView) view = g_new0(FleetView, 1);

    g_mutex_init(&view->mutex);
    view->loaded = g_ptr_array_new_with_free_func((GDestroyNotify) ledger_revisions_free);
    view->by_database = g_hash_table_new(g_direct_hash, g_direct_equal);
    if (results->len == 0)
        return g_steal_pointer(&view);
    if (((const FleetResult *) g_ptr_array_index(results, 0))->database->schema == NULL)
        load_each(view, options, results);
    else if (!load_tenants(view, options, results, error))
        return NULL;
    return g_steal_pointer(&view);
}
