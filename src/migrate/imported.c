#include "migrate/imported.h"

#include "peers/unadopted.h"

/* One table of the database's users that has a row, as it is quoted; NULL: there is none. */
static bool
find_rows(PgConn *conn, char **ret_table, GError **error)
{
    g_autoptr(PgRows) tables =
        pg_query(conn, error,
                 "SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = "
                 "c.relnamespace WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', "
                 "'information_schema', 'sluice') AND n.nspname !~ '^pg_t' AND NOT EXISTS (SELECT "
                 "FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY c.relpages "
                 "DESC, c.oid");

    if (tables == NULL)
        return false;
    for (int i = 0; i < pg_rows_count(tables); i++) {
        g_autofree char *sql =
            g_strdup_printf("SELECT EXISTS (SELECT FROM %s)", pg_text(tables, i, 0));
        g_autoptr(PgRows) has = pg_query(conn, error, sql);

        if (has == NULL)
            return false;
        if (pg_bool(has, 0, 0)) {
            *ret_table = g_strdup(pg_text(tables, i, 0));
            return true;
        }
    }
    return true;
}

static bool
refuse(const Revision *revision, const char *reason, const char *table, GError **error)
{
    error_set(error, ERROR_CHECK, "%s (imported) %s, and the database has rows (in %s)",
              revision->id, reason, table);
    return error_hint(error, "Where the other tool has run it, tell so: `sluice adopt`. To run it "
                             "here: --allow-destructive.");
}

/* @table: one with rows, or NULL. */
static bool
check_revision(const MigrateContext *context, const Revision *header, const char *table,
               GError **error)
{
    g_autoptr(Revision) revision = graph_read(context->apply.graph, header, error);
    g_autoptr(GPtrArray) reasons = revision ? revision_destroys(revision, error) : NULL;

    if (reasons == NULL)
        return false;
    for (guint i = 0; i < reasons->len; i++) {
        const char *reason = g_ptr_array_index(reasons, i);

        if (table != NULL && !context->allow_destructive && !context->apply.dry_run)
            return refuse(revision, reason, table, error);
        if (table != NULL)
            report_warning(context->apply.report, "%s (imported) %s", revision->id, reason);
        else
            report_detail(context->apply.report, "%s (imported) %s", revision->id, reason);
    }
    return true;
}

/* A dry run goes on, and shows what would be run. */
static bool
check_adopted(const MigrateContext *context, const LedgerRevisions *rows, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (unadopted_check(context->apply.conn, context->apply.graph, rows, &cause))
        return true;
    if (context->apply.dry_run && error_is(cause, ERROR_STATE)) {
        report_warning(context->apply.report, "%s: `sluice adopt`", cause->message);
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

bool
imported_check(const MigrateContext *context, const GPtrArray *pending, const LedgerRevisions *rows,
               GError **error)
{
    g_autofree char *table = NULL;
    bool looked = false;

    for (guint i = 0; i < pending->len; i++) {
        const Revision *revision = g_ptr_array_index(pending, i);

        if (revision->imported == NULL)
            continue;
        if (!looked && (!check_adopted(context, rows, error) ||
                        !find_rows(context->apply.conn, &table, error)))
            return false;
        looked = true;
        if (!check_revision(context, revision, table, error))
            return false;
    }
    return true;
}
