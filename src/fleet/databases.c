#include "fleet/databases.h"

#include <string.h>

#include "base/text.h"
#include "conf/url.h"
#include "pg/conn.h"
#include "pg/url.h"

static void
database_free(Database *database)
{
    g_free(database->name);
    g_free(database->url);
    g_free(database->schema);
    g_free(database);
}

static bool
add(GPtrArray *databases, const char *name, const char *url, const char *schema, GError **error)
{
    g_autofree char *shown = name ? g_strdup(name) : pg_url_target(url, error);
    Database *database;

    if (shown == NULL)
        return false;
    database = g_new0(Database, 1);
    database->name = g_steal_pointer(&shown);
    database->url = g_strdup(url);
    database->schema = g_strdup(schema);
    g_ptr_array_add(databases, database);
    return true;
}

static bool
add_listed(const Settings *settings, GPtrArray *databases, GError **error)
{
    for (guint i = 0; i < settings->databases->len; i++) {
        const DatabaseSpec *spec = g_ptr_array_index(settings->databases, i);
        if (!add(databases, spec->name, spec->url, NULL, error))
            return false;
    }
    return true;
}

/* What @query, the value of option @key, yields on the database @url. */
static PgRows *
ask(const char *url, const char *key, const char *query, GError **error)
{
    const PgConnOptions options = {
        .purpose = "databases", .allow_standby = true, .allow_pooler = true};
    g_autoptr(PgConn) conn = pg_connect(url, &options, error);
    PgRows *rows = conn ? pg_query(conn, error, query) : NULL;

    if (conn && rows == NULL)
        g_prefix_error(error, "%s: ", key);
    return rows;
}

static bool
add_queried(const Settings *settings, GPtrArray *databases, GError **error)
{
    static const char key[] = "databases.query";
    const char *url = settings->databases_query_url ? settings->databases_query_url
                                                    : settings_require_database(settings, error);
    g_autoptr(PgRows) rows = url ? ask(url, key, settings->databases_query, error) : NULL;

    if (rows == NULL)
        return false;
    for (int i = 0; i < pg_rows_count(rows); i++) {
        g_autofree char *normal = url_normalise(pg_text(rows, i, 0), NULL);
        const char *name = pg_columns_count(rows) > 1 ? pg_text(rows, i, 1) : NULL;

        if (normal == NULL) {
            error_set(error, ERROR_CONFIG, "row %d of %s is not a database URL", i + 1, key);
            return error_hint(error, "Its first column must be postgresql://user@host/database.");
        }
        if (!add(databases, name, normal, NULL, error))
            return false;
    }
    return true;
}

static bool
add_schemas(const Settings *settings, GPtrArray *databases, GError **error)
{
    static const char all[] = "SELECT nspname FROM pg_namespace "
                              "WHERE nspname NOT IN ('public', 'sluice', 'information_schema') "
                              "  AND nspname NOT LIKE 'pg\\_%' ORDER BY nspname COLLATE \"C\"";
    const char *pattern = settings->databases_schemas;
    const char *url = settings_require_database(settings, error);
    g_autoptr(PgRows) rows =
        url ? ask(url, pattern ? "databases.schemas" : "databases.schemas_query",
                  pattern ? all : settings->databases_schemas_query, error)
            : NULL;

    if (rows == NULL)
        return false;
    for (int i = 0; i < pg_rows_count(rows); i++) {
        const char *schema = pg_text(rows, i, 0);

        if (pattern && !g_pattern_match_simple(pattern, schema))
            continue;
        if (!add(databases, schema, url, schema, error))
            return false;
    }
    return true;
}

/* NULL-ended; element-type const char *, borrowed. Caller owns the container. */
static GPtrArray *
names_of(const GPtrArray *databases)
{
    GPtrArray *names = g_ptr_array_new();

    for (guint i = 0; i < databases->len; i++)
        g_ptr_array_add(names, ((const Database *) g_ptr_array_index(databases, i))->name);
    g_ptr_array_add(names, NULL);
    return names;
}

static bool
hint_nearest(const GPtrArray *databases, const char *word, GError **error)
{
    g_autoptr(GPtrArray) names = names_of(databases);
    const char *near = text_nearest(word, (const char *const *) names->pdata);

    return near ? error_hint(error, "Did you mean '%s'?", near)
                : error_hint(error, "`sluice status` lists the databases.");
}

static GHashTable *
index_by_name(const GPtrArray *databases, GError **error)
{
    g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < databases->len; i++) {
        Database *database = g_ptr_array_index(databases, i);

        if (g_hash_table_insert(by_name, database->name, database))
            continue;
        error_set(error, ERROR_CONFIG, "two of the databases are called '%s'", database->name);
        error_hint(error, "Take one out, or give each a name.");
        return NULL;
    }
    return g_steal_pointer(&by_name);
}

static bool
mark_canaries(const Settings *settings, const GPtrArray *databases, GError **error)
{
    g_autoptr(GHashTable) by_name = index_by_name(databases, error);

    for (guint i = 0; by_name && i < settings->databases_canary->len; i++) {
        const char *name = g_ptr_array_index(settings->databases_canary, i);
        Database *database = g_hash_table_lookup(by_name, name);

        if (database == NULL) {
            error_set(error, ERROR_CONFIG, "databases.canary: no database is called '%s'", name);
            return hint_nearest(databases, name, error);
        }
        database->is_canary = true;
    }
    return by_name != NULL;
}

static bool
matches(const Database *database, const GPtrArray *patterns)
{
    for (guint i = 0; i < patterns->len; i++)
        if (g_pattern_match_simple(g_ptr_array_index(patterns, i), database->name))
            return true;
    return false;
}

static bool
check_patterns(const GPtrArray *databases, const GPtrArray *patterns, GError **error)
{
    for (guint i = 0; i < patterns->len; i++) {
        const char *pattern = g_ptr_array_index(patterns, i);
        bool found = false;

        for (guint j = 0; j < databases->len && !found; j++) {
            const Database *database = g_ptr_array_index(databases, j);
            found = g_pattern_match_simple(pattern, database->name);
        }
        if (!found) {
            error_set(error, ERROR_USAGE, "no database is called '%s'", pattern);
            return hint_nearest(databases, pattern, error);
        }
    }
    return true;
}

GPtrArray *
databases_list(const Settings *settings, const GPtrArray *only, GError **error)
{
    g_autoptr(GPtrArray) databases = g_ptr_array_new_with_free_func((GDestroyNotify) database_free);
    bool ok = true;

    if (settings->databases->len > 0)
        ok = add_listed(settings, databases, error);
    else if (settings->databases_query)
        ok = add_queried(settings, databases, error);
    else if (settings->databases_schemas || settings->databases_schemas_query)
        ok = add_schemas(settings, databases, error);
    if (!ok || !mark_canaries(settings, databases, error) ||
        (only && !check_patterns(databases, only, error)))
        return NULL;
    for (guint i = databases->len; only && i-- > 0;)
        if (!matches(g_ptr_array_index(databases, i), only))
            g_ptr_array_remove_index(databases, i);
    return g_steal_pointer(&databases);
}
