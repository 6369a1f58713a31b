/*
 * The trigger function of a table: reverse from the newest mapping to the oldest, then forward the
 * other way; docs/sync.md has the table that decides.
 */
#include <string.h>

#include "sync/condition.h"
#include "sync/identifier.h"
#include "sync/parts.h"
#include "sync/sync.h"

/* A part of a mapping in flight, ready to be made SQL of. */
typedef struct {
    const CatalogTable *table;
    const char *revision;
    const SqlMapping *forward;
    const SqlMapping *reverse;
    const char *marker; /* its marker column, quoted; NULL: it has none */
    char *new_app;      /* boolean SQL: the session's app knows the new columns; NULL: none does */
} TriggerPart;

/* sluice."public.users": readable in \df and in a dump. */
static char *
function_name(const CatalogTable *table)
{
    g_autofree char *name =
        sync_identifier(g_strdup_printf("%s.%s", table->schema, table->name), "");

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

/* Sets the targets of @mapping in NEW, all from the values before, as an UPDATE would; or only
 * those that are NULL. One assignment each is what plpgsql is fastest at; a SELECT only where the
 * order would show. */
static void
append_assignments(GString *sql, const SqlMapping *mapping, bool only_null, const char *indent)
{
    g_autoptr(GString) values = g_string_new(NULL);
    g_autoptr(GString) targets = g_string_new(NULL);
    const bool at_once = reads_earlier_target(mapping);

    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = mapping->pairs->pdata[i];
        g_autofree char *target = condition_column(pair->column, "NEW");
        g_autofree char *computed = condition_expression(pair, "NEW");
        g_autofree char *value = only_null ? g_strdup_printf("coalesce(%s, %s)", target, computed)
                                           : g_steal_pointer(&computed);

        if (!at_once)
            g_string_append_printf(sql, "%s%s := %s;\n", indent, target, value);
        g_string_append_printf(values, "%s%s", i ? ", " : "", value);
        g_string_append_printf(targets, "%s%s", i ? ", " : "", target);
    }
    if (at_once)
        g_string_append_printf(sql, "%sSELECT %s INTO %s;\n", indent, values->str, targets->str);
}

/* A new app may set one of several new columns of a row that is not filled yet: what it left alone
 * is what the old columns say, and must not reach them as NULL. */
static void
append_completion(GString *sql, const TriggerPart *part)
{
    g_autofree char *unfilled = condition_unfilled(part->forward, part->marker, "OLD");

    g_string_append_printf(sql, "            IF %s THEN\n", unfilled);
    append_assignments(sql, part->forward, true, "                ");
    g_string_append(sql, "            END IF;\n");
}

/* True where the session is one of the app's versions that know the mapping, and may mean NULL: not
 * where an old column would be NULL that must not be. NULL if no version is known. */
static char *
new_app_condition(const CatalogTable *table, const SyncMapping *mapping, const SqlMapping *reverse)
{
    g_autoptr(GString) condition =
        g_string_new("coalesce(nullif(pg_catalog.current_setting('sluice.app', true), ''), "
                     "pg_catalog.current_setting('application_name')) IN (");

    if (mapping->new_names == NULL || mapping->new_names->len == 0)
        return NULL;
    for (guint i = 0; i < mapping->new_names->len; i++) {
        g_autofree char *name = pg_quote_literal(mapping->new_names->pdata[i]);

        g_string_append_printf(condition, "%s%s", i ? ", " : "", name);
    }
    g_string_append_c(condition, ')');
    for (guint i = 0; i < reverse->pairs->len; i++) {
        const SqlPair *pair = reverse->pairs->pdata[i];
        const CatalogColumn *column = table->columns ? catalog_column(table, pair->column) : NULL;
        g_autofree char *value = condition_expression(pair, "NEW");

        if (column && column->not_null)
            g_string_append_printf(condition, " AND %s IS NOT NULL", value);
    }
    return g_string_free(g_steal_pointer(&condition), FALSE);
}

static char *
not_silenced(const TriggerPart *part)
{
    g_autofree char *revision = pg_quote_literal(part->revision);

    return g_strdup_printf("current_setting('" SYNC_SILENCE_SETTING "', true) IS DISTINCT FROM %s",
                           revision);
}

