#include "sync/sync.h"

#include <string.h>

#include "revision/swap.h"
#include "sync/condition.h"
#include "sync/parts.h"

static SyncMapping *
mapping_from_text(const char *revision, const char *forward, const char *reverse,
                  GPtrArray *take_new_names, GError **error)
{
    g_autoptr(SyncMapping) mapping = g_new0(SyncMapping, 1);
    const Place origin = {.line = 1, .column = 1};

    mapping->revision = g_strdup(revision);
    mapping->new_names = take_new_names;
    mapping->forward = sql_mapping_parse(forward, origin, error);
    if (mapping->forward == NULL)
        return NULL;
    mapping->reverse = sql_mapping_parse(reverse, origin, error);
    return mapping->reverse ? g_steal_pointer(&mapping) : NULL;
}

SyncMapping *
sync_mapping_new(const char *revision, const RevisionSync *sync, GPtrArray *take_new_names,
                 GError **error)
{
    g_autofree char *forward = sync_mapping_text(sync->forward);
    g_autofree char *reverse = sync_mapping_text(sync->reverse);

    return mapping_from_text(revision, forward, reverse, take_new_names, error);
}

SyncMapping *
sync_mapping_of(const Revision *revision, const RevisionSync *sync, const Settings *settings,
                const Graph *graph, GError **error)
{
    SyncMapping *mapping;
    bool swaps = false;

    if (!revision_swaps(revision, sync, &swaps, error))
        return NULL;
    mapping = sync_mapping_new(revision->id, sync,
                               swaps ? NULL : sync_new_names(settings, graph, revision->id), error);
    if (mapping != NULL)
        mapping->swaps = swaps;
    return mapping;
}

void
sync_mapping_free(SyncMapping *mapping)
{
    if (mapping == NULL)
        return;
    g_free(mapping->revision);
    sql_mapping_free(mapping->forward);
    sql_mapping_free(mapping->reverse);
    if (mapping->new_names)
        g_ptr_array_unref(mapping->new_names);
    g_free(mapping);
}

GPtrArray *
sync_load_mappings(PgConn *conn, const Graph *graph, const Settings *settings, const char *schema,
                   const char *table, GError **error)
{
    g_autoptr(GPtrArray) rows = ledger_load_mappings(conn, schema, table, error);
    g_autoptr(GPtrArray) mappings =
        g_ptr_array_new_with_free_func((GDestroyNotify) sync_mapping_free);

    if (rows == NULL)
        return NULL;
    for (guint i = 0; i < rows->len; i++) {
        const LedgerMapping *row = rows->pdata[i];
        SyncMapping *mapping = mapping_from_text(
            row->revision, row->forward, row->reverse,
            row->swaps ? NULL : sync_new_names(settings, graph, row->revision), error);

        if (mapping == NULL)
            return NULL;
        mapping->swaps = row->swaps;
        g_ptr_array_add(mappings, mapping);
    }
    return g_steal_pointer(&mappings);
}

GPtrArray *
sync_load_installed(PgConn *conn, const char *revision, GError **error)
{
    g_autoptr(GPtrArray) rows = ledger_load_mappings(conn, NULL, NULL, error);
    g_autoptr(GPtrArray) syncs =
        g_ptr_array_new_with_free_func((GDestroyNotify) revision_sync_free);
    const Place origin = {.line = 1, .column = 1};

    if (rows == NULL)
        return NULL;
    for (guint i = 0; i < rows->len; i++) {
        const LedgerMapping *row = rows->pdata[i];
        g_autoptr(RevisionSync) sync = NULL;

        if (strcmp(row->revision, revision) != 0)
            continue;
        sync = g_new0(RevisionSync, 1);
        sync->revision = g_strdup(revision);
        sync->schema = g_strdup(row->schema);
        sync->table = g_strdup(row->table);
        sync->forward = sql_mapping_parse(row->forward, origin, error);
        sync->reverse = sync->forward ? sql_mapping_parse(row->reverse, origin, error) : NULL;
        if (sync->reverse == NULL)
            return NULL;
        g_ptr_array_add(syncs, g_steal_pointer(&sync));
    }
    return g_steal_pointer(&syncs);
}

GPtrArray *
sync_new_names(const Settings *settings, const Graph *graph, const char *revision)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    if (settings->app_name == NULL)
        return names;
    for (guint i = 0; i < settings->app_versions->len; i++) {
        const AppVersion *version = settings->app_versions->pdata[i];

        if (version->built_on && graph_is_ancestor(graph, revision, version->built_on))
            g_ptr_array_add(names, g_strdup_printf("%s/%s", settings->app_name, version->version));
    }
    return names;
}

