#include "sync/sync.h"

#include <string.h>

#include "base/text.h"
#include "revision/swap.h"
#include "sync/condition.h"

enum { IDENTIFIER_MAX = 63, HASH_DIGITS = 8 };

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

/* sluice."public.users": readable in \df and in a dump; a name too long for the server ends in a
 * hash of the whole. */
static char *
function_name(const CatalogTable *table)
{
    g_autofree char *whole = g_strdup_printf("%s.%s", table->schema, table->name);
    g_autofree char *name = NULL;

    if (strlen(whole) <= IDENTIFIER_MAX) {
        name = g_steal_pointer(&whole);
    } else {
        g_autofree char *hash = text_sha256(whole);
        const char *end = whole + IDENTIFIER_MAX - HASH_DIGITS - 1;

        /* Not within a character. */
        while ((*end & 0xC0) == 0x80)
            end--;
        name = g_strdup_printf("%.*s~%.*s", (int) (end - whole), whole, HASH_DIGITS, hash);
    }
    return pg_quote_qualified("sluice", name);
}

static bool
reads_earlier_target(const SqlMapping *mapping)
{
    for (guint i = 1; i < mapping->pairs->len; i++) {
        const SqlPair *reader = mapping->pairs->pdata[i];

        for (guint j = 0; j < i; j++) {
            const SqlPair *earlier = mapping->pairs->pdata[j];

            if (g_ptr_array_find_with_equal_func(reader->sources, earlier->column, g_str_equal,
                                                 NULL))
                return true;
        }
    }
    return false;
}

/* Sets the targets of @mapping in NEW, all from the values before, as an UPDATE would. One
 * assignment each is what plpgsql is fastest at; a SELECT only where the order would show. */
static void
append_assignments(GString *sql, const SqlMapping *mapping, const char *indent)
{
    g_autoptr(GString) values = g_string_new(NULL);
    g_autoptr(GString) targets = g_string_new(NULL);
    const bool at_once = reads_earlier_target(mapping);

    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = mapping->pairs->pdata[i];
        g_autofree char *value = condition_expression(pair, "NEW");
        g_autofree char *target = condition_column(pair->column, "NEW");

        if (!at_once)
            g_string_append_printf(sql, "%s%s := %s;\n", indent, target, value);
        g_string_append_printf(values, "%s%s", i ? ", " : "", value);
        g_string_append_printf(targets, "%s%s", i ? ", " : "", target);
    }
    if (at_once)
        g_string_append_printf(sql, "%sSELECT %s INTO %s;\n", indent, values->str, targets->str);
}

/* True where the session is one of the app's versions that know the mapping; NULL if none is known.
 */
static char *
new_app_condition(const SyncMapping *mapping)
{
    g_autoptr(GString) names = g_string_new(NULL);

    if (mapping->new_names == NULL || mapping->new_names->len == 0)
        return NULL;
    for (guint i = 0; i < mapping->new_names->len; i++) {
        g_autofree char *name = pg_quote_literal(mapping->new_names->pdata[i]);

        g_string_append_printf(names, "%s%s", i ? ", " : "", name);
    }
    return g_strdup_printf("coalesce(nullif(current_setting('sluice.app', true), ''), "
                           "current_setting('application_name')) IN (%s)",
                           names->str);
}

static char *
not_silenced(const SyncMapping *mapping)
{
    g_autofree char *revision = pg_quote_literal(mapping->revision);

    return g_strdup_printf("current_setting('" SYNC_SILENCE_SETTING "', true) IS DISTINCT FROM %s",
                           revision);
}

/* The step of one mapping in one direction: IF @condition THEN assignments. A mapping that shares
 * the trigger with others looks at its own silence itself: the WHEN cannot. */
static void
append_step(GString *sql, const SyncMapping *mapping, const SqlMapping *direction, bool shared,
            const char *condition)
{
    g_autofree char *awake = not_silenced(mapping);

    g_string_append_printf(sql, "        -- %s, %s\n", mapping->revision,
                           direction == mapping->forward ? "old to new" : "new to old");
    if (shared)
        g_string_append_printf(sql, "        IF %s AND (%s) THEN\n", awake, condition);
    else
        g_string_append_printf(sql, "        IF %s THEN\n", condition);
    append_assignments(sql, direction, "            ");
    g_string_append(sql, "        END IF;\n");
}

static void
append_insert_reverse(GString *sql, const SyncMapping *mapping, bool shared)
{
    g_autofree char *given = condition_given(mapping->forward, "NEW");
    g_autofree char *parity = condition_parity(mapping->forward, mapping->reverse, "NEW");
    g_autofree char *new_app = new_app_condition(mapping);
    /* Parity counts with a NULL too: a new app's row that moves to another partition arrives as
     * INSERT, and its old side must stay. */
    g_autofree char *condition =
        new_app ? g_strdup_printf("(%s OR %s) AND NOT %s", given, new_app, parity)
                : g_strdup_printf("%s AND NOT %s", given, parity);

    append_step(sql, mapping, mapping->reverse, shared, condition);
}

