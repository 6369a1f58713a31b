#include <string.h>

#include "../cases.h"
#include "sync/sync.h"

/* shop/1.5 knows every mapping but the newest, shop/2.0 knows all. */
static GPtrArray *
names_of(bool newest)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    if (!newest)
        g_ptr_array_add(names, g_strdup("shop/1.5"));
    g_ptr_array_add(names, g_strdup("shop/2.0"));
    return names;
}

static void
append_derived(GString *out, const CatalogTable *table, const RevisionSync *sync)
{
    g_autofree char *forward = sync_mapping_text(sync->forward);
    g_autofree char *reverse = sync_mapping_text(sync->reverse);
    g_autofree char *backfill = sync_backfill_sql(table, sync);
    g_autofree char *mismatch = sync_mismatch_condition(table, sync);

    g_string_append_printf(out,
                           "-- forward\n%s\n-- reverse\n%s\n-- backfill\n%s\n-- mismatch\n%s\n",
                           forward, reverse, backfill, mismatch);
}

static void
column_free(CatalogColumn *column)
{
    g_free(column->name);
    g_free(column->type);
    g_free(column);
}

/* "-- Has: a b": what the table has; without that line it was not asked for. */
static GPtrArray *
columns_of(const char *head)
{
    g_auto(GStrv) words = g_strsplit_set(head, " \n", -1);
    GPtrArray *columns = NULL;

    for (guint i = 0; words[i]; i++) {
        CatalogColumn *column;

        if (strcmp(words[i], "Has:") == 0)
            columns = g_ptr_array_new_with_free_func((GDestroyNotify) column_free);
        else if (columns && *words[i]) {
            column = g_new0(CatalogColumn, 1);
            column->name = g_strdup(words[i]);
            g_ptr_array_add(columns, column);
        }
    }
    return columns;
}

/* The case is one or more revisions, oldest first, each begun by its "-- Revision:" line, with a
 * mapping on the same table. */
static char *
describe(const char *path, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GPtrArray) mappings =
        g_ptr_array_new_with_free_func((GDestroyNotify) sync_mapping_free);
    g_auto(GStrv) revisions = g_strsplit(text, "-- Revision:", -1);
    g_autoptr(GPtrArray) columns = columns_of(revisions[0]);
    CatalogTable table = {.schema = (char *) "public", .columns = columns};
    g_autofree char *name = NULL, *quoted = NULL, *sql = NULL, *drop = NULL;
    g_autoptr(GPtrArray) none = g_ptr_array_new();

    for (guint i = 1; revisions[i]; i++) {
        g_autofree char *file = g_strconcat("-- Revision:", revisions[i], NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(Revision) revision = revision_parse(path, file, false, &error);
        g_autoptr(GPtrArray) syncs = NULL;
        const RevisionSync *sync = NULL;

        g_assert_no_error(error);
        syncs = revision_syncs(revision, &error);
        g_assert_no_error(error);
        sync = syncs->pdata[0];
        if (table.name == NULL) {
            name = g_strdup(sync->table);
            quoted = pg_quote_qualified("public", name);
            table.name = name;
            table.quoted = quoted;
        }
        append_derived(out, &table, sync);
        g_ptr_array_add(mappings, sync_mapping_new(revision->id, sync,
                                                   names_of(revisions[i + 1] == NULL), &error));
        g_assert_no_error(error);
    }
    sql = sync_install_sql(&table, mappings);
    drop = sync_install_sql(&table, none);
    g_string_append_printf(out, "-- install\n%s-- drop\n%s", sql, drop);
    return g_strdup(out->str);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cases_add("sync", ".sql", describe);
    return g_test_run();
}