/* "IF @condition THEN", and whose step it is. A mapping that shares the trigger with others looks
 * at its own silence itself: the WHEN cannot. */
static void
begin_step(GString *sql, const TriggerPart *part, const char *direction, bool shared,
           const char *condition)
{
    g_autofree char *awake = not_silenced(part);

    g_string_append_printf(sql, "        -- %s, %s\n", part->revision, direction);
    if (shared)
        g_string_append_printf(sql, "        IF %s AND (%s) THEN\n", awake, condition);
    else
        g_string_append_printf(sql, "        IF %s THEN\n", condition);
}

static void
append_forward(GString *sql, const TriggerPart *part, bool shared, const char *condition)
{
    begin_step(sql, part, "old to new", shared, condition);
    append_assignments(sql, part->forward, false, "            ");
    g_string_append(sql, "        END IF;\n");
}

static void
append_reverse(GString *sql, const TriggerPart *part, bool shared, bool completes,
               const char *condition)
{
    begin_step(sql, part, "new to old", shared, condition);
    if (completes && part->forward->pairs->len > 1)
        append_completion(sql, part);
    append_assignments(sql, part->reverse, false, "            ");
    g_string_append(sql, "        END IF;\n");
}

/* Bare columns both ways: nothing is lost, so nothing needs to be kept from being written again. */
static bool
is_rename(const TriggerPart *part)
{
    for (guint i = 0; i < part->forward->pairs->len; i++)
        if (!((SqlPair *) part->forward->pairs->pdata[i])->is_column)
            return false;
    for (guint i = 0; i < part->reverse->pairs->len; i++)
        if (!((SqlPair *) part->reverse->pairs->pdata[i])->is_column)
            return false;
    return true;
}

/* @condition, but not where @direction already gives what stands there. */
static char *
unless_holds(char *take_condition, const TriggerPart *part, const SqlMapping *direction)
{
    g_autofree char *condition = take_condition;
    g_autofree char *holds = condition_holds(part->table, direction, "NEW");

    return is_rename(part) ? g_steal_pointer(&condition)
                           : g_strdup_printf("%s AND NOT (%s)", condition, holds);
}

static void
append_insert_reverse(GString *sql, const TriggerPart *part, bool shared)
{
    g_autofree char *filled = condition_filled(part->forward, part->marker, "NEW");
    /* It counts with a NULL too: a new app's row that moves to another partition arrives as
     * INSERT, and its old side must stay. */
    g_autofree char *condition =
        part->new_app ? unless_holds(g_strdup_printf("(%s OR (%s))", filled, part->new_app), part,
                                     part->forward)
                      : unless_holds(g_strdup(filled), part, part->forward);

    append_reverse(sql, part, shared, false, condition);
}

static void
append_insert_forward(GString *sql, const TriggerPart *part, bool shared)
{
    g_autofree char *filled = condition_filled(part->forward, part->marker, "NEW");
    g_autofree char *condition = part->new_app
                                     ? g_strdup_printf("NOT (%s OR (%s))", filled, part->new_app)
                                     : g_strdup_printf("NOT (%s)", filled);

    append_forward(sql, part, shared, condition);
}

/* New columns that are set with old ones that give them are kept as they come, and so are the old
 * ones: from a publisher, and from an app that writes both. */
static void
append_update_reverse(GString *sql, const TriggerPart *part, bool shared)
{
    g_autofree char *changed = condition_targets_changed(part->forward);
    g_autofree char *given = condition_given(part->forward, "NEW");
    g_autofree char *holds = condition_holds(part->table, part->forward, "NEW");
    g_autofree char *condition =
        is_rename(part) ? g_strdup(changed)
                        : g_strdup_printf("%s AND NOT (%s AND %s)", changed, given, holds);

    append_reverse(sql, part, shared, true, condition);
}

static void
append_update_forward(GString *sql, const TriggerPart *part, bool shared)
{
    g_autofree char *new_changed = condition_targets_changed(part->forward);
    g_autofree char *filled = condition_filled(part->forward, part->marker, "NEW");
    g_autofree char *rewritten =
        unless_holds(condition_old_changed(part->forward), part, part->reverse);
    g_autofree char *condition =
        g_strdup_printf("NOT (%s) AND (NOT (%s) OR (%s))", new_changed, filled, rewritten);

    append_forward(sql, part, shared, condition);
}