static void
append_insert_forward(GString *sql, const SyncMapping *mapping, bool shared)
{
    g_autofree char *given = condition_given(mapping->forward, "NEW");
    g_autofree char *new_app = new_app_condition(mapping);
    g_autofree char *condition = new_app ? g_strdup_printf("NOT (%s OR %s)", given, new_app)
                                         : g_strdup_printf("NOT (%s)", given);

    append_step(sql, mapping, mapping->forward, shared, condition);
}

static void
append_update_reverse(GString *sql, const SyncMapping *mapping, bool shared)
{
    g_autofree char *changed = condition_targets_changed(mapping->forward);
    g_autofree char *given = condition_given(mapping->forward, "NEW");
    g_autofree char *parity = condition_parity(mapping->forward, mapping->reverse, "NEW");
    g_autofree char *condition = g_strdup_printf("%s AND NOT (%s AND %s)", changed, given, parity);

    append_step(sql, mapping, mapping->reverse, shared, condition);
}

static void
append_update_forward(GString *sql, const SyncMapping *mapping, bool shared)
{
    g_autofree char *new_changed = condition_targets_changed(mapping->forward);
    g_autofree char *old_changed = condition_old_changed(mapping->forward);
    g_autofree char *given = condition_given(mapping->forward, "NEW");
    g_autofree char *parity = condition_parity(mapping->forward, mapping->reverse, "NEW");
    g_autofree char *condition = g_strdup_printf("NOT (%s) AND (NOT (%s) OR (%s AND NOT %s))",
                                                 new_changed, given, old_changed, parity);

    append_step(sql, mapping, mapping->forward, shared, condition);
}

typedef void (*AppendStep)(GString *sql, const SyncMapping *mapping, bool shared);

/* What came in at the new end of a chain of mappings goes all the way back first; then what came in
 * at the old end, or in the middle, goes forward. */
static void
append_sweeps(GString *sql, GPtrArray *mappings, AppendStep reverse, AppendStep forward)
{
    for (guint i = mappings->len; i > 0; i--)
        reverse(sql, mappings->pdata[i - 1], mappings->len > 1);
    for (guint i = 0; i < mappings->len; i++)
        forward(sql, mappings->pdata[i], mappings->len > 1);
}

static void
append_function(GString *sql, GPtrArray *mappings, const char *function)
{
    g_string_append_printf(sql,
                           "CREATE OR REPLACE FUNCTION %s() RETURNS trigger\n"
                           "LANGUAGE plpgsql AS $sluice$\n"
                           "-- Written by sluice: keeps the old and the new shape of a row equal "
                           "while apps of both write.\n"
                           "BEGIN\n"
                           "    IF TG_OP = 'INSERT' THEN\n",
                           function);
    append_sweeps(sql, mappings, append_insert_reverse, append_insert_forward);
    g_string_append(sql, "    ELSE\n");
    append_sweeps(sql, mappings, append_update_reverse, append_update_forward);
    g_string_append(sql, "    END IF;\n"
                         "    RETURN NEW;\n"
                         "END\n"
                         "$sluice$;\n");
}

/* When an UPDATE concerns @mapping at all: an unrelated one costs no call, and cannot recompute. */
static char *
update_condition(const SyncMapping *mapping)
{
    g_autofree char *new_changed = condition_targets_changed(mapping->forward);
    g_autofree char *old_changed = condition_old_changed(mapping->forward);
    g_autofree char *unfilled = condition_unfilled(mapping->forward, "NEW");
    g_autofree char *awake = not_silenced(mapping);

    return g_strdup_printf("(%s OR %s OR %s) AND %s", new_changed, old_changed, unfilled, awake);
}

static void
append_triggers(GString *sql, const CatalogTable *table, GPtrArray *mappings, const char *function)
{
    g_string_append_printf(sql,
                           "CREATE OR REPLACE TRIGGER " SYNC_INSERT_TRIGGER " BEFORE INSERT ON %s\n"
                           "    FOR EACH ROW EXECUTE FUNCTION %s();\n"
                           "CREATE OR REPLACE TRIGGER " SYNC_UPDATE_TRIGGER " BEFORE UPDATE ON %s\n"
                           "    FOR EACH ROW WHEN (",
                           table->quoted, function, table->quoted);
    for (guint i = 0; i < mappings->len; i++) {
        g_autofree char *condition = update_condition(mappings->pdata[i]);

        g_string_append_printf(sql, "%s%s", i ? "\n                   OR " : "", condition);
    }
    g_string_append_printf(sql,
                           ")\n"
                           "    EXECUTE FUNCTION %s();\n"
                           "ALTER TABLE %s ENABLE ALWAYS TRIGGER " SYNC_INSERT_TRIGGER ";\n"
                           "ALTER TABLE %s ENABLE ALWAYS TRIGGER " SYNC_UPDATE_TRIGGER ";\n",
                           function, table->quoted, table->quoted);
}

