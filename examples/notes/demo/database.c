#include "demo/database.h"

#include "base/error.h"
#include "demo/db.h"

static const char create_roles[] =
    "CREATE ROLE notes_owner LOGIN IN ROLE pg_monitor;"
    "CREATE ROLE notes_app LOGIN; CREATE ROLE notes_job LOGIN; CREATE ROLE analyst LOGIN;";

static const char create_rights[] =
    "GRANT CREATE ON SCHEMA public TO notes_owner;"
    "ALTER DEFAULT PRIVILEGES FOR ROLE notes_owner IN SCHEMA public "
    "    GRANT SELECT, INSERT, UPDATE ON TABLES TO notes_app;"
    "ALTER DEFAULT PRIVILEGES FOR ROLE notes_owner IN SCHEMA public "
    "    GRANT SELECT, UPDATE ON TABLES TO notes_job;"
    "ALTER DEFAULT PRIVILEGES FOR ROLE notes_owner IN SCHEMA public "
    "    GRANT SELECT ON TABLES TO analyst;";

/* The texts are those of load/memory.c, generation 0. */
static const char fill_users[] =
    "INSERT INTO users (id, full_name, email) "
    "SELECT i, 'Zoë O''Hara ' || i || '.0', 'zoe.' || i || '.0@example.org' "
    "FROM generate_series(1, %d) i;"
    "SELECT setval('users_id_seq', %d);";
static const char fill_notes[] = "INSERT INTO notes (user_id, body) "
                                 "SELECT i, 'note ' || i || '.0' FROM generate_series(1, %d) i;"
                                 "ANALYZE users; ANALYZE notes;";

bool
database_create(const Stage *stage, GError **error)
{
    g_autofree char *postgres_url =
        g_strdup_printf("host='%s' port=%d user=postgres dbname=postgres", stage->server->folder,
                        stage->server->port);
    g_autoptr(PGconn) server = db_open(postgres_url, "demo/setup", error);
    g_autoptr(PGconn) database = NULL;

    if (server == NULL || !db_run(server, create_roles, error) ||
        !db_run(server, "CREATE DATABASE notes OWNER notes_owner", error))
        return false;
    database = db_open(stage->admin_url, "demo/setup", error);
    return database && db_run(database, create_rights, error);
}

bool
database_fill(const Stage *stage, GError **error)
{
    g_autoptr(PGconn) conn = db_open(stage->owner_url, "demo/setup", error);
    g_autoptr(PGconn) admin = db_open(stage->admin_url, "demo/setup", error);
    g_autofree char *users = g_strdup_printf(fill_users, USER_COUNT, USER_COUNT);
    g_autofree char *notes = g_strdup_printf(fill_notes, NOTE_COUNT);

    return conn && admin && db_run(conn, users, error) && db_run(conn, notes, error) &&
           db_run(admin, "CHECKPOINT", error);
}

bool
database_count_mismatches(const Stage *stage, gint64 *ret_rows, GError **error)
{
    g_autoptr(PGconn) conn = db_open(stage->admin_url, "demo/parity", error);
    double rows;

    if (conn == NULL ||
        !db_number(conn, "SELECT count(*) FROM users WHERE display_name IS DISTINCT FROM full_name",
                   &rows, error))
        return false;
    *ret_rows = (gint64) rows;
    return true;
}

bool
database_size_of_users(const Stage *stage, gint64 *ret_bytes, GError **error)
{
    g_autoptr(PGconn) conn = db_open(stage->admin_url, "demo/size", error);
    double bytes;

    if (conn == NULL || !db_number(conn, "SELECT pg_relation_size('users')", &bytes, error))
        return false;
    *ret_bytes = (gint64) bytes;
    return true;
}

bool
database_is_contracted(const Stage *stage, bool *ret_contracted, GError **error)
{
    g_autoptr(PGconn) conn = db_open(stage->admin_url, "demo/final", error);
    double left;

    if (conn == NULL ||
        !db_number(conn,
                   "SELECT (SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass "
                   "        AND attname = 'full_name' AND NOT attisdropped) "
                   "     + (SELECT count(*) FROM pg_trigger WHERE tgrelid = 'users'::regclass "
                   "        AND NOT tgisinternal) "
                   "     + (SELECT count(*) FROM sluice.schema_state WHERE NOT final)",
                   &left, error))
        return false;
    *ret_contracted = left < 1;
    return true;
}