typedef void (*AppendStep)(GString *sql, const TriggerPart *part, bool shared);

/* What came in at the new end of a chain of mappings goes all the way back first; then what came in
 * at the old end, or in the middle, goes forward. */
static void
append_sweeps(GString *sql, GPtrArray *parts, AppendStep reverse, AppendStep forward)
{
    for (guint i = parts->len; i > 0; i--)
        reverse(sql, parts->pdata[i - 1], parts->len > 1);
    for (guint i = 0; i < parts->len; i++)
        forward(sql, parts->pdata[i], parts->len > 1);
}

/* Whatever wrote the row, and whichever direction it took: behind the trigger it is filled. */
static void
append_markers(GString *sql, GPtrArray *parts)
{
    for (guint i = 0; i < parts->len; i++) {
        const TriggerPart *part = parts->pdata[i];
        g_autofree char *awake = not_silenced(part);

        if (part->marker == NULL)
            continue;
        if (parts->len > 1)
            g_string_append_printf(sql, "    IF %s THEN\n        NEW.%s := true;\n    END IF;\n",
                                   awake, part->marker);
        else
            g_string_append_printf(sql, "    NEW.%s := true;\n", part->marker);
    }
}

static void
append_function(GString *sql, GPtrArray *parts, const char *function)
{
    g_string_append_printf(sql,
                           "CREATE OR REPLACE FUNCTION %s() RETURNS trigger\n"
                           "LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $sluice$\n"
                           "-- Written by sluice: keeps the old and the new shape of a row equal "
                           "while apps of both write.\n"
                           "BEGIN\n"
                           "    IF TG_OP = 'INSERT' THEN\n",
                           function);
    append_sweeps(sql, parts, append_insert_reverse, append_insert_forward);
    g_string_append(sql, "    ELSE\n");
    append_sweeps(sql, parts, append_update_reverse, append_update_forward);
    g_string_append(sql, "    END IF;\n");
    append_markers(sql, parts);
    g_string_append(sql, "    RETURN NEW;\n"
                         "END\n"
                         "$sluice$;\n");
}

/* When an UPDATE concerns @mapping at all: an unrelated one costs no call, and cannot recompute. A
 * backfill's own rows are told first, for that is cheap and they are all the rows of a table. */
static char *
update_condition(const TriggerPart *part)
{
    g_autofree char *changed = condition_changed(part->forward);
    g_autofree char *unfilled = condition_unfilled(part->forward, part->marker, "NEW");
    g_autofree char *awake = not_silenced(part);

    return g_strdup_printf("%s AND (%s OR %s)", awake, changed, unfilled);
}

static void
append_triggers(GString *sql, const CatalogTable *table, GPtrArray *parts, const char *function)
{
    g_string_append_printf(sql,
                           "CREATE OR REPLACE TRIGGER " SYNC_INSERT_TRIGGER " BEFORE INSERT ON %s\n"
                           "    FOR EACH ROW EXECUTE FUNCTION %s();\n"
                           "CREATE OR REPLACE TRIGGER " SYNC_UPDATE_TRIGGER " BEFORE UPDATE ON %s\n"
                           "    FOR EACH ROW WHEN (",
                           table->quoted, function, table->quoted);
    for (guint i = 0; i < parts->len; i++) {
        g_autofree char *condition = update_condition(parts->pdata[i]);

        g_string_append_printf(sql, "%s%s", i ? "\n                   OR " : "", condition);
    }
    g_string_append_printf(sql,
                           ")\n"
                           "    EXECUTE FUNCTION %s();\n"
                           "ALTER TABLE %s ENABLE ALWAYS TRIGGER " SYNC_INSERT_TRIGGER
                           ", ENABLE ALWAYS TRIGGER " SYNC_UPDATE_TRIGGER ";\n",
                           function, table->quoted);
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
    g_string_append_printf(sql, "    EXECUTE $proof$EXPLAIN UPDATE ONLY %s SET ", table->quoted);
    append_set_list(sql, mapping);
    g_string_append(sql, "$proof$;\n");
}

