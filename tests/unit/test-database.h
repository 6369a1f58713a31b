/*
 * test-database.h - a fresh, empty database for a unit test, on the server of tools/with-server.
 */
#pragma once

#include <glib.h>
#include <string.h>

#include "pg/conn.h"

typedef struct {
    char *name, *url;
} TestDatabase;

static inline void
test_database_run(const char *before, const char *name, const char *after)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PgConn) conn = pg_connect(g_getenv("SLUICE_TEST_DATABASE"), NULL, &error);
    g_autofree char *sql = g_strconcat(before, name, after, NULL);

    g_assert_no_error(error);
    pg_exec_script(conn, sql, &error);
    g_assert_no_error(error);
}

/* False, with the test marked as skipped, where no server was given. */
static inline bool
test_database_init(TestDatabase *database)
{
    const char *url = g_getenv("SLUICE_TEST_DATABASE");

    *database = (TestDatabase){0};
    if (url == NULL) {
        g_test_skip("needs a server: run it with tools/with-server");
        return false;
    }
    database->name = g_strdup_printf("unit_%08x%08x", g_random_int(), g_random_int());
    test_database_run("CREATE DATABASE ", database->name, " TEMPLATE template0");
    database->url =
        g_strdup_printf("%s%cdbname=%s", url, strchr(url, '?') ? '&' : '?', database->name);
    return true;
}

static inline void
test_database_clear(TestDatabase *database)
{
    if (database->name)
        test_database_run("DROP DATABASE ", database->name, " WITH (FORCE)");
    g_clear_pointer(&database->name, g_free);
    g_clear_pointer(&database->url, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TestDatabase, test_database_clear)

/* A session; it must come to be. Caller owns. */
static inline PgConn *
test_database_connect(const TestDatabase *database)
{
    g_autoptr(GError) error = NULL;
    PgConn *conn = pg_connect(database->url, &(PgConnOptions){.purpose = "test"}, &error);

    g_assert_no_error(error);
    return conn;
}

/* The first value of a query, as text. Caller owns. */
static inline char *
test_database_ask(PgConn *conn, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PgRows) rows = pg_query(conn, &error, sql);

    g_assert_no_error(error);
    return g_strdup(pg_rows_count(rows) > 0 ? pg_text(rows, 0, 0) : "");
}