char *
sync_mapping_text(const SqlMapping *mapping)
{
    GString *text = g_string_new("SELECT ");

    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = mapping->pairs->pdata[i];
        g_autofree char *column = pg_quote_identifier(pair->column);

        g_string_append_printf(text, "%s%s AS %s", i ? ", " : "", pair->expression, column);
    }
    return g_string_free(text, FALSE);
}

/* Of a mapping in several parts, one may be filled while another is not. */
static void
append_part_set(GString *set, const SyncPart *part, bool is_alone)
{
    g_autofree char *unfilled = condition_unfilled(part->forward, part->marker, NULL);

    for (guint i = 0; i < part->forward->pairs->len; i++) {
        const SqlPair *pair = part->forward->pairs->pdata[i];
        g_autofree char *column = pg_quote_identifier(pair->column);

        g_string_append_printf(set, "%s%s = ", set->len ? ", " : "", column);
        if (is_alone)
            g_string_append(set, pair->expression);
        else
            g_string_append_printf(set, "CASE WHEN %s THEN %s ELSE %s END", unfilled,
                                   pair->expression, column);
    }
    if (part->marker && is_alone)
        g_string_append_printf(set, ", %s = true", part->marker);
    else if (part->marker)
        g_string_append_printf(set, ", %s = CASE WHEN %s THEN true ELSE %s END", part->marker,
                               unfilled, part->marker);
}

static char *
set_list(const CatalogTable *table, const RevisionSync *sync)
{
    g_autoptr(GPtrArray) parts = sync_parts(table, sync->revision, sync->forward, sync->reverse);
    GString *set = g_string_new(NULL);

    for (guint i = 0; i < parts->len; i++)
        append_part_set(set, parts->pdata[i], parts->len == 1);
    return g_string_free(set, FALSE);
}

static char *
unfilled_condition(const CatalogTable *table, const RevisionSync *sync)
{
    g_autoptr(GPtrArray) parts = sync_parts(table, sync->revision, sync->forward, sync->reverse);
    GString *condition = g_string_new(NULL);

    for (guint i = 0; i < parts->len; i++) {
        const SyncPart *part = parts->pdata[i];
        g_autofree char *unfilled = condition_unfilled(part->forward, part->marker, NULL);

        g_string_append_printf(condition, parts->len > 1 ? "%s(%s)" : "%s%s", i ? " OR " : "",
                               unfilled);
    }
    if (parts->len > 1) {
        g_string_prepend_c(condition, '(');
        g_string_append_c(condition, ')');
    }
    return g_string_free(condition, FALSE);
}

char *
sync_backfill_sql(const CatalogTable *table, const RevisionSync *sync)
{
    g_autofree char *unfilled = unfilled_condition(table, sync);
    g_autofree char *set = set_list(table, sync);

    return g_strdup_printf("UPDATE %s SET %s\nWHERE %s", table->quoted, set, unfilled);
}

SqlBackfill *
sync_backfill(const CatalogTable *table, const RevisionSync *sync)
{
    SqlBackfill *backfill = g_new0(SqlBackfill, 1);

    backfill->kind = BACKFILL_UPDATE;
    backfill->drives_target = true;
    backfill->target = (SqlSource){g_strdup(table->schema), g_strdup(table->name),
                                   pg_quote_identifier(table->name)};
    backfill->driving = (SqlSource){g_strdup(table->schema), g_strdup(table->name),
                                    pg_quote_identifier(table->name)};
    backfill->set = set_list(table, sync);
    backfill->where = unfilled_condition(table, sync);
    backfill->key = g_ptr_array_new_with_free_func(g_free);
    backfill->columns = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < sync->forward->pairs->len; i++)
        g_ptr_array_add(backfill->columns,
                        g_strdup(((SqlPair *) sync->forward->pairs->pdata[i])->column));
    return backfill;
}

char *
sync_mismatch_condition(const CatalogTable *table, const RevisionSync *sync)
{
    g_autoptr(GPtrArray) parts = sync_parts(table, sync->revision, sync->forward, sync->reverse);
    g_autofree char *unfilled = unfilled_condition(table, sync);
    GString *condition = g_string_new("(");

    for (guint i = 0; i < parts->len; i++) {
        const SyncPart *part = parts->pdata[i];
        g_autofree char *parity = condition_parity(table, part->forward, part->reverse, NULL);

        g_string_append_printf(condition, "NOT %s OR ", parity);
    }
    g_string_append_printf(condition, "%s)", unfilled);
    return g_string_free(condition, FALSE);
}
