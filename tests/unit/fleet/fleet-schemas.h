/*
 * fleet-schemas.h - a database with some tenants' schemas, for tests of this room.
 */
#pragma once

#include "base/error.h"
#include "fleet/run.h"
#include "test-database.h"

/* tenant_1 .. tenant_<n>. */
static inline void
make_schemas(const TestDatabase *database, int n)
{
    g_autoptr(PgConn) conn = test_database_connect(database);
    g_autoptr(GError) error = NULL;

    for (int i = 1; i <= n; i++) {
        g_autofree char *sql = g_strdup_printf("CREATE SCHEMA tenant_%d", i);
        pg_exec_script(conn, sql, &error);
        g_assert_no_error(error);
    }
}

/* Those of the database, with this list of canaries. */
static inline GPtrArray *
list_schemas(const TestDatabase *database, const char *canaries)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Settings) settings = settings_load("/dev/null", &error);
    GPtrArray *databases;

    g_assert_no_error(error);
    settings_set(settings, "database.url", database->url, &error);
    settings_set(settings, "databases.schemas", "tenant_*", &error);
    settings_set(settings, "databases.canary", canaries, &error);
    g_assert_no_error(error);
    databases = databases_list(settings, NULL, &error);
    g_assert_no_error(error);
    return databases;
}
