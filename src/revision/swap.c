#include "revision/swap.h"

#include <string.h>

/* @from is called @to now; @names keeps what each column was called at first. */
static void
follow(GHashTable *names, const char *from, const char *to)
{
    GHashTableIter at;
    gpointer first, last;

    g_hash_table_iter_init(&at, names);
    while (g_hash_table_iter_next(&at, &first, &last)) {
        if (strcmp(last, from) != 0)
            continue;
        if (strcmp(first, to) == 0)
            g_hash_table_iter_remove(&at);
        else
            g_hash_table_iter_replace(&at, g_strdup(to));
        return;
    }
    g_hash_table_insert(names, g_strdup(from), g_strdup(to));
}

static bool
means_table(const char *written, Place place, const char *schema, const char *table,
            bool *ret_means, GError **error)
{
    g_autofree char *its_schema = NULL, *its_name = NULL;

    if (!sql_name_parse(written, place, &its_schema, &its_name, error))
        return false;
    *ret_means = strcmp(its_name, table) == 0 &&
                 (its_schema == NULL || schema == NULL || strcmp(its_schema, schema) == 0);
    return true;
}

GHashTable *
section_renames(const Section *section, const char *schema, const char *table, GError **error)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(SqlScript) script = section ? section_parse(section, error) : NULL;

    if (section && script == NULL)
        return NULL;
    for (guint i = 0; script && i < sql_script_count(script); i++) {
        const SqlStatement *statement = sql_script_get(script, i);
        g_autofree char *written = NULL, *from = NULL, *to = NULL;
        bool means = false;

        if (!sql_statement_renames_column(statement, &written, &from, &to))
            continue;
        if (!means_table(written, sql_statement_place(statement), schema, table, &means, error))
            return NULL;
        if (means)
            follow(names, from, to);
    }
    return g_steal_pointer(&names);
}

bool
revision_swaps(const Revision *revision, const RevisionSync *sync, bool *ret_swaps, GError **error)
{
    const Section *cutover = revision_section(revision, SECTION_CUTOVER, NULL);
    g_autoptr(GHashTable) names = section_renames(cutover, sync->schema, sync->table, error);

    if (names == NULL)
        return false;
    *ret_swaps = g_hash_table_size(names) > 0;
    return true;
}