static void
append_set_list(GString *sql, const SqlMapping *mapping)
{
    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = mapping->pairs->pdata[i];
        g_autofree char *column = pg_quote_identifier(pair->column);

        g_string_append_printf(sql, "%s%s = %s", i ? ", " : "", column, pair->expression);
    }
}

static void
append_assignment_proof(GString *sql, const CatalogTable *table, const SqlMapping *mapping)
{
    g_string_append_printf(sql, "    EXECUTE $proof$EXPLAIN UPDATE %s SET ", table->quoted);
    append_set_list(sql, mapping);
    g_string_append(sql, "$proof$;\n");
}

/* plpgsql looks at an expression when it first runs: in an app's write. So the server plans each of
 * them now, with nothing but pg_catalog to find names in, for an app's search_path may be anything.
 */
static void
append_proof(GString *sql, const CatalogTable *table, GPtrArray *mappings)
{
    g_string_append(sql, "DO $sluice$\n"
                         "DECLARE path text := pg_catalog.current_setting('search_path');\n"
                         "BEGIN\n"
                         "    PERFORM pg_catalog.set_config('search_path', '', true);\n");
    for (guint i = 0; i < mappings->len; i++) {
        const SyncMapping *mapping = mappings->pdata[i];
        g_autofree char *parity = condition_parity(mapping->forward, mapping->reverse, NULL);

        append_assignment_proof(sql, table, mapping->forward);
        append_assignment_proof(sql, table, mapping->reverse);
        g_string_append_printf(sql, "    EXECUTE $proof$EXPLAIN SELECT %s FROM %s$proof$;\n",
                               parity, table->quoted);
    }
    g_string_append(sql, "    PERFORM pg_catalog.set_config('search_path', path, true);\n"
                         "END\n"
                         "$sluice$;\n");
}

char *
sync_install_sql(const CatalogTable *table, GPtrArray *mappings)
{
    g_autofree char *function = function_name(table);
    GString *sql = g_string_new(NULL);

    if (mappings->len > 0) {
        append_function(sql, mappings, function);
        append_triggers(sql, table, mappings, function);
        append_proof(sql, table, mappings);
    } else {
        g_string_append_printf(sql,
                               "DROP TRIGGER IF EXISTS " SYNC_INSERT_TRIGGER " ON %s;\n"
                               "DROP TRIGGER IF EXISTS " SYNC_UPDATE_TRIGGER " ON %s;\n"
                               "DROP FUNCTION IF EXISTS %s();\n",
                               table->quoted, table->quoted, function);
    }
    return g_string_free(sql, FALSE);
}

char *
sync_unfilled_condition(const RevisionSync *sync)
{
    return condition_unfilled(sync->forward, NULL);
}

char *
sync_backfill_sql(const CatalogTable *table, const RevisionSync *sync)
{
    g_autofree char *unfilled = sync_unfilled_condition(sync);
    GString *sql = g_string_new(NULL);

    g_string_append_printf(sql, "UPDATE %s SET ", table->quoted);
    append_set_list(sql, sync->forward);
    g_string_append_printf(sql, "\nWHERE %s", unfilled);
    return g_string_free(sql, FALSE);
}

SqlBackfill *
sync_backfill(const CatalogTable *table, const RevisionSync *sync)
{
    SqlBackfill *backfill = g_new0(SqlBackfill, 1);
    GString *set = g_string_new(NULL);

    append_set_list(set, sync->forward);
    backfill->kind = BACKFILL_UPDATE;
    backfill->drives_target = true;
    backfill->target = (SqlSource){g_strdup(table->schema), g_strdup(table->name),
                                   pg_quote_identifier(table->name)};
    backfill->driving = (SqlSource){g_strdup(table->schema), g_strdup(table->name),
                                    pg_quote_identifier(table->name)};
    backfill->set = g_string_free(set, FALSE);
    backfill->where = sync_unfilled_condition(sync);
    backfill->key = g_ptr_array_new_with_free_func(g_free);
    backfill->columns = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < sync->forward->pairs->len; i++)
        g_ptr_array_add(backfill->columns,
                        g_strdup(((SqlPair *) sync->forward->pairs->pdata[i])->column));
    return backfill;
}

char *
sync_mismatch_condition(const RevisionSync *sync)
{
    g_autofree char *parity = condition_parity(sync->forward, sync->reverse, NULL);
    g_autofree char *unfilled = sync_unfilled_condition(sync);

    return g_strdup_printf("(NOT %s OR %s)", parity, unfilled);
}
