#include <string.h>

#include "catalog/catalog.h"
#include "gate/check.h"
#include "ledger/mappings.h"

/* What one statement of the contract drops: a table, or a column of it. */
typedef struct {
    char *schema; /* NULL: search_path */
    char *table;
    char *column; /* NULL: the whole table */
} Dropped;

static void
dropped_free(gpointer data)
{
    Dropped *dropped = data;

    g_free(dropped->schema);
    g_free(dropped->table);
    g_free(dropped->column);
    g_free(dropped);
}

static Dropped *
dropped_parse(const char *name, bool is_column)
{
    g_auto(GStrv) parts = g_strsplit(name, ".", 3);
    const guint n = g_strv_length(parts);
    const guint table = n - (is_column ? 2 : 1);
    Dropped *dropped = g_new0(Dropped, 1);

    dropped->schema = table == 1 ? g_strdup(parts[0]) : NULL;
    dropped->table = g_strdup(parts[table]);
    dropped->column = is_column ? g_strdup(parts[n - 1]) : NULL;
    return dropped;
}

static GPtrArray *
contract_drops(const Revision *revision, GError **error)
{
    const Section *section = revision_section(revision, SECTION_CONTRACT, NULL);
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(dropped_free);
    g_autoptr(SqlScript) script = NULL;

    if (section == NULL)
        return g_steal_pointer(&all);
    script = section_parse(section, error);
    if (script == NULL)
        return NULL;
    for (guint i = 0; i < sql_script_count(script); i++) {
        const SqlStatement *statement = sql_script_get(script, i);
        const bool is_column = !g_str_has_prefix(sql_statement_verb(statement), "DROP");
        g_autoptr(GPtrArray) names = sql_statement_drops(statement);

        for (guint j = 0; j < names->len; j++)
            g_ptr_array_add(all, dropped_parse(g_ptr_array_index(names, j), is_column));
    }
    return g_steal_pointer(&all);
}

/* Indexes, constraints and views that the section drops itself, as written. */
static GPtrArray *
contract_drops_derived(const Revision *revision, GError **error)
{
    const Section *section = revision_section(revision, SECTION_CONTRACT, NULL);
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(SqlScript) script = section ? section_parse(section, error) : NULL;

    if (section && script == NULL)
        return NULL;
    for (guint i = 0; script && i < sql_script_count(script); i++) {
        g_autoptr(GPtrArray) names = sql_statement_drops_derived(sql_script_get(script, i));

        for (guint j = 0; j < names->len; j++)
            g_ptr_array_add(all, g_strdup(g_ptr_array_index(names, j)));
    }
    return g_steal_pointer(&all);
}

/* Is the server's @name ("public.users_name", "users_key on public.users") what the section calls
 * @dropped, without a schema perhaps? */
static bool
is_named(const char *name, const char *dropped)
{
    const char *on = strstr(dropped, " on ");
    const char *relation = on ? on + strlen(" on ") : dropped;
    const gsize prefix = (gsize) (relation - dropped);
    g_autofree char *anywhere = g_strconcat(".", relation, NULL);

    if (strcmp(name, dropped) == 0)
        return true;
    return strchr(relation, '.') == NULL && strncmp(name, dropped, prefix) == 0 &&
           g_str_has_suffix(name + prefix, anywhere);
}

/* @dependent: "index public.users_name". */
static bool
goes_along(const char *dependent, GPtrArray *derived)
{
    static const char *const kinds[] = {"index ", "view ", "materialized view ",
                                        "table constraint "};

    for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
        for (guint i = 0; g_str_has_prefix(dependent, kinds[k]) && i < derived->len; i++)
            if (is_named(dependent + strlen(kinds[k]), g_ptr_array_index(derived, i)))
                return true;
    }
    return false;
}

