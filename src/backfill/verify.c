#include "backfill/verify.h"

#include "backfill/row.h"
#include "backfill/task.h"
#include "base/stop.h"
#include "catalog/wrong-rows.h"
#include "ledger/table-mappings.h"
#include "revision/table-sync.h"
#include "sync/sync.h"
#include "sync/table.h"

/* 64 MB: a snapshot of well under a second. */
enum { RANGE_PAGES = 8192 };

void
verify_result_clear(VerifyResult *result)
{
    g_clear_pointer(&result->example, g_free);
}

/* One table that holds rows. */
typedef struct {
    const CatalogTable *table;
    const char *mismatch;  /* condition */
    GPtrArray *quarantine; /* LedgerQuarantined *, borrowed: counted apart */
} Leaf;

static bool
verify_range(PgConn *conn, const Leaf *leaf, gint64 first, VerifyResult *result, GError **error)
{
    g_autofree char *within = g_strdup_printf(
        "t.ctid >= '(%" G_GINT64_FORMAT ",0)'::tid AND t.ctid < '(%" G_GINT64_FORMAT ",0)'::tid",
        first, first + RANGE_PAGES);
    g_autofree char *others = row_excluding("t", leaf->quarantine);
    g_autofree char *rest = g_strdup_printf("%s AND %s", within, others ? others : "true");
    g_autofree char *source = row_source(leaf->table, rest);
    g_autofree char *sql = g_strdup_printf(
        "SELECT count(*), count(*) FILTER (WHERE %s), min(ctid) FILTER (WHERE %s) FROM %s AS t",
        leaf->mismatch, leaf->mismatch, source);
    g_autoptr(PgRows) rows = pg_query(conn, error, sql);

    if (rows == NULL)
        return false;
    result->checked += pg_integer(rows, 0, 0);
    result->mismatches += pg_integer(rows, 0, 1);
    if (result->example == NULL && !pg_is_null(rows, 0, 2)) {
        g_autofree char *row = row_describe(conn, leaf->table, pg_text(rows, 0, 2));

        result->example = g_strdup_printf("%s: %s", leaf->table->quoted, row);
    }
    return true;
}

static bool
verify_leaf(const BackfillContext *context, PgConn *conn, const Leaf *leaf, VerifyResult *result,
            GError **error)
{
    g_autofree char *what = g_strdup_printf("verify %s", leaf->table->quoted);

    for (gint64 first = 0; first < leaf->table->pages; first += RANGE_PAGES) {
        const ReportProgress progress = {
            .what = what, .done = result->checked, .total = -1, .per_second = -1, .eta_ms = -1};

        if (!stop_check(error) || !verify_range(conn, leaf, first, result, error))
            return false;
        report_progress(context->report, &progress);
    }
    return true;
}

/* Those of @quarantine that are of @table; borrowed. Caller owns the array. */
static GPtrArray *
own_quarantine(const CatalogTable *table, const GPtrArray *quarantine)
{
    GPtrArray *own = g_ptr_array_new();

    for (guint i = 0; i < quarantine->len; i++)
        if (g_str_equal(((LedgerQuarantined *) quarantine->pdata[i])->relation, table->quoted))
            g_ptr_array_add(own, quarantine->pdata[i]);
    return own;
}

/* The rows of @table, all of which @mismatch (a condition on it, under the alias t) is about. */
static bool
verify_table(const BackfillContext *context, PgConn *conn, const CatalogTable *table,
             const char *mismatch, const GPtrArray *quarantine, VerifyResult *result,
             GError **error)
{
    g_autoptr(GPtrArray) leaves = backfill_load_leaves(conn, table, error);

    for (guint i = 0; leaves && i < leaves->len; i++) {
        const Leaf leaf = {leaves->pdata[i], mismatch,
                           own_quarantine(leaves->pdata[i], quarantine)};
        const bool verified = verify_leaf(context, conn, &leaf, result, error);

        g_ptr_array_unref(leaf.quarantine);
        if (!verified)
            return false;
    }
    return leaves != NULL;
}

static bool
verify_sync(const BackfillContext *context, PgConn *conn, const RevisionSync *sync,
            const GPtrArray *quarantine, VerifyResult *result, GError **error)
{
    g_autoptr(CatalogTable) root = catalog_require_table(conn, sync->schema, sync->table, error);
    g_autofree char *mismatch = root ? sync_mismatch_condition(root, sync) : NULL;

    return root != NULL && verify_table(context, conn, root, mismatch, quarantine, result, error);
}