/* plpgsql looks at an expression when it first runs: in an app's write. So the server plans each of
 * them now, with nothing but pg_catalog to find names in, for an app's search_path may be anything.
 * ONLY, for the partitions would be looked at one by one. */
static void
append_proof(GString *sql, const CatalogTable *table, GPtrArray *parts)
{
    g_string_append(sql, "DO $sluice$\n"
                         "DECLARE path text := pg_catalog.current_setting('search_path');\n"
                         "BEGIN\n"
                         "    PERFORM pg_catalog.set_config('search_path', '', true);\n");
    for (guint i = 0; i < parts->len; i++) {
        const TriggerPart *part = parts->pdata[i];
        g_autofree char *parity = condition_parity(table, part->forward, part->reverse, NULL);

        append_assignment_proof(sql, table, part->forward);
        append_assignment_proof(sql, table, part->reverse);
        if (!is_rename(part))
            g_string_append_printf(sql,
                                   "    EXECUTE $proof$EXPLAIN SELECT %s FROM ONLY %s$proof$;\n",
                                   parity, table->quoted);
    }
    g_string_append(sql, "    PERFORM pg_catalog.set_config('search_path', path, true);\n"
                         "END\n"
                         "$sluice$;\n");
}

static void
part_free(TriggerPart *part)
{
    g_free(part->new_app);
    g_free(part);
}

/* The parts of all @mappings; @owned then holds what they borrow. */
static GPtrArray *
gather_parts(const CatalogTable *table, GPtrArray *mappings, GPtrArray *owned)
{
    GPtrArray *gathered = g_ptr_array_new_with_free_func((GDestroyNotify) part_free);

    for (guint i = 0; i < mappings->len; i++) {
        const SyncMapping *mapping = mappings->pdata[i];
        GPtrArray *parts = sync_parts(table, mapping->revision, mapping->forward, mapping->reverse);

        g_ptr_array_add(owned, parts);
        for (guint p = 0; p < parts->len; p++) {
            const SyncPart *of = parts->pdata[p];
            TriggerPart *part = g_new0(TriggerPart, 1);

            part->table = table;
            part->revision = mapping->revision;
            part->forward = of->forward;
            part->reverse = of->reverse;
            part->marker = of->marker;
            part->new_app = new_app_condition(table, mapping, of->reverse);
            g_ptr_array_add(gathered, part);
        }
    }
    return gathered;
}

static GPtrArray *
new_owned(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify) g_ptr_array_unref);
}

char *
sync_install_sql(const CatalogTable *table, GPtrArray *mappings)
{
    g_autofree char *function = function_name(table);
    g_autoptr(GPtrArray) owned = new_owned();
    g_autoptr(GPtrArray) parts = gather_parts(table, mappings, owned);
    GString *sql = g_string_new(NULL);

    if (parts->len > 0) {
        append_function(sql, parts, function);
        append_triggers(sql, table, parts, function);
        append_proof(sql, table, parts);
    } else {
        g_string_append_printf(sql,
                               "DROP TRIGGER IF EXISTS " SYNC_INSERT_TRIGGER " ON %s;\n"
                               "DROP TRIGGER IF EXISTS " SYNC_UPDATE_TRIGGER " ON %s;\n"
                               "DROP FUNCTION IF EXISTS %s();\n",
                               table->quoted, table->quoted, function);
    }
    return g_string_free(sql, FALSE);
}

bool
sync_has_triggers(const CatalogTable *table, GPtrArray *mappings, const char *installed)
{
    g_autofree char *function = function_name(table);
    g_autoptr(GPtrArray) owned = new_owned();
    g_autoptr(GPtrArray) parts = gather_parts(table, mappings, owned);
    g_autoptr(GString) sql = g_string_new(NULL);

    if (parts->len == 0)
        return false;
    append_triggers(sql, table, parts, function);
    return strstr(installed, sql->str) != NULL;
}

char *
sync_function_sql(const CatalogTable *table, GPtrArray *mappings)
{
    g_autofree char *function = function_name(table);
    g_autoptr(GPtrArray) owned = new_owned();
    g_autoptr(GPtrArray) parts = gather_parts(table, mappings, owned);
    GString *sql = g_string_new(NULL);

    append_function(sql, parts, function);
    append_proof(sql, table, parts);
    return g_string_free(sql, FALSE);
}