static bool
append_dependents(PgConn *conn, const Dropped *dropped, GPtrArray *derived, GString *text,
                  GError **error)
{
    g_autoptr(CatalogTable) table = NULL;
    g_autoptr(GPtrArray) found = NULL;

    if (!catalog_find_table(conn, dropped->schema, dropped->table, &table, error))
        return false;
    if (table == NULL)
        return true;
    found = catalog_dependents(conn, table->oid, dropped->column, error);
    if (found == NULL)
        return false;
    for (guint i = 0; i < found->len; i++) {
        if (goes_along(g_ptr_array_index(found, i), derived))
            continue;
        g_string_append_printf(text, "%s%s needs %s%s%s", text->len ? "; " : "",
                               (const char *) g_ptr_array_index(found, i), dropped->table,
                               dropped->column ? "." : "", dropped->column ? dropped->column : "");
    }
    return true;
}

bool
check_dependents(const GateContext *context, const Revision *revision, GateCheck *check,
                 GError **error)
{
    g_autoptr(GPtrArray) drops = contract_drops(revision, error);
    g_autoptr(GPtrArray) derived = drops ? contract_drops_derived(revision, error) : NULL;
    g_autoptr(GString) text = g_string_new(NULL);

    if (derived == NULL)
        return false;
    for (guint i = 0; i < drops->len; i++) {
        if (!append_dependents(context->apply->conn, g_ptr_array_index(drops, i), derived, text,
                               error))
            return false;
    }
    if (text->len > 0)
        return check_fail(check, NULL,
                          "Drop or rewrite it (in a revision of its own, if it is part of the "
                          "schema), then run this again.",
                          "%s", text->str);
    return check_pass(check, NULL, "nothing depends on what goes (%u object%s)", drops->len,
                      drops->len == 1 ? "" : "s");
}

static bool
mapping_names(const char *text, const char *column, bool *ret_named, GError **error)
{
    g_autoptr(SqlMapping) mapping = sql_mapping_parse(text, (Place){0}, error);

    if (mapping == NULL)
        return false;
    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = g_ptr_array_index(mapping->pairs, i);

        *ret_named = *ret_named || strcmp(pair->column, column) == 0;
        for (guint j = 0; j < pair->sources->len; j++)
            *ret_named = *ret_named || strcmp(g_ptr_array_index(pair->sources, j), column) == 0;
    }
    return true;
}

/* Does @mapping, of another revision, read or write what goes? */
static bool
mapping_needs(const LedgerMapping *mapping, GPtrArray *drops, bool *ret_needs, GError **error)
{
    for (guint i = 0; i < drops->len; i++) {
        const Dropped *dropped = g_ptr_array_index(drops, i);

        if (strcmp(dropped->table, mapping->table) != 0 ||
            (dropped->schema && strcmp(dropped->schema, mapping->schema) != 0))
            continue;
        if (dropped->column == NULL)
            *ret_needs = true;
        else if (!mapping_names(mapping->forward, dropped->column, ret_needs, error) ||
                 !mapping_names(mapping->reverse, dropped->column, ret_needs, error))
            return false;
    }
    return true;
}

bool
check_mappings(const GateContext *context, const Revision *revision, GateCheck *check,
               GError **error)
{
    g_autoptr(GPtrArray) drops = contract_drops(revision, error);
    g_autoptr(GPtrArray) mappings =
        drops ? ledger_load_mappings(context->apply->conn, NULL, NULL, error) : NULL;

    if (mappings == NULL)
        return false;
    for (guint i = 0; i < mappings->len; i++) {
        const LedgerMapping *mapping = g_ptr_array_index(mappings, i);
        g_autofree char *next = NULL;
        bool needs = false;

        if (strcmp(mapping->revision, revision->id) == 0)
            continue;
        if (!mapping_needs(mapping, drops, &needs, error))
            return false;
        next = g_strdup_printf("Contract %s first.", mapping->revision);
        if (needs)
            return check_fail(check, NULL, next, "the mapping of %s on %s, in flight, reads it",
                              mapping->revision, mapping->table);
    }
    return check_pass(check, NULL, "no other mapping in flight reads what goes");
}
