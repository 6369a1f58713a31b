#include "migrate/fill.h"

#include "backfill/complete.h"
#include "catalog/catalog.h"
#include "revision/table-sync.h"

static bool
is_table_empty(PgConn *conn, const char *schema, const char *name, bool *ret_empty, GError **error)
{
    g_autoptr(CatalogTable) table = catalog_require_table(conn, schema, name, error);

    return table != NULL && catalog_is_empty(conn, table, ret_empty, error);
}

/* The tables that the written out statements go through. */
static bool
are_driving_tables_empty(PgConn *conn, const Section *section, bool *ret_empty, GError **error)
{
    g_autoptr(GPtrArray) backfills = section_backfills(section, error);

    if (backfills == NULL)
        return false;
    for (guint i = 0; i < backfills->len && *ret_empty; i++) {
        const SqlBackfill *backfill = g_ptr_array_index(backfills, i);

        if (!is_table_empty(conn, backfill->driving.schema, backfill->driving.table, ret_empty,
                            error))
            return false;
    }
    return true;
}

/* Of the mappings between two tables. */
static bool
are_source_tables_empty(PgConn *conn, const Revision *revision, bool *ret_empty, GError **error)
{
    g_autoptr(GPtrArray) syncs = revision_table_syncs(revision, error);

    for (guint i = 0; syncs && i < syncs->len && *ret_empty; i++) {
        const TableDirection *forward = ((const TableSync *) g_ptr_array_index(syncs, i))->forward;

        if (!is_table_empty(conn, forward->from_schema, forward->from, ret_empty, error))
            return false;
    }
    return syncs != NULL;
}

bool
fill_is_free(PgConn *conn, const Revision *revision, bool *ret_free, GError **error)
{
    const Section *section = revision_section(revision, SECTION_BACKFILL, NULL);
    g_autoptr(GPtrArray) syncs = revision_syncs(revision, error);
    bool is_empty = true;

    if (syncs == NULL)
        return false;
    for (guint i = 0; i < syncs->len && is_empty; i++) {
        const RevisionSync *sync = g_ptr_array_index(syncs, i);
        if (!is_table_empty(conn, sync->schema, sync->table, &is_empty, error))
            return false;
    }
    if (is_empty && !are_source_tables_empty(conn, revision, &is_empty, error))
        return false;
    if (section && is_empty && !are_driving_tables_empty(conn, section, &is_empty, error))
        return false;
    *ret_free = is_empty;
    return true;
}

static bool
fill(const MigrateContext *context, const Revision *revision, bool may_fill, bool *ret_done,
     GError **error)
{
    BackfillResult result = {0};
    bool is_free = false;

    if (!fill_is_free(context->apply.conn, revision, &is_free, error))
        return false;
    *ret_done = false;
    if (!is_free && !may_fill)
        return true;
    migrate_begin(context, revision, "backfill");
    if (!backfill_complete(&context->backfill, &context->apply, revision, &result, error))
        return false;
    *ret_done = !result.paused;
    return true;
}

typedef struct {
    const ApplyContext *apply;
    const Revision *revision;
} Finish;

static bool
finish(gpointer data, GError **error)
{
    const Finish *it = data;

    return apply_finish(it->apply, it->revision, error);
}

bool
fill_and_finish(const MigrateContext *context, const Revision *header, bool may_fill,
                bool *ret_done, GError **error)
{
    const gint64 start = clock_now_ms(context->apply.clock);
    g_autoptr(Revision) revision = graph_read(context->apply.graph, header, error);
    bool done = true;

    if (revision == NULL)
        return false;
    if (revision_has_backfill(revision)) {
        if (!fill(context, revision, may_fill, &done, error))
            return false;
    } else if (revision_section(revision, SECTION_FINISH, NULL) == NULL) {
        *ret_done = true;
        return true;
    } else if (!migrate_under_lock(context, finish, &(Finish){&context->apply, revision}, error)) {
        return false;
    }
    if (done)
        migrate_reached(context, header, STATE_BACKFILLED, start);
    *ret_done = done;
    return true;
}
