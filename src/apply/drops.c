#include "apply/drops.h"

#include <string.h>

#include "base/error.h"
#include "catalog/names.h"
#include "ledger/mappings.h"
#include "ledger/table-mappings.h"
#include "revision/table-sync.h"

/* What a mapping of another revision cannot do without. */
typedef struct {
    char *revision;
    char *what;         /* "the mapping of revision 5a on users" */
    char *table;        /* with its schema */
    GPtrArray *columns; /* char *: those that it reads or sets */
} Need;

static void
need_free(Need *need)
{
    g_free(need->revision);
    g_free(need->what);
    g_free(need->table);
    g_ptr_array_unref(need->columns);
    g_free(need);
}

static Need *
add_need(GPtrArray *needs, const char *revision, const char *what, const char *schema,
         const char *table)
{
    Need *need = g_new0(Need, 1);

    need->revision = g_strdup(revision);
    need->what = g_strdup(what);
    need->table = g_strdup_printf("%s.%s", schema, table);
    need->columns = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(needs, need);
    return need;
}

static void
add_sources(Need *need, const SqlPair *pair)
{
    for (guint s = 0; s < pair->sources->len; s++)
        g_ptr_array_add(need->columns, g_strdup(g_ptr_array_index(pair->sources, s)));
}

static void
add_read(Need *need, const SqlMapping *mapping)
{
    for (guint i = 0; i < mapping->pairs->len; i++)
        add_sources(need, g_ptr_array_index(mapping->pairs, i));
    if (mapping->where)
        add_sources(need, mapping->where);
    for (guint i = 0; mapping->group && i < mapping->group->len; i++)
        g_ptr_array_add(need->columns, g_strdup(g_ptr_array_index(mapping->group, i)));
}

static void
add_set(Need *need, const SqlMapping *mapping)
{
    for (guint i = 0; i < mapping->pairs->len; i++)
        g_ptr_array_add(need->columns,
                        g_strdup(((const SqlPair *) mapping->pairs->pdata[i])->column));
}

static bool
add_mapping(GPtrArray *needs, const LedgerMapping *row, GError **error)
{
    const Place origin = {.line = 1, .column = 1};
    g_autoptr(SqlMapping) forward = sql_mapping_parse(row->forward, origin, error);
    g_autoptr(SqlMapping) reverse = forward ? sql_mapping_parse(row->reverse, origin, error) : NULL;
    g_autofree char *what =
        g_strdup_printf("the mapping of revision %s on %s", row->revision, row->table);
    Need *need;

    if (reverse == NULL)
        return false;
    need = add_need(needs, row->revision, what, row->schema, row->table);
    add_read(need, forward);
    add_set(need, forward);
    add_read(need, reverse);
    add_set(need, reverse);
    return true;
}

static bool
add_table_mapping(GPtrArray *needs, const LedgerTableMapping *row, GError **error)
{
    g_autoptr(TableSync) sync = table_sync_parse(row->sections, error);
    g_autofree char *what = g_strdup_printf("the mapping of revision %s between %s and %s",
                                            row->revision, row->old_table, row->new_table);
    Need *old_side, *new_side;

    if (sync == NULL)
        return false;
    old_side = add_need(needs, row->revision, what, row->old_schema, row->old_table);
    new_side = add_need(needs, row->revision, what, row->new_schema, row->new_table);
    add_read(old_side, sync->forward->mapping);
    add_set(old_side, sync->reverse->mapping);
    add_read(new_side, sync->reverse->mapping);
    add_set(new_side, sync->forward->mapping);
    return true;
}

/* Of all mappings in flight but those of @revision. Element-type Need *. */
static GPtrArray *
load_needs(PgConn *conn, const char *revision, GError **error)
{
    g_autoptr(GPtrArray) needs = g_ptr_array_new_with_free_func((GDestroyNotify) need_free);
    g_autoptr(GPtrArray) rows = ledger_load_mappings(conn, NULL, NULL, error);
    g_autoptr(GPtrArray) between = rows ? ledger_load_table_mappings(conn, NULL, error) : NULL;

    if (between == NULL)
        return NULL;
    for (guint i = 0; i < rows->len; i++) {
        const LedgerMapping *row = g_ptr_array_index(rows, i);

        if (strcmp(row->revision, revision) != 0 && !add_mapping(needs, row, error))
            return NULL;
    }
    for (guint i = 0; i < between->len; i++) {
        const LedgerTableMapping *row = g_ptr_array_index(between, i);

        if (strcmp(row->revision, revision) != 0 && !add_table_mapping(needs, row, error))
            return NULL;
    }
    return g_steal_pointer(&needs);
}

static bool
is_of(const char *written, const Need *need)
{
    if (name_is_table(written, need->table))
        return true;
    for (guint i = 0; i < need->columns->len; i++)
        if (name_is_column(written, need->table, g_ptr_array_index(need->columns, i)))
            return true;
    return false;
}

/* @written: "users" or "users.street". */
static bool
check_drop(const Phase *phase, const char *written, const GPtrArray *needs, GError **error)
{
    for (guint i = 0; i < needs->len; i++) {
        const Need *need = g_ptr_array_index(needs, i);

        if (!is_of(written, need))
            continue;
        error_set(error, ERROR_STATE, "%s of %s drops %s, which %s still needs",
                  phase_name(phase->kind), phase->revision->id, written, need->what);
        return error_hint(error, "Contract or downgrade %s first.", need->revision);
    }
    return true;
}

bool
drops_check(const Phase *phase, const Section *section, GError **error)
{
    g_autoptr(SqlScript) script = section ? section_parse(section, error) : NULL;
    g_autoptr(GPtrArray) needs = NULL;

    if (script == NULL)
        return section == NULL;
    needs = load_needs(phase->context->conn, phase->revision->id, error);
    for (guint i = 0; needs && i < sql_script_count(script); i++) {
        g_autoptr(GPtrArray) drops = sql_statement_drops(sql_script_get(script, i));

        for (guint d = 0; d < drops->len; d++)
            if (!check_drop(phase, g_ptr_array_index(drops, d), needs, error))
                return false;
    }
    return needs != NULL;
}