/* What the canonical table says, and what the other one has: from both ends. */
static bool
verify_between(const BackfillContext *context, PgConn *conn, const TableRoute *route,
               const GPtrArray *quarantine, VerifyResult *result, GError **error)
{
    const TableDirection *direction = route->direction;
    g_autoptr(CatalogTable) from =
        catalog_require_table(conn, route->from_schema, direction->from, error);
    g_autoptr(CatalogTable) to =
        from ? catalog_require_table(conn, route->to_schema, direction->to, error) : NULL;
    g_autofree char *on_source = table_source_mismatch(route);
    g_autofree char *on_target = table_target_mismatch(route);

    return to != NULL && verify_table(context, conn, from, on_source, quarantine, result, error) &&
           verify_table(context, conn, to, on_target, quarantine, result, error);
}

/* As installed, in the direction that they have now. */
static bool
verify_all_between(const BackfillContext *context, PgConn *conn, const char *revision,
                   const GPtrArray *quarantine, VerifyResult *result, GError **error)
{
    g_autoptr(GPtrArray) mappings = ledger_load_table_mappings(conn, revision, error);

    for (guint i = 0; mappings && i < mappings->len; i++) {
        const LedgerTableMapping *mapping = mappings->pdata[i];
        g_autoptr(TableSync) sync = table_sync_parse(mapping->sections, error);
        TableRoute route;

        if (sync == NULL)
            return false;
        route = table_route_of(mapping, sync, mapping->is_cut_over);
        if (!verify_between(context, conn, &route, quarantine, result, error))
            return false;
    }
    return mappings != NULL;
}

/* Rows that wait in quarantine differ; those that somebody skipped may. */
static void
count_quarantine(const GPtrArray *quarantine, VerifyResult *result)
{
    for (guint i = 0; i < quarantine->len; i++) {
        const LedgerQuarantined *row = quarantine->pdata[i];

        if (row->skipped)
            continue;
        result->mismatches++;
        if (result->example == NULL)
            result->example = g_strdup_printf("%s: %s (in quarantine)", row->relation, row->key);
    }
}

/* The author's query: each row of it is a mismatch; its first one is the example. */
static bool
verify_section(PgConn *conn, const Section *section, VerifyResult *result, GError **error)
{
    g_autoptr(SqlScript) script = section_parse(section, error);

    if (script == NULL)
        return false;
    for (guint i = 0; i < sql_script_count(script); i++) {
        const char *query = sql_statement_text(sql_script_get(script, i));
        g_autofree char *example = NULL;
        gint64 count = 0;

        if (!catalog_wrong_rows(conn, query, 1, &count, &example, error))
            return false;
        result->mismatches += count;
        if (result->example == NULL)
            result->example = g_steal_pointer(&example);
    }
    return true;
}

/* How many rows a verify section looked at, about: those of the tables that are backfilled. */
static bool
count_rows(PgConn *conn, const Revision *revision, VerifyResult *result, GError **error)
{
    g_autoptr(GPtrArray) tables = backfill_load_tables(conn, revision, error);

    if (tables == NULL)
        return false;
    for (guint i = 0; i < tables->len; i++) {
        const CatalogTable *table = tables->pdata[i];

        result->checked += MAX(table->rows, 0);
    }
    return true;
}

/* As installed: a cutover may have renamed what the file names. */
static GPtrArray *
load_syncs(PgConn *conn, const Revision *revision, GError **error)
{
    g_autoptr(GPtrArray) installed = sync_load_installed(conn, revision->id, error);

    if (installed == NULL || installed->len > 0)
        return g_steal_pointer(&installed);
    return revision_syncs(revision, error);
}

bool
backfill_verify(const BackfillContext *context, const Revision *revision, VerifyResult *ret_result,
                GError **error)
{
    const PgConnOptions options = {.purpose = "verify",
                                   .schema = context->settings->database_schema};
    const Section *section = revision_section(revision, SECTION_VERIFY, NULL);
    g_autoptr(PgConn) conn = pg_connect(context->url, &options, error);
    g_autoptr(GPtrArray) syncs = NULL;
    g_autoptr(GPtrArray) quarantine = conn && backfill_prepare_session(conn, error)
                                          ? ledger_load_quarantine(conn, revision->id, 0, error)
                                          : NULL;
    VerifyResult result = {0};
    bool went = quarantine != NULL;

    if (went && section) {
        went = verify_section(conn, section, &result, error) &&
               count_rows(conn, revision, &result, error);
    } else if (went) {
        syncs = load_syncs(conn, revision, error);
        went = syncs != NULL;
        for (guint i = 0; went && i < syncs->len; i++)
            went = verify_sync(context, conn, syncs->pdata[i], quarantine, &result, error);
        went = went && verify_all_between(context, conn, revision->id, quarantine, &result, error);
    }
    if (!went) {
        verify_result_clear(&result);
        return false;
    }
    count_quarantine(quarantine, &result);
    *ret_result = result;
    return true;
}
